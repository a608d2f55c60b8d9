"""`make deploy`, `make deploy-check`, `make undeploy`: TARGET=<target>, options in ARGS."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from basketry.access import load_grants
from basketry.errors import BadInputError
from tools.deploy.apply import Deployment, Options, undeploy
from tools.deploy.checks import check_secrets, check_workspace, try_permissions
from tools.deploy.manifest import lock_holder
from tools.deploy.target import Target, load_target
from tools.deploy.workspace import Site
from tools.environment import CHECKOUT
from tools.problem import Problem

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

INCLUDE = CHECKOUT / "include"


def deploy_command(arguments: Sequence[str]) -> int:
    """Make the workspace what checkout and target say; --plan only shows the difference."""
    parser = _parser("deploy")
    parser.add_argument("--plan", action="store_true", help="show the difference, change nothing")
    parser.add_argument("--overwrite", action="store_true", help="replace what was edited by hand")
    parser.add_argument("--break-lock", action="store_true", help="go on although another deployment did not end")
    parser.add_argument("--revoke-by-hand", action="store_true", help="also revoke what somebody granted by hand")
    flags = _read(parser, arguments)
    target = load_target(os.environ.get("TARGET", ""), INCLUDE)
    with explained_errors(target):
        options = Options(flags.plan, flags.overwrite, flags.break_lock, flags.revoke_by_hand)
        changes = Deployment(Site(connect(target), target), CHECKOUT, options, print).run()
        print(_ending(target, changes, flags.plan))
        return 0


def _ending(target: Target, changes: int, plan: bool) -> str:
    if not changes:
        return f"{target.name} is as this checkout says: nothing to change."
    done = "would be changed" if plan else "changed"
    return f"{changes} things {done} on {target.name}."


def deploy_check_command(arguments: Sequence[str]) -> int:
    """Print one line per finding on whether the workspace is ready; exit code 1 when it is not."""
    _read(_parser("deploy-check"), arguments)
    target = load_target(os.environ.get("TARGET", ""), INCLUDE)
    with explained_errors(target):
        site, grants = Site(connect(target), target), load_grants(target.catalog, INCLUDE)
        bad = 0
        for part in (check_workspace(site, grants, INCLUDE), try_permissions(site, grants), check_secrets(site)):
            for finding in part:
                print(finding)
                bad += bool(finding.wrong)
            if bad:
                break  # what comes later would only repeat it
        if holder := lock_holder(site):
            print(f"lock: {holder} is deploying; wait, or make deploy TARGET={target.name} ARGS=--break-lock")
        return int(bool(bad))


def undeploy_command(arguments: Sequence[str]) -> int:
    """Remove what deployments made and nothing else; asks nobody, because it never removes data."""
    parser = _parser("undeploy")
    parser.add_argument("--plan", action="store_true", help="show what would be removed")
    flags = _read(parser, arguments)
    target = load_target(os.environ.get("TARGET", ""), INCLUDE)
    with explained_errors(target):
        stays = undeploy(Site(connect(target), target), print, plan=flags.plan)
        print(f"{stays} things stay, see above." if stays else "Nothing else of this deployment is left to remove.")
        return 0


def _parser(name: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"make {name} TARGET=<target> ARGS=", add_help=True, allow_abbrev=False)


def _read(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    return parser.parse_args([*arguments, *shlex.split(os.environ.get("ARGS", ""))])


def connect(target: Target) -> WorkspaceClient:
    """Log in by Databricks' unified authentication.

    Raises:
        Problem: Nothing there leads to a workspace.
    """
    from databricks.sdk import WorkspaceClient

    settings = {name: value for name, value in (("host", target.host), ("profile", target.profile)) if value}
    try:
        return WorkspaceClient(**settings)
    except ValueError as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise Problem(f"no login to the workspace ({reason}): {login(target)}.") from None


def login(target: Target) -> str:
    """Return the command that logs a person in."""
    where = f" --host {target.host}" if target.host else " --host <the workspace's URL>"
    return f"databricks auth login{where}" + (f" --profile {target.profile}" if target.profile else "")


@contextmanager
def explained_errors(target: Target) -> Iterator[None]:
    """Turn what the workspace refuses into one sentence with the command that mends it."""
    from databricks.sdk.errors import DatabricksError, PermissionDenied, Unauthenticated

    again = f"make deploy-check TARGET={target.name}"
    try:
        yield
    except BadInputError as error:
        raise Problem(error.message) from None
    except Unauthenticated as error:
        raise Problem(f"the login has expired or was refused ({_first(error)}): {login(target)}.") from None
    except PermissionDenied as error:
        refused = "Invalid access token" in str(error)
        if refused:
            raise Problem(f"the login has expired or was refused ({_first(error)}): {login(target)}.") from None
        raise Problem(f"the workspace refused ({_first(error)}): {again} says which permission is missing.") from None
    except (DatabricksError, TimeoutError) as error:
        raise Problem(f"the workspace did not do it ({_first(error)}): run the same command again.") from None


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
