"""Why a DAG run failed, in one sentence, from the log of its first failed task."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tools.airflow_client import AirflowClient
from tools.problem import Problem

BAD_INPUT = re.compile(r"BAD_INPUT: (.*)")
TELLING = re.compile(r"^[\w.]*(Error|Exception|Timeout)\b.*", re.M)


class FailedRun(Problem):
    """A run of a DAG that failed.

    Attributes:
        is_bad_input: Whether the data are the cause: trying again would not help.
    """

    def __init__(self, sentence: str, *, is_bad_input: bool) -> None:
        """Say why in one sentence."""
        super().__init__(sentence)
        self.is_bad_input = is_bad_input


def failed_run(client: AirflowClient, dag: str, run: str, home: Path) -> FailedRun:
    """Return the error that names the task, its last error line, and the log to read."""
    failed = [task for task in client.tasks(dag, run) if task["state"] == "failed"]
    if not failed:
        sentence = f"the run {run} of {dag} failed before a task began: look at {client.page(dag, run)}."
        return FailedRun(sentence, is_bad_input=False)
    task = failed[0]
    folder = home / "logs" / "tasks" / f"dag_id={dag}" / f"run_id={run}" / f"task_id={task['task_id']}"
    log = folder / f"attempt={task['try_number']}.log"
    sentence = f"{dag}: the task {task['task_id']} failed: {error_of(log)} (log: {log})"
    return FailedRun(sentence, is_bad_input=bool(BAD_INPUT.search(_messages(log))))


def failure_sentence(client: AirflowClient, dag: str, run: str, home: Path) -> str:
    """Name the task that failed, its last error line, and the log to read."""
    return str(failed_run(client, dag, run, home))


def error_of(log: Path) -> str:
    """Return the most telling line of a task's log: what bad input it names, else its last error."""
    if not log.is_file():
        return "it wrote no log"
    text = _messages(log)
    bad = BAD_INPUT.findall(text)
    if bad:
        return str(bad[-1]).strip()
    telling = [match.group(0) for match in TELLING.finditer(text)]
    return (telling or [line for line in text.splitlines() if line.strip()] or ["it wrote nothing"])[-1].strip()[:400]


def _messages(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    return "\n".join(map(_message, lines))


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
