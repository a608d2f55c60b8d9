"""`make lock`: the three locks, compiled from pyproject.toml with hashes."""

from __future__ import annotations

import os
import shlex
import subprocess

from tools.environment import CHECKOUT

TESTS = ("--group", "pyproject.toml:dev", "--group", "pyproject.toml:test", "-c", "requirements.txt")
LOCKS = {
    "requirements.txt": ("pyproject.toml", "--all-extras", "--group", "build"),
    "tests/requirements.txt": TESTS,
    "docs/requirements.txt": ("--group", "pyproject.toml:docs"),
}
"""What each is compiled from: what runs, what tests and lints beside it, what makes the site."""

OPTIONS = ("--universal", "--python-version", "3.11", "--generate-hashes", "--quiet")


def lock_command(arguments: list[str]) -> int:
    """Compile every lock, versions kept as far as pyproject.toml allows; ARGS=--upgrade takes the newest ones."""
    wanted = [*arguments, *shlex.split(os.environ.get("ARGS", ""))]
    for lock, sources in LOCKS.items():
        command = [str(CHECKOUT / ".venv" / "bin" / "uv"), "pip", "compile", *sources, *OPTIONS, *wanted, "-o", lock]
        code = subprocess.call(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL)  # noqa: S603
        if code != 0:
            return code
        print(f"written: {lock}")
    return 0
