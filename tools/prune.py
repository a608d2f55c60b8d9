"""`make prune`: what Airflow remembers beyond include/retention.yaml goes: runs, events, log files. Tables are not touched."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from basketry.config.locator import load_document
from basketry.config.model import Document, Fix
from basketry.config.settings import find_include
from basketry_airflow.console.audit import TABLE
from tools.environment import InstancePaths
from tools.problem import Problem
from tools.processes import last_line
from tools.service_records import log_file, rotate_log
from tools.services import NAMES, airflow_environment, program

FILE = "retention.yaml"
RUNS = ("dag_run", "task_instance", "task_instance_history", "task_reschedule", "xcom", "job", "import_error")
"""Tables of Airflow's database that are about runs."""
AUDIT = ("log",)


Days = Annotated[int, Field(ge=7), Fix("give at least 7")]


class Retention(Document):
    """Days for which runs, the audit trail and log files are kept."""

    runs_days: Days
    audit_days: Days
    logs_days: Days


def load_retention(include: Path) -> Retention:
    """Read include/retention.yaml.

    Raises:
        ContractError: A key is missing or unknown, or days are fewer than seven; names the line.
    """
    return load_document(Retention, include / FILE, FILE)


def prune_command(arguments: list[str]) -> int:
    """Delete what is out of retention, by today's clock; says how much."""
    places, now = InstancePaths.from_environment(), datetime.now(UTC)
    retention = load_retention(find_include(os.environ))
    for name in NAMES:
        rotate_log(log_file(places.home, name))
    files = list(old_logs(places.home, now - timedelta(days=retention.logs_days)))
    for path in files:
        path.unlink(missing_ok=True)
    for folder in sorted((places.home / "logs").glob("**/"), reverse=True):
        if folder != places.home / "logs" and not any(folder.iterdir()):
            folder.rmdir()
    print(f"{len(files)} log files older than {retention.logs_days} days deleted.")
    if (places.home / "airflow" / "airflow.db").exists():
        clean_database(places, RUNS, now - timedelta(days=retention.runs_days))
        clean_database(places, AUDIT, now - timedelta(days=retention.audit_days))
        clean_uses(places.home / "airflow" / "airflow.db", now - timedelta(days=retention.audit_days))
        print(
            f"Airflow's database: runs older than {retention.runs_days} and events older than {retention.audit_days} days deleted."
        )
    return 0


def old_logs(home: Path, before: datetime) -> Iterator[Path]:
    """Yield the log files that nothing was written to since."""
    for path in (home / "logs").rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_mtime < before.timestamp():
            yield path


def clean_uses(database: Path, before: datetime) -> None:
    """Delete what the console recorded of questions and exports, which Airflow's own cleaning knows nothing of."""
    with closing(sqlite3.connect(database)) as connection, connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (TABLE,)).fetchone():
            connection.execute(f"DELETE FROM {TABLE} WHERE at < ?", (before.timestamp(),))  # noqa: S608 our own name


def clean_database(places: InstancePaths, tables: tuple[str, ...], before: datetime) -> None:
    """Run Airflow's own `db clean`.

    Raises:
        Problem: It fails; holds its last words.
    """
    log = log_file(places.home, "airflow-db-clean")
    command = [
        program("airflow"),
        "db",
        "clean",
        "--yes",
        "--skip-archive",
        "--error-on-cleanup-failure",
        "--tables",
        ",".join(tables),
        "--clean-before-timestamp",
        before.isoformat(timespec="seconds"),
    ]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        env = airflow_environment(places, os.environ)
        code = subprocess.call(command, env=env, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603
    if code != 0:
        raise Problem(f"Airflow's database could not be cleaned ({last_line(log)}): see {log}.")
