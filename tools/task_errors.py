"""Why a DAG run failed, in one sentence, from the log of its first failed task."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tools.airflow_client import AirflowClient

BAD_INPUT = re.compile(r"BAD_INPUT: (.*)")
TELLING = re.compile(r"^[\w.]*(Error|Exception|Timeout)\b.*", re.M)


def failure_sentence(client: AirflowClient, dag: str, run: str, home: Path) -> str:
    """Name the task, its last error line, and the log to read."""
    failed = [task for task in client.tasks(dag, run) if task["state"] == "failed"]
    if not failed:
        return f"the run {run} of {dag} failed before a task began: look at {client.page(dag, run)}."
    task = failed[0]
    folder = home / "logs" / "tasks" / f"dag_id={dag}" / f"run_id={run}" / f"task_id={task['task_id']}"
    log = folder / f"attempt={task['try_number']}.log"
    return f"{dag}: the task {task['task_id']} failed: {error_of(log)} (log: {log})"


def error_of(log: Path) -> str:
    """Return the most telling line of a task's log: what bad input it names, else its last error."""
    if not log.is_file():
        return "it wrote no log"
    text = "\n".join(_message(line) for line in log.read_text(errors="replace").splitlines())
    bad = BAD_INPUT.findall(text)
    if bad:
        return str(bad[-1]).strip()
    telling = [match.group(0) for match in TELLING.finditer(text)]
    return (telling or [line for line in text.splitlines() if line.strip()] or ["it wrote nothing"])[-1].strip()[:400]


def _message(line: str) -> str:
    """Read one line of Airflow's log, a JSON object: what was logged, and what was raised."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    if not isinstance(entry, dict):
        return line
    raised = [f"{error.get('exc_type')}: {error.get('exc_value')}" for error in entry.get("error_detail") or []]
    return "\n".join([str(entry.get("event", "")), *raised])
