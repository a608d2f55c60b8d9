"""`make deploy`, `make deploy-check`, `make databricks-smoke`, `make undeploy`: TARGET=<target>, options in ARGS."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from basketry.access import load_grants
from basketry.errors import BadInputError
from tools.deploy.apply import Deployment, Options
from tools.deploy.bundle_cli import BundleCommands, check_bundle
from tools.deploy.checks import check_secrets, check_workspace
from tools.deploy.finding import first_line
from tools.deploy.principal import try_principal
from tools.deploy.smoke import STEPS, Smoke
from tools.deploy.target import Target, load_target
from tools.deploy.trials import try_permissions
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
    parser.add_argument("--revoke-by-hand", action="store_true", help="also revoke what somebody granted by hand")
    parser.add_argument(
        "--auto-approve",
        action="store_true",
        help="remove dashboards and spaces that are declared no more without asking",
    )
    parser.add_argument("--force", action="store_true", help="replace dashboards that were edited by hand")
    parser.add_argument("--force-lock", action="store_true", help="go on although another deployment did not end")
    options = Options(**vars(_read(parser, arguments)))
    target = load_target(os.environ.get("TARGET", ""), INCLUDE)
    with explained_errors(target):
        bundle = BundleCommands(CHECKOUT, target.name)
        changes = Deployment(Site(connect(target), target), CHECKOUT, options, print, bundle).run()
        print(_ending(target, changes, options.plan))
        return 0


def _ending(target: Target, changes: int, plan: bool) -> str:
    if not changes:
        return f"{target.name}: nothing to change beside what the bundle says above."
    done = "would be changed" if plan else "changed"
    return f"{target.name}: {changes} things {done} beside the bundle."


def deploy_check_command(arguments: Sequence[str]) -> int:
    """Print one line per finding on whether the workspace is ready; exit code 1 when it is not."""
    parser = _parser("deploy-check")
    parser.add_argument("--no-run", action="store_true", help="start no job, which takes minutes and costs compute")
    flags = _read(parser, arguments)
    target = load_target(os.environ.get("TARGET", ""), INCLUDE)
    with explained_errors(target):
        site, grants = Site(connect(target), target), load_grants(target.catalog, INCLUDE)
        parts = [
            check_workspace(site, grants, INCLUDE),
            check_bundle(CHECKOUT, target.name),
            try_permissions(site, grants),
            check_secrets(site),
        ]
        bad = 0
        for part in parts if flags.no_run else (*parts, try_principal(site, CHECKOUT)):
            for finding in part:
                print(finding, flush=True)
                bad += bool(finding.wrong)
            if bad:
                break  # what comes later would only repeat it
        return int(bool(bad))


def databricks_smoke_command(arguments: Sequence[str]) -> int:
    """Prove in a workspace what only a workspace proves, one line per step; exit code 1 when a step does not end well."""
    parser = _parser("databricks-smoke")
    parser.add_argument("--keep", action="store_true", help="drop nothing at the end, to look at it")
    flags = _read(parser, arguments)
    target = load_target(os.environ.get("TARGET", ""), INCLUDE)
    with explained_errors(target):
        site, bundle = Site(connect(target), target), BundleCommands(CHECKOUT, target.name)
        failed = Smoke(site, CHECKOUT, bundle, lambda line: print(line, flush=True), keep=flags.keep).run(STEPS)
        print(f"{target.name}: {len(STEPS) - failed} of {len(STEPS)} steps ended well.")
        return int(bool(failed))


def undeploy_command(arguments: Sequence[str]) -> int:
    """Destroy the bundle; what holds data, and who may read it, stays. Asks nobody, because it never removes data."""
    parser = _parser("undeploy")
    parser.add_argument("--plan", action="store_true", help="show what the bundle has made, remove nothing")
    flags = _read(parser, arguments)
    target = load_target(os.environ.get("TARGET", ""), INCLUDE)
    bundle = BundleCommands(CHECKOUT, target.name)
    if flags.plan:
        bundle.summary()
    else:
        bundle.destroy()
        print(
            f"{target.name}: the bundle is gone; tables, files, models, experiments, secrets and rights on them stay."
        )
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
        raise Problem(f"the login has expired or was refused ({first_line(error)}): {login(target)}.") from None
    except PermissionDenied as error:
        refused = "Invalid access token" in str(error)
        if refused:
            raise Problem(f"the login has expired or was refused ({first_line(error)}): {login(target)}.") from None
        raise Problem(
            f"the workspace refused ({first_line(error)}): {again} says which permission is missing."
        ) from None
    except (DatabricksError, TimeoutError) as error:
        raise Problem(f"the workspace did not do it ({first_line(error)}): run the same command again.") from None
