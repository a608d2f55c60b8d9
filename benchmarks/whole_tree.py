"""Runs a command and waits for everything it leaves behind, so that whoever waits for this one sees the cost of all of it.

    python whole_tree.py <seconds at most> <command> …

A spark-submit's Python workers may outlive it by a moment, and then nobody counts what they cost. Exits as the command
does, or with 124 when its time was up.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys

TIME_WAS_UP = 124
_PR_SET_CHILD_SUBREAPER = 36


def main(seconds: float, command: list[str]) -> int:
    """Run it; the exit code to end with."""
    if sys.platform == "linux":  # elsewhere what outlives the command is not counted
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, *(1, 0, 0, 0))
    process = subprocess.Popen(command, start_new_session=True)  # noqa: S603
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        code = TIME_WAS_UP
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    return code


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
