"""What is out of retention goes, the rest stays: on a real database of Airflow."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from basketry_airflow.console.audit import TABLE
from tests.kit.documents import INCLUDE, shipped
from tests.kit.mistakes import Mistake, mistakes
from tools import prune, services
from tools.environment import InstancePaths

pytestmark = pytest.mark.slow

DAY = 24 * 3600
VALUES = {"INTEGER": 1, "BOOLEAN": 0, "FLOAT": 0.0, "JSON": "{}", "BLOB": b"", "UUID": "0" * 32, "CHAR(32)": "0" * 32}


def put(database: Path, table: str, **row: object) -> None:
    """Insert a row; columns that may not be null and have no default get a value of their type."""
    with sqlite3.connect(database) as connection:
        for _, name, kind, needed, default, key in connection.execute(f"PRAGMA table_info({table})"):
            if needed and default is None and not key and name not in row:
                when = datetime.now(UTC).isoformat(sep=" ")
                row[name] = when if kind == "TIMESTAMP" else VALUES.get(kind, "x")
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))


def rows(database: Path, sql: str) -> set[str]:
    """The first column."""
    with sqlite3.connect(database) as connection:
        return {str(row[0]) for row in connection.execute(sql)}


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InstancePaths:
    """A home with Airflow's database."""
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("AIRFLOW_")]:
        monkeypatch.delenv(name)
    places = InstancePaths.from_environment()
    services.migrate(places, services.airflow_environment(places, os.environ))
    return places


def test_runs_events_and_logs_out_of_retention_go(places: InstancePaths, capsys: pytest.CaptureFixture[str]) -> None:
    """181 days old runs, 731 days old events, 61 days old log files; not what is a day younger."""
    database, now = places.home / "airflow" / "airflow.db", datetime.now(UTC)
    for days in (179, 181):
        started = (now - timedelta(days=days)).isoformat(sep=" ")
        put(
            database,
            "dag_run",
            dag_id="ingest",
            run_id=f"run-{days}",
            run_type="manual",
            state="success",
            start_date=started,
        )
    for days in (181, 729, 731):
        put(database, "log", event=f"event-{days}", dttm=(now - timedelta(days=days)).isoformat(sep=" "))
    logs = places.home / "logs" / "tasks"
    for days in (59, 61):
        path = logs / f"run-{days}" / "1.log"
        path.parent.mkdir(parents=True)
        path.write_text("x")
        os.utime(path, (time.time() - days * DAY,) * 2)
    assert prune.prune_command([]) == 0
    assert rows(database, "SELECT run_id FROM dag_run") == {"run-179"}
    assert {"event-181", "event-729"} <= rows(database, "SELECT event FROM log")
    assert "event-731" not in rows(database, "SELECT event FROM log")
    assert [path.name for path in logs.iterdir()] == ["run-59"]
    assert "1 log files older than 60 days" in capsys.readouterr().out


def test_questions_and_exports_go_with_the_events(places: InstancePaths) -> None:
    """The console's own record is kept as long as Airflow's; a database without one is well, too."""
    database, now = places.home / "airflow" / "airflow.db", datetime.now(UTC)
    prune.clean_uses(database, now)
    with sqlite3.connect(database) as connection:
        connection.execute(f"CREATE TABLE {TABLE} (at FLOAT, user_name TEXT)")
        for days in (729, 731):
            at = (now - timedelta(days=days)).timestamp()
            connection.execute(f"INSERT INTO {TABLE} VALUES (?, ?)", (at, f"user-{days}"))
    assert prune.prune_command([]) == 0
    assert rows(database, f"SELECT user_name FROM {TABLE}") == {"user-729"}


def test_a_home_without_airflow_has_nothing_to_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No database is made by cleaning it."""
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(subprocess, "call", lambda *given, **named: pytest.fail("nothing to call"))
    assert prune.prune_command([]) == 0
    assert not (tmp_path / "home").exists()


def test_what_is_shipped_is_read() -> None:
    """Runs for half a year, what people did for two years, logs for two months."""
    assert prune.load_retention(INCLUDE) == prune.Retention(runs_days=180, audit_days=730, logs_days=60)


@mistakes(
    shipped("retention.yaml", prune.load_retention),
    ("runs_days: 180", "runs_days: 6", "runs_days is 6; give at least 7."),
    ("logs_days: 60", "log_days: 60", "…did you mean 'logs_days'?"),
    ("audit_days: 730", "audit_days: long", "audit_days…"),
)
def test_a_mistake_in_the_file_is_told(mistake: Mistake, tmp_path: Path) -> None:
    """With its line."""
    mistake.check(tmp_path)
