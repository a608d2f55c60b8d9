"""Users of an instance and their teams, as `make user` writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

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
