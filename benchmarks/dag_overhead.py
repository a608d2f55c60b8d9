"""How much of a DAG run goes by without a job: read from Airflow's own record of runs that have ended.

    python -m benchmarks.dag_overhead <home>      # a line for each DAG of an instance that `make run` has made

A run lasts from the moment it is queued to its end. A job lasts from the start of its spark-submit, whose command the
task's log tells, to its exit; Spark's own start is part of the job. What remains is Airflow's: the scheduler's waits, the
start of each task's process, and tasks that submit nothing, such as `check_files`.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import Figure

GOAL = 0.15
SUBMITTED, ENDED = "Spark-Submit cmd:", "::group::Post Execute"

Interval = tuple[datetime, datetime]


@dataclass(frozen=True)
class DagRun:
    """A run that has ended: when it was queued and done, and when each of its jobs ran."""

    dag: str
    run: str
    whole: Interval
    jobs: tuple[Interval, ...]

    @property
    def seconds(self) -> float:
        """From queued to done."""
        return (self.whole[1] - self.whole[0]).total_seconds()

    @property
    def without_job(self) -> float:
        """Seconds of the run in which no job ran."""
        return self.seconds - covered(self.jobs)


def covered(intervals: Iterable[Interval]) -> float:
    """Seconds that at least one of the intervals covers."""
    total, last = 0.0, None
    for first, end in sorted(intervals):
        start = first if last is None else max(first, last)
        total += max(0.0, (end - start).total_seconds())
        last = end if last is None else max(last, end)
    return total


def ended_runs(home: Path) -> Iterator[DagRun]:
    """Every successful run that the instance's database knows, oldest first."""
    query = "SELECT dag_id, run_id, queued_at, end_date FROM dag_run WHERE state = 'success' ORDER BY queued_at"
    with closing(sqlite3.connect(home / "airflow" / "airflow.db")) as database:
        for dag, run, queued, end in database.execute(query):
            folder = home / "logs" / "tasks" / f"dag_id={dag}" / f"run_id={run}"
            jobs = tuple(
                job for log in sorted(folder.rglob("*.log")) for job in submitted(log.read_text().splitlines())
            )
            yield DagRun(dag, run, (_moment(queued), _moment(end)), jobs)


def submitted(log: Iterable[str]) -> Iterator[Interval]:
    """Start and end of the spark-submit that a task's log tells of, none where it submitted nothing."""
    start = None
    for line in log:
        entry = json.loads(line)
        if entry["event"].startswith(SUBMITTED):
            start = _moment(entry["timestamp"])
        elif start is not None and entry["event"].startswith(ENDED):
            yield start, _moment(entry["timestamp"])
            start = None


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def overhead(home: Path) -> list[Figure]:
    """Return one figure per DAG that has ended runs: their seconds without a job as a share of all."""
    runs: dict[str, list[DagRun]] = {}
    for run in ended_runs(home):
        runs.setdefault(run.dag, []).append(run)
    return [_figure(dag, those) for dag, those in sorted(runs.items())]


def _figure(dag: str, runs: Sequence[DagRun]) -> Figure:
    idle, whole = sum(run.without_job for run in runs), sum(run.seconds for run in runs)
    return Figure(
        what=f"{dag}: seconds without a job / of the whole run",
        measured=f"{idle:.0f} of {whole:.0f} s",
        ratio=idle / whole,
        goal=GOAL,
        note=f"{len(runs)} runs",
    )


def main(home: Path) -> None:
    """Print one line per run of an instance, then one per DAG."""
    for run in ended_runs(home):
        idle = run.without_job
        print(
            f"{run.dag:<16} {run.seconds:8.1f} s  {len(run.jobs)} jobs  {idle:7.1f} s without one  {idle / run.seconds:6.1%}"
        )
    for figure in overhead(home):
        print(figure.row())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
