"""Users of an instance whose Airflow keeps them, with hashed passwords, in its own database: Compose's, by FAB.

`python -m tools.fab_users`, in Airflow's environment, makes the database and whoever users.json names: airflow-init runs it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tools.environment import CHECKOUT, InstancePaths
from tools.problem import Problem
from tools.processes import telling_line
from tools.services import program
from tools.user import first_passwords, instance_users

if TYPE_CHECKING:
    from airflow.providers.fab.auth_manager.security_manager.override import FabAirflowSecurityManagerOverride

AUTH_MANAGER = "basketry_airflow.fab_auth.NamedUsersAuthManager"
THIS = ("python", "-m", "tools.fab_users")
"""How this is run."""


def keeps_users(env: Mapping[str, str]) -> bool:
    """Return whether Airflow keeps its users itself."""
    return env.get("AIRFLOW__CORE__AUTH_MANAGER") == AUTH_MANAGER


def tell(env: Mapping[str, str], users: Mapping[str, Mapping[str, str]], passwords: Mapping[str, str]) -> None:
    """Have Airflow know these users, in a process of its own: only one that began with Airflow's settings has them.

    Args:
        env: The environment of Airflow's processes.
        users: By name; one without a role is no user any longer.
        passwords: Of those who are new; who is known keeps theirs.

    Raises:
        Problem: Airflow did not take them.
    """
    document = json.dumps(
        {"users": dict(users), "passwords": dict(passwords)}
    )  # what is an argument everybody can read
    command = [program(THIS[0]), *THIS[1:], "-"]
    done = subprocess.run(  # noqa: S603
        command, input=document, env=dict(env), cwd=CHECKOUT, text=True, capture_output=True, check=False
    )
    if done.returncode != 0:
        raise Problem(f"Airflow did not take its users ({telling_line(done.stderr)}): see that its database answers.")


def write_users(users: Mapping[str, Mapping[str, str]], passwords: Mapping[str, str]) -> None:
    """Write users into Airflow's database, see `tell`; this process has Airflow's settings."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        for name, user in users.items():
            _write_user(builder.sm, name, user.get("role"), passwords.get(name, ""))


def _write_user(manager: FabAirflowSecurityManagerOverride, name: str, role: str | None, password: str) -> None:
    registered: Any = manager.find_user(username=name)
    if role is None:
        if registered is not None:
            registered.roles.clear()
            manager.del_register_user(registered)
        return
    wanted = manager.find_role(role.capitalize())
    if registered is None:
        address = name if "@" in name else f"{name}@localhost"
        if not manager.add_user(name, name, "-", address, wanted, password):
            raise Problem(f"Airflow did not take the user {name}.")
    else:
        registered.roles = [wanted]
        manager.update_user(registered)


def main(arguments: list[str]) -> int:
    """Make or migrate the database and the users of users.json; with `-`, only the users that standard input names."""
    if arguments == ["-"]:
        document = json.load(sys.stdin)
        write_users(document["users"], document["passwords"])
        return 0
    code = subprocess.call([program("airflow"), "db", "migrate"])  # noqa: S603
    if code == 0:
        home = InstancePaths.from_environment().home
        write_users(instance_users(home), first_passwords(home))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
