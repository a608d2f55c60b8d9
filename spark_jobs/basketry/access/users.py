"""The users of one instance and their teams, beside those that `include/grants` names: what `make user` writes.

The file lies in the instance's home, which is its owner's alone; BASKETRY_USERS names it. Where it is not set, a user is in
the team whose `members` name them, and in no other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from basketry.errors import BadInputError

USERS = "BASKETRY_USERS"
"""The environment variable that names the file: {"<user>": {"role": "<role in Airflow>", "team": "<team>", "catalog": "<its>"}}.

Who has no catalog there is in the team of that name in every one: those whom a new instance begins with.
"""


def local_members(catalog: str) -> dict[str, tuple[str, ...]]:
    """Return the users of the file by team of a catalog; nobody where there is no file.

    Args:
        catalog: The catalog: a team of one retailer has nothing to do with that of another.

    Raises:
        BadInputError: The file says something else.
    """
    members: dict[str, tuple[str, ...]] = {}
    for user, entry in _read().items():
        team = entry.get("team") if isinstance(entry, Mapping) else None
        if not isinstance(team, str):
            raise BadInputError(
                f"the file that {USERS} names does not give every user a team: make user writes it anew."
            )
        if isinstance(entry, Mapping) and entry.get("catalog") not in (None, catalog):
            continue
        members[team] = (*members.get(team, ()), user)
    return members


def users_changed_at() -> int:
    """Return when the file was written, in nanoseconds; 0 where there is none."""
    try:
        return Path(os.environ.get(USERS, "")).stat().st_mtime_ns if os.environ.get(USERS) else 0
    except FileNotFoundError:
        return 0


def _read() -> Mapping[str, object]:
    try:
        users = json.loads(Path(os.environ[USERS]).read_text()) if os.environ.get(USERS) else {}
    except FileNotFoundError:
        return {}
    except ValueError:
        users = None
    if not isinstance(users, Mapping):
        raise BadInputError(f"the file that {USERS} names cannot be read: make user writes it anew.")
    return users
