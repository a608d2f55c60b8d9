"""Timing whole processes: pairs in turn, medians, ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from basketry.config.clock import NOW
from benchmarks.whole_tree import TIME_WAS_UP


@dataclass(frozen=True)
class Run:
    """One finished process: wall seconds, the peak resident memory of its largest process (MiB), CPU seconds of all of them."""

    seconds: float
    peak_mib: float
    cpu_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of docs/performance.md; without a goal it says how two things compare, for somebody who chooses."""

    what: str
    measured: str
    ratio: float
    goal: float | None
    note: str = ""

    @property
    def is_missed(self) -> bool:
        """Whether there is a goal and it is not met."""
        return self.goal is not None and self.ratio > self.goal

    def row(self) -> str:
        """Return the line as Markdown."""
        verdict = "compared" if self.goal is None else "**not met**" if self.is_missed else "met"
        goal = "" if self.goal is None else f"{self.goal:g}"
        return f"| {self.what} | {self.measured} | {self.ratio:.2f} | {goal} | {verdict} | {self.note} |"


def timed(command: Sequence[str], environment: Mapping[str, str], before: Callable[[], None] | None = None) -> Run:
    """Run a command to its end.

    Raises:
        RuntimeError: The command failed; the error holds its last lines.
        subprocess.TimeoutExpired: whole_tree.py stopped it.
    """
    if before is not None:
        before()
    with tempfile.TemporaryFile("w+") as output:
        start = time.monotonic()
        process = subprocess.Popen(command, env=dict(environment), stdout=output, stderr=subprocess.STDOUT)  # noqa: S603
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode == TIME_WAS_UP:
            raise subprocess.TimeoutExpired(list(command), seconds)
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{output.read()[-3000:]}")
    peak = usage.ru_maxrss / (1024 if sys.platform == "linux" else 2**20)
    return Run(seconds, peak, usage.ru_utime + usage.ru_stime)


def paired(first: Callable[[], Run], second: Callable[[], Run], pairs: int = 3) -> tuple[float, float, float]:
    """Median seconds of each, and the median ratio first / second, measured in turn so that drift hits both."""
    firsts, seconds = [], []
    for _ in range(pairs):
        firsts.append(first().seconds)
        seconds.append(second().seconds)
    ratios = [one / other for one, other in zip(firsts, seconds, strict=True)]
    return statistics.median(firsts), statistics.median(seconds), statistics.median(ratios)


def environment_with(**changes: str) -> dict[str, str]:
    """Return this process's environment with changes.

    Every day of the made-up data is over, whatever day it is measured on.
    """
    return {NOW: "2100-01-01T12:00:00+00:00", **os.environ, **changes}
