"""`make user`: who may log in to this instance's Airflow, with which role, and in which team; each with a password of their own."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.environment import InstancePaths, chosen_catalog
from tools.instance_secrets import BYTES, USER, instance_secrets, write_private
from tools.problem import Problem

ROLES = ("viewer", "user", "op", "admin")
"""Airflow's roles, each with all that the one before may do."""
FIRST_USERS = {
    USER: {"role": "admin", "team": "on_call"},
    "data_protection": {"role": "user", "team": "data_protection"},
}
"""Whom a new instance knows: who watches it, and a second person for what nobody can undo. They are so in every catalog."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}\Z")

Users = dict[str, dict[str, str]]


def users_file(home: Path) -> Path:
    """Return the file that names users, roles and teams."""
    return home / "airflow" / "users.json"


def passwords_file(home: Path) -> Path:
    """Return the file in which Airflow's simple auth manager looks passwords up."""
    return home / "airflow" / "passwords.json"


def instance_users(home: Path) -> Users:
    """Return the users of the instance, each with a password in Airflow's file; a new instance gets FIRST_USERS."""
    users: Users = _read(users_file(home)) or {name: dict(user) for name, user in FIRST_USERS.items()}
    _write(home, users)
    return users


def simple_auth_users(users: Mapping[str, Mapping[str, str]]) -> str:
    """Write users as Airflow's setting has them."""
    return ",".join(f"{name}:{user['role']}" for name, user in users.items())


def user_command(arguments: list[str]) -> int:
    """Make or change the user NAME with TEAM and ROLE, remove them with REMOVE=1, or show all without a name.

    Raises:
        Problem: A name, a team or a role that cannot be.
    """
    places = InstancePaths.from_environment()
    users, name = instance_users(places.home), os.environ.get("NAME", "")
    if not name:
        for each, user in users.items():
            print(f"{each}: {_described(user)}")
        return 0
    user, passwords = dict[str, str](), dict[str, str]()
    if os.environ.get("REMOVE") == "1":
        _check_removal(users, name)
        _write(places.home, {other: user for other, user in users.items() if other != name})
        print(f"{name} is removed: the console shows them nothing from now on, and nobody logs in by that name.")
    else:
        team, role = os.environ.get("TEAM", ""), os.environ.get("ROLE") or "viewer"
        _check(name, team, role)
        user = {"role": role, "team": team, "catalog": chosen_catalog()}
        passwords = _write(places.home, {**users, name: user})
        print(f"{name}: {_described(user)}, password {passwords[name]}")
    _tell_airflow(places, name, user, passwords)
    return 0


def _described(user: Mapping[str, str]) -> str:
    return f"team {user['team']} of {user.get('catalog', 'every catalog')}, role {user['role']}"


def _check(name: str, team: str, role: str) -> None:
    from basketry.access import load_grants  # what stops services does without it
    from basketry.config.documents import did_you_mean
    from basketry.config.settings import find_include

    if not _NAME.match(name):
        raise Problem("NAME cannot be a user: use letters, digits and . _ @ + - alone, at most 64.")
    if role not in ROLES:
        raise Problem(f"there is no role '{role}'; {did_you_mean(role, ROLES)}")
    grants = load_grants(chosen_catalog(), find_include(os.environ))
    if team not in grants.teams:
        raise Problem(f"there is no team '{team}'; {did_you_mean(team, grants.teams)}")
    for other in grants.teams.values():
        if name in other.members and other.name != team:
            raise Problem(f"include/grants puts this user into the team {other.name}: change it there.")


def _check_removal(users: Users, name: str) -> None:
    if name not in users:
        raise Problem("there is no such user: make user shows all.")
    if name == USER:
        raise Problem(f"{USER} starts this instance and watches it, so it stays until make clean.")


def _tell_airflow(places: InstancePaths, name: str, user: Mapping[str, str], passwords: Mapping[str, str]) -> None:
    """Have Airflow know its users anew: in its database, or by a server that starts again; tasks at work wait for it and go on."""
    from tools import fab_users
    from tools.container import container_environment

    if fab_users.keeps_users(os.environ):
        fab_users.tell(container_environment(fab_users.THIS), {name: user}, passwords)
    else:
        _restart_server(places)


def _restart_server(places: InstancePaths) -> None:
    from tools.processes import ensure, running, stop
    from tools.services import airflow_environment, services
    from tools.setup import prepare

    server = services(places)["airflow-api-server"]
    if running(places.home, server.name):
        stop(places.home, server.name)
        ensure(places.home, server, airflow_environment(places, prepare(places, lambda text: None)))
        print("Airflow's server starts anew; in a minute it knows the users as they are now.")


def first_passwords(home: Path) -> dict[str, str]:
    """Return the passwords that users were given; where Airflow keeps them itself they may have chosen others since."""
    return _read(passwords_file(home))


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text())) if path.is_file() else {}


def _write(home: Path, users: Users) -> dict[str, str]:
    """Write who there is, and a password for each; returns the passwords."""
    before = {**_read(passwords_file(home)), USER: instance_secrets(home)["password"]}
    passwords = {name: before.get(name) or secrets.token_urlsafe(BYTES["password"]) for name in users}
    write_private(users_file(home), users)
    write_private(passwords_file(home), passwords)
    return passwords
