"""How the share of a DAG run without a job is read from Airflow's record."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.dag_overhead import covered, ended_runs, overhead

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def at(second: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=second)


@pytest.mark.parametrize(
    ("intervals", "seconds"),
    [([], 0), ([(0, 10)], 10), ([(5, 15), (0, 10)], 15), ([(0, 30), (10, 20)], 30), ([(0, 10), (20, 30)], 20)],
)
def test_jobs_side_by_side_count_once(intervals: list[tuple[float, float]], seconds: float) -> None:
    """What two jobs cover is the time in which at least one of them ran."""
    assert covered((at(first), at(last)) for first, last in intervals) == seconds


def test_a_run_lasts_from_queued_to_done_and_a_job_from_submit_to_exit(tmp_path: Path) -> None:
    """A task that submits nothing, and the time around a submit, are Airflow's; a run that goes on is left out."""
    _airflow(tmp_path, [("daily_sales", "one", 0, 100, "success"), ("daily_sales", "two", 50, None, "running")])
    _log(
        tmp_path,
        "sales",
        *[(8, "::group::Pre Execute"), (10, "Spark-Submit cmd: spark-submit sales.py")],
        *[(50, "a line"), (90, "::group::Post Execute")],
    )
    _log(tmp_path, "report", (91, "::group::Pre Execute"), (95, "::group::Post Execute"))
    [run] = ended_runs(tmp_path)
    assert (run.dag, run.seconds, run.jobs, run.without_job) == ("daily_sales", 100, ((at(10), at(90)),), 20)
    assert [figure.ratio for figure in overhead(tmp_path)] == [0.2]


def _airflow(home: Path, runs: list[tuple[str, str, float, float | None, str]]) -> None:
    (home / "airflow").mkdir()
    rows = [
        (dag, run, str(at(queued).replace(tzinfo=None)), end and str(at(end).replace(tzinfo=None)), state)
        for dag, run, queued, end, state in runs
    ]
    with closing(sqlite3.connect(home / "airflow" / "airflow.db")) as database:
        database.execute("CREATE TABLE dag_run (dag_id, run_id, queued_at, end_date, state)")
        database.executemany("INSERT INTO dag_run VALUES (?, ?, ?, ?, ?)", rows)
        database.commit()


def _log(home: Path, task: str, *lines: tuple[float, str]) -> None:
    folder = home / "logs" / "tasks" / "dag_id=daily_sales" / "run_id=one" / f"task_id={task}"
    folder.mkdir(parents=True)
    written = (json.dumps({"timestamp": at(second).isoformat(), "event": event}) for second, event in lines)
    (folder / "attempt=1.log").write_text("\n".join(written))
