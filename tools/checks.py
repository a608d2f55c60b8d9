"""`make test`, `make faults`, `make lint`, `make screenshots`, `make bench`: the same environment as a real run, around the usual programs."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tools.environment import CHECKOUT, Places
from tools.problem import Problem
from tools.setup import prepare

LINTERS = (("ruff", "check", "."), ("mypy",), ("lint-imports", "--no-logo"))


def _say(text: str) -> None:
    print(f"    {text}", flush=True)


def test_command(arguments: list[str]) -> int:
    """Run pytest with what ARGS says, in a home of its own; returns its exit code. No test at all is a failure."""
    given = [*arguments, *shlex.split(os.environ.get("ARGS", ""))]
    with tempfile.TemporaryDirectory(prefix="basketry-test-", ignore_cleanup_errors=True) as home:
        places = replace(Places.from_environment(), home=Path(home).resolve())
        env = prepare(places, _say)
        return subprocess.call([sys.executable, "-m", "pytest", *given], env=env, cwd=CHECKOUT)  # noqa: S603


def screenshots_command(arguments: list[str]) -> int:
    """Make the pictures of the documentation anew: the browser test keeps them on its way."""
    os.environ["BASKETRY_SCREENSHOTS"] = str(CHECKOUT / "docs" / "images")
    return test_command(["-n0", "-q", "tests/plugins/console/test_browser.py"])


def faults_command(arguments: list[str]) -> int:
    """The fault suite in full: two hundred kills and all that trains and scores; KILLS=<n> for another number."""
    os.environ["BASKETRY_KILLS"] = os.environ.get("KILLS") or "200"
    return test_command(["-n0", "-v", "-s", "tests/faults"])


def lint_environment() -> dict[str, str]:
    """What the linters need to find the packages that they judge."""
    folders = [CHECKOUT / "spark_jobs", CHECKOUT / "plugins", CHECKOUT]
    path = os.pathsep.join([str(CHECKOUT / ".venv" / "bin"), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join(map(str, folders))}


def lint_command(arguments: list[str]) -> int:
    """Run every linter, also after one has failed; returns 1 when any did."""
    failed = 0
    for linter in LINTERS:
        print(f"── {' '.join(linter)}", flush=True)
        failed |= subprocess.call(linter, env=lint_environment(), cwd=CHECKOUT) != 0  # noqa: S603
    return int(failed)


def bench_command(arguments: list[str]) -> int:
    """Run every benchmark in one go."""
    if not (CHECKOUT / "benchmarks" / "__main__.py").is_file():
        raise Problem("there is no benchmark yet: benchmarks/__main__.py is missing.")
    env = prepare(Places.from_environment(), _say)
    given = [*arguments, *shlex.split(os.environ.get("ARGS", ""))]
    return subprocess.call([sys.executable, "-m", "benchmarks", *given], env=env, cwd=CHECKOUT)  # noqa: S603
