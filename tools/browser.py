"""Finds a Chromium that Playwright can drive, or installs the system's own where that is possible without asking."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.problem import Problem

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge")
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ADVICE = "install one (apt-get install chromium, dnf install chromium, brew install --cask chromium), or set BASKETRY_BROWSER"
APT = (("apt-get", "update", "-qq"), ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"))


def find_browser() -> Path | None:
    """Return BASKETRY_BROWSER, else the first browser of the path or of macOS; None when there is none."""
    return next((path for path in _candidates() if path.is_file()), None)


def _candidates() -> Iterator[Path]:
    if os.environ.get("BASKETRY_BROWSER"):
        yield Path(os.environ["BASKETRY_BROWSER"])
    for name in PROGRAMS:
        found = shutil.which(name)
        if found:
            yield Path(found)
    if sys.platform == "darwin":
        yield from map(Path, APPLICATIONS)


def browser(say: Callable[[str], None]) -> Path:
    """Find a browser; on Debian and its like, as root, install the package when there is none.

    Raises:
        Problem: There is none, and none could be installed.
    """
    program = find_browser()
    if program is None and shutil.which("apt-get") and os.geteuid() == 0:
        say("no Chromium found, installing the package chromium")
        _install()
        program = find_browser()
    if program is None:
        raise Problem(f"no Chromium was found for the browser test: {ADVICE}.")
    return program


def _install() -> None:
    for command in APT:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise Problem(f"Chromium could not be installed ({last}): {ADVICE}.")
