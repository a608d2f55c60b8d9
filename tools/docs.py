"""`make docs`: the pages of docs/ and the docstrings of the library as a site."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tools.environment import CHECKOUT

SITE = CHECKOUT / "docs" / "_build" / "html"
LOCK = CHECKOUT / "docs" / "requirements.txt"


def build_command(site: Path) -> list[str]:
    """Return the command that builds the site into a folder; a warning, such as a link that leads nowhere, fails it.

    Sphinx and its extensions come from a lock of their own into an environment of their own: nothing else needs them.
    """
    uv = str(CHECKOUT / ".venv" / "bin" / "uv")
    sphinx = ["python", "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", str(site)]
    return [uv, "run", "--isolated", "--no-project", "--with-requirements", str(LOCK), "--", *sphinx]


def docs_command(arguments: list[str]) -> int:
    """Build the site and say where it is; returns Sphinx's exit code."""
    code = subprocess.call(build_command(SITE), cwd=CHECKOUT)  # noqa: S603
    if code == 0:
        print(f"The site: {SITE / 'index.html'}")
    return code
