"""Starts the driver, kills it with everything it started at a moment of one's choice, and goes on where it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.faults.plan import SPARK_CONF, store

DRIVER = Path(__file__).with_name("driver.py")
SUBMIT = str(Path(sys.executable).with_name("spark-submit"))
PATIENCE = 1800


@dataclass(frozen=True)
class Kill:
    """Cut the job of this number off so many seconds after it has begun."""

    job: int
    seconds: float


@dataclass(kw_only=True)
class PlanOutcome:
    """What became of a plan.

    Attributes:
        began: Seconds of a clock by job.
        ended: Seconds of a clock by job.
        killed: The kills that hit a running job.
        failed: The job that failed by itself, if one did.
    """

    began: dict[int, float] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)
    killed: list[Kill] = field(default_factory=list)
    failed: int | None = None
    output: str = ""

    def seconds(self, job: int) -> float:
        """How long the job's last try took."""
        return self.ended[job] - self.began[job]


def run_plan(
    home: Path, plan: Path, kills: Iterable[Kill] = (), first: int = 0, prefix: Sequence[str] = ()
) -> PlanOutcome:
    """Run a plan from its job `first` to the end, through all kills, or until a job fails by itself.

    prefix: a command that runs commands, to start the driver with.
    """
    outcome = PlanOutcome()
    left = sorted(kills, key=lambda kill: (kill.job, kill.seconds))
    while True:
        process = subprocess.Popen(
            [*prefix, SUBMIT, str(DRIVER), str(plan), str(first)],
            env=environment(home),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        cut_off = _followed(process, outcome, left)
        if cut_off is None:
            outcome.failed = max(outcome.began, default=first) if process.returncode else None
            return outcome
        first = cut_off


def environment(home: Path) -> dict[str, str]:
    """What a job of this home is started with."""
    own = {
        "BASKETRY_HOME": str(home),
        "BASKETRY_INCLUDE": str(home / "include"),
        "SPARK_LOCAL_DIRS": str(home / "tmp"),
        "SPARK_CONF_DIR": str(home / SPARK_CONF),
        "MLFLOW_TRACKING_URI": store(home),
        "MLFLOW_REGISTRY_URI": store(home),
    }
    return {**os.environ, **own}


def _followed(process: subprocess.Popen[str], outcome: PlanOutcome, left: list[Kill]) -> int | None:
    """Read along until the end; the number of the job that was killed, None when nothing was."""
    alarm: threading.Timer | None = None
    hit: list[Kill] = []

    def strike(kill: Kill) -> None:
        hit.append(kill)
        os.killpg(process.pid, signal.SIGKILL)

    running = None
    limit = threading.Timer(PATIENCE, lambda: os.killpg(process.pid, signal.SIGKILL))
    limit.start()
    try:
        for word, number in _marks(process.stdout, outcome):
            if word == "begins":
                running = number
                outcome.began[number] = time.monotonic()
                if left and left[0].job == number:
                    alarm = threading.Timer(left[0].seconds, strike, [left[0]])
                    alarm.start()
            else:
                outcome.ended[number] = time.monotonic()
                if alarm is not None:
                    alarm.cancel()
                while left and left[0].job == number:
                    left.pop(0)  # the job was quicker than the kill
        process.wait()
    finally:
        limit.cancel()
    if not hit:
        return None
    outcome.killed.append(hit[0])
    if hit[0] in left:
        left.remove(hit[0])
    return running


def _marks(lines: IO[str] | None, outcome: PlanOutcome) -> Iterator[tuple[str, int]]:
    for line in lines or ():
        outcome.output += line
        word, _, number = line.strip().partition(" ")
        if word in ("begins", "ends") and number.isdigit():
            yield word, int(number)
