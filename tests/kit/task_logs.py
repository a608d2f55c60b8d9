"""Whose the lines of a task's log are: ours, Airflow's about the task, or a stranger's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from basketry.jobs import all_jobs

OUR_LOGGERS = "basketry"
"""How the names of our loggers begin."""
OF_THE_TASK = ("airflow.task.", "airflow.dag_processing.")
"""Loggers by which Airflow's operators say what they do, and its worker which DAG file it reads for the task."""
SUPERVISOR = "task"
"""The logger by which Airflow says what becomes of the task."""
RELAYED = ("SparkSubmitHook", "task.stdout", "task.stderr")
"""How the names of the loggers end that pass on what a job, or a library in a task, prints."""
OUR_LINES = re.compile(rf"(?:{'|'.join(all_jobs())}|waiting): |basketry\.errors\.\w+: |Spark-Submit cmd: ")
"""How a line begins that a job prints, and the operator about it."""


def task_logs(home: Path) -> list[Path]:
    """Logs of every try of every task."""
    return sorted((home / "logs" / "tasks").rglob("attempt=*.log"))


def foreign_lines(log: Path) -> list[str]:
    """What a log shows besides our lines, Airflow's about the task, and errors."""
    lines = log.read_text(encoding="utf-8").splitlines()
    return [text for entry in map(_entry, lines) for text in _texts(entry) if _is_foreign(entry, text)]


def _entry(line: str) -> Mapping[str, Any]:
    """A line as Airflow writes it, a JSON object, or one that something else wrote."""
    try:
        entry = json.loads(line)
    except ValueError:
        return {"event": line}
    return entry if isinstance(entry, dict) else {"event": line}


def _texts(entry: Mapping[str, Any]) -> Iterator[str]:
    yield from (text for text in str(entry.get("event", "")).splitlines() if text.strip())


def _is_foreign(entry: Mapping[str, Any], text: str) -> bool:
    logger = str(entry.get("logger", ""))
    if entry.get("level") in ("error", "critical") or logger.startswith(OUR_LOGGERS):
        return False
    if logger.endswith(RELAYED):
        return not OUR_LINES.match(text)
    return logger != SUPERVISOR and not logger.startswith(OF_THE_TASK)
