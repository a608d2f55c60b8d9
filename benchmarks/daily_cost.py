"""What a day costs: every job that the daily DAGs run, on 0.35, 3.5 and 35 million order lines, each a spark-submit of its own.

Wall seconds say little on a shared machine, so the ratios are of CPU seconds: of the JVM, of Python and of all workers.
BASKETRY_BENCH_DEMO names a folder to keep the demo's lake with its champions in, or to find it there: they take a quarter
of an hour. BASKETRY_BENCH_TIMES, such as 1,10, measures these sizes alone.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.cases import CHECKOUT, HERE, SUBMIT
from benchmarks.measure import Figure, Run, environment_with, timed
from benchmarks.retailers import CATALOG, DAY, Retailer, copied, demo, grown
from tools.environment import InstancePaths
from tools.instance_secrets import registry_login
from tools.processes import ensure, stop, wait_until_alive
from tools.services import answers, services

TIMES = (1, 10, 100)
SECONDS_A_JOB = 900
LINEAR = 10.0
"""Ten times the lines may cost ten times as much."""
_AS_OF = f"--as-of={DAY}"
JOBS: Mapping[str, Sequence[str]] = {
    "ingest": ("--feed=order_lines",),
    **dict.fromkeys(
        (
            "sales",
            "restate_features",
            "features",
            "score_propensity",
            "propensity_outcomes",
            "rfm",
            "forecast",
            "decide_products",
            "forecast_accuracy",
        ),
        (_AS_OF,),
    ),
}
"""A day as its DAGs run it: a file is loaded, then daily_sales, restate and daily_scoring."""


READS = {"decide_products": "forecast"}
"""What cannot run when another job was stopped."""


@dataclass(frozen=True)
class Size:
    """What the day cost a retailer of so many order lines; a job is None that was stopped at its limit, or reads of one."""

    lines: int
    runs: Mapping[str, Run | None]

    def ended(self) -> set[str]:
        """Return the jobs that were not stopped."""
        return {name for name, run in self.runs.items() if run is not None}

    def together(self, names: set[str]) -> Run:
        """Add these jobs up, one after the other: their seconds, the largest peak."""
        runs = [run for name, run in self.runs.items() if run is not None and name in names]
        return Run(
            sum(run.seconds for run in runs),
            max((run.peak_mib for run in runs), default=0),
            sum(run.cpu_seconds for run in runs),
        )


def daily_cost(folder: Path) -> list[Figure]:
    """Measure a day of each retailer, job by job."""
    with retailer(folder) as small:
        sizes = [_measured(small, folder / str(times), times) for times in _times()]
    return figures(sizes)


def _times() -> tuple[int, ...]:
    chosen = os.environ.get("BASKETRY_BENCH_TIMES")
    return tuple(int(text) for text in chosen.split(",")) if chosen else TIMES


@contextmanager
def retailer(folder: Path) -> Iterator[Retailer]:
    """Provide the demo retailer, with its registry up."""
    kept = os.environ.get("BASKETRY_BENCH_DEMO")
    home = Path(kept).absolute() if kept else folder / "demo"
    with registry_of(home) as address:
        found = Retailer(home, address, home / "day" / f"order_lines_{DAY}.csv.gz")
        yield found if (home / "complete").exists() else _made(home, address)


def _made(home: Path, address: str) -> Retailer:
    made = demo(home, address)
    (home / "complete").touch()
    return made


@contextmanager
def registry_of(home: Path) -> Iterator[str]:
    """Serve the home's MLflow as `make run` does; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    service = services(InstancePaths(home, home / "cache", port, port))["mlflow"]
    address = f"http://127.0.0.1:{port}"
    (home / "mlflow").mkdir(parents=True, exist_ok=True)
    os.environ.update(registry_login(home))  # for the server, the jobs and this process
    ensure(home, service, environment_with(BASKETRY_HOME=str(home)))
    try:
        wait_until_alive(home, service, 180, lambda: answers(f"{address}/health"))
        yield address
    finally:
        stop(home, "mlflow")


def _measured(small: Retailer, home: Path, times: int) -> Size:
    retailer = copied(small, home) if times == 1 else grown(small, home, times)
    size = Size(retailer.lines, day(retailer))
    shutil.rmtree(home)
    return size


def day(retailer: Retailer) -> dict[str, Run | None]:
    """Run one day of the retailer, its delivery first, and report it job by job."""
    shutil.copy(retailer.delivery, retailer.landing)
    lines = retailer.lines
    runs: dict[str, Run | None] = {}
    for name, arguments in JOBS.items():
        can_run = name not in READS or runs[READS[name]] is not None
        runs[name] = _whole(retailer, name, *arguments) if can_run else None
        print(f"  {lines:>11,} lines  {name:<20} {_describe(runs[name])}", flush=True)
    return runs


def _whole(retailer: Retailer, name: str, *arguments: str) -> Run | None:
    home, script = retailer.home, CHECKOUT / "spark_jobs" / f"{name}.py"
    limited = [sys.executable, str(HERE / "whole_tree.py"), str(SECONDS_A_JOB)]
    given = [f"--catalog={CATALOG}", f"--run-id=day-{name}", *arguments]
    environment = environment_with(BASKETRY_HOME=str(home), SPARK_LOCAL_DIRS=str(home / "tmp"), **retailer.changes)
    try:
        return timed([*limited, SUBMIT, str(script), *given], environment)
    except subprocess.TimeoutExpired:
        return None


def figures(sizes: Sequence[Size]) -> list[Figure]:
    """Return one figure per step in size for the whole day, and one per job over all sizes."""
    steps = [_step(small, large) for small, large in pairwise(sizes)]
    return steps + [job_figure(name, sizes) for name in JOBS]


def _step(small: Size, large: Size) -> Figure:
    """Compare the day of one size with that of another, by the jobs that ended in both."""
    both = small.ended() & large.ended()
    small_day, large_day = small.together(both), large.together(both)
    stopped = ", ".join(sorted(large.runs.keys() - both))
    return Figure(
        what=f"CPU seconds of a day, {large.lines / 1e6:.2g} / {small.lines / 1e6:.2g} million lines",
        measured=f"{large_day.cpu_seconds:.0f} against {small_day.cpu_seconds:.0f}",
        ratio=large_day.cpu_seconds / small_day.cpu_seconds,
        goal=LINEAR,
        note=f"{large_day.seconds:.0f} against {small_day.seconds:.0f} s of wall time"
        + (f"; without {stopped}, stopped after {SECONDS_A_JOB} s" if stopped else ""),
    )


def job_figure(name: str, sizes: Sequence[Size]) -> Figure:
    """Return a job's figure over all sizes."""
    listed = " / ".join(f"{size.lines / 1e6:.2g}" for size in sizes)
    runs = [size.runs[name] for size in sizes]
    return Figure(
        what=f"{name}: CPU seconds of a day of {listed} million lines; largest / smallest",
        measured=" / ".join("stopped" if run is None else f"{run.cpu_seconds:.0f}" for run in runs),
        ratio=_ratio(runs[-1], runs[0]),
        goal=LINEAR ** (len(sizes) - 1),
        note=_aside(runs),
    )


def _ratio(large: Run | None, small: Run | None) -> float:
    return large.cpu_seconds / small.cpu_seconds if large and small else float("inf")


def _aside(runs: Sequence[Run | None]) -> str:
    ended = [run for run in runs if run]
    walls = " / ".join(f"{run.seconds:.0f}" for run in ended)
    return f"wall {walls} s; largest process {' / '.join(f'{run.peak_mib:.0f}' for run in ended)} MiB"


def _describe(run: Run | None) -> str:
    if run is None:
        return f"stopped after {SECONDS_A_JOB} s, or what it reads was"
    return f"{run.seconds:6.1f} s wall  {run.cpu_seconds:6.1f} s CPU  {run.peak_mib:6.0f} MiB"
