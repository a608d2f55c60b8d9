"""The Databricks CLI, which deploys the bundle: found, old enough, and called with the target's login."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from basketry.errors import BadInputError
from tools.bundle import CLI_VERSION, deployed_values
from tools.deploy.finding import Finding
from tools.problem import Problem

INSTALL = (
    "install it as https://docs.databricks.com/dev-tools/cli/install says (brew install databricks/tap/databricks)"
)
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


class BundleCommands:
    """Runs `databricks bundle …` for one target, in the folder of databricks.yml; what it says is shown as it comes."""

    def __init__(self, checkout: Path, target: str) -> None:
        """Find the CLI.

        Args:
            checkout: The folder with databricks.yml.
            target: The target's name.

        Raises:
            Problem: There is no CLI on the PATH, or one that is too old; or a setting of the jobs is a secret in plain text.
        """
        self.checkout = checkout
        self.target = target
        self._program = find_cli()
        self._variables = bundle_variables(checkout)

    def check(self) -> Finding:
        """Say whether the CLI takes the bundle as it is; changes nothing."""
        done = self._started("validate", capture=True)
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]
        wrong = said[0].removeprefix("Error: ") if said else "it is refused" if done.returncode else ""
        return Finding(
            f"bundle of the target {self.target}", wrong, "python -m tools.generate_dashboards writes it anew"
        )

    def plan(self) -> None:
        """Show what `deploy` would do.

        Raises:
            Problem: The CLI cannot tell.
        """
        self._run("plan")

    def deploy(self, options: Sequence[str] = ()) -> None:
        """Make the workspace what the bundle says; one resource that fails keeps no other from being made.

        Raises:
            Problem: Something was not made; the CLI has said what.
        """
        self._run("deploy", *options)

    def destroy(self) -> None:
        """Remove what the bundle has made, and its root folder with all that is in it.

        Raises:
            Problem: Something stays; the CLI has said what.
        """
        self._run("destroy", "--auto-approve")

    def summary(self) -> None:
        """Show what the bundle has made.

        Raises:
            Problem: The CLI cannot tell.
        """
        self._run("summary")

    def _run(self, *words: str) -> None:
        sys.stdout.flush()
        if self._started(*words).returncode != 0:
            raise Problem(
                f"databricks bundle {words[0]} --target {self.target} did not end well, see above:"
                " mend what it names and run the same command again."
            )

    def _started(self, *words: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
        command = [self._program, "bundle", *words, "--target", self.target]
        env = {**self._variables, **os.environ}
        return subprocess.run(  # noqa: S603
            command, cwd=self.checkout, env=env, check=False, text=True, capture_output=capture
        )


def bundle_variables(checkout: Path) -> dict[str, str]:
    """Return the environment variables by which the CLI is given what no file of the bundle knows.

    Args:
        checkout: The folder with databricks.yml.

    Raises:
        Problem: A setting of the jobs is a secret in plain text.
    """
    try:
        values = deployed_values(checkout, os.environ)
    except BadInputError as error:
        raise Problem(error.message) from None
    # Our Python, so that the wheel is built by one that has the build backend, wherever make was told to put it.
    return {f"BUNDLE_VAR_{name}": value for name, value in {"python": sys.executable, **values}.items()}


def find_cli() -> str:
    """Return the path of the Databricks CLI.

    Raises:
        Problem: There is none on the PATH, or one that is too old.
    """
    program = shutil.which("databricks")
    needed = ".".join(map(str, CLI_VERSION))
    if program is None:
        raise Problem(
            f"the Databricks CLI deploys the bundle, and there is none on the PATH: {INSTALL}, {needed} or newer."
        )
    found = _version(program)
    if found is None or found < CLI_VERSION:
        told = ".".join(map(str, found)) if found else "of a version that cannot be read"
        raise Problem(f"the Databricks CLI {program} is {told} and {needed} is needed: {INSTALL}.")
    return program


def _version(program: str) -> tuple[int, int, int] | None:
    """Return the version of a CLI, which has said it as JSON since 0.200; the older one, a Python package, as text."""
    words = [program, "version", "--output", "json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        text = str(json.loads(done.stdout)["Version"])
    except (ValueError, KeyError, TypeError):
        text = done.stdout
    match = _VERSION.search(text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def check_bundle(checkout: Path, target: str) -> Iterator[Finding]:
    """Look for the CLI, and let it look at the bundle."""
    try:
        commands = BundleCommands(checkout, target)
    except Problem as problem:
        yield Finding("Databricks CLI", str(problem).rstrip("."), f"make deploy-check TARGET={target} again")
        return
    yield commands.check()
