"""A pickle is read in a process of its own: without secrets, and without network and home where Linux allows it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.problem import Problem

SECONDS = 300
"""What reading a model may take."""

_HIDDEN = 'mount -t tmpfs none "$0" && exec "$@"'
"""Runs a command that sees an empty folder in place of the home, in a mount namespace of its own."""


def read_pickle(folder: Path, kind: str, home: Path) -> None:
    """Have a process read `model.pkl` of a folder and write its plain values to `state` there.

    Args:
        folder: A private folder, in which the process works.
        kind: The kind of model.
        home: The home, which the process must not see.

    Raises:
        Problem: It cannot be read.
    """
    command = [sys.executable, "-I", "-m", "tools.upgrade.unpickle", kind]
    environment = {"PATH": os.defpath, "HOME": str(folder), "TMPDIR": str(folder), "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603 (this module's own command)
            [*isolation(home), *command], cwd=folder, env=environment, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Problem(
            f"the model of {kind} was not read in {SECONDS} s: train and promote a version instead."
        ) from None
    if done.returncode:
        raise Problem(f"the model of {kind} cannot be read by this release: train and promote a version instead.")


def isolation(home: Path) -> Sequence[str]:
    """Return what a command is put behind so that it has neither network nor home; nothing where that cannot be had."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    for wrapped in ((unshare, "-rnm", "sh", "-c", _HIDDEN, str(home)), (unshare, "-rn")):
        tried = subprocess.run([*wrapped, "true"], capture_output=True, check=False)  # noqa: S603 (fixed words)
        if tried.returncode == 0:
            return wrapped
    return ()
