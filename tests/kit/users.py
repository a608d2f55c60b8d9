"""Users of an instance and their teams, as `make user` writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from tests.kit.documents import copy_include

TEAMS = {
    "admin": "on_call",
    "on_call": "on_call",
    "marketing": "marketing",
    "data_science": "data_science",
    "sales": "sales",
    "auditor": "auditors",
}
"""The users of the tests who are in a team; whoever is not here is in none."""


def write_users(path: Path, teams: Mapping[str, str] = TEAMS) -> Path:
    """Write the file that BASKETRY_USERS names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({user: {"role": "viewer", "team": team} for user, team in teams.items()}))
    return path


def include_with_approvers(home: Path, members: str) -> Path:
    """A copy of what is shipped in whose grants for the demo these, and nobody else, may approve."""
    include = copy_include(home)
    path = include / "grants" / "demo.yaml"
    team = re.compile(r"(  data_protection:\n    principal: .+\n    members: )\[.*\]")
    text, count = team.subn(rf"\1[{members}]", path.read_text())
    assert count == 1
    path.write_text(text)
    return include
