"""Why a run failed, from its task's log."""

from __future__ import annotations

import json
from pathlib import Path

from tools.task_errors import error_of, failure_sentence


class OneFailedTask:
    """A client whose run has one failed task."""

    def tasks(self, dag: str, run: str) -> list[dict[str, object]]:
        return [{"task_id": "find", "state": "success"}, {"task_id": "load", "state": "failed", "try_number": 2}]

    def page(self, dag: str, run: str) -> str:
        return "http://page"


def write_log(path: Path, *events: dict[str, object] | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(event if isinstance(event, str) else json.dumps(event) for event in events))
    return path


def test_bad_input_is_what_a_person_reads(tmp_path: Path) -> None:
    """The job's own sentence wins over the operator's exception that follows it."""
    log = write_log(
        tmp_path / "a.log",
        {"event": "basketry.errors.RefusedFileError: BAD_INPUT: orders.csv line 1: column 'qty' is missing; add it."},
        {"event": "Task failed", "error_detail": [{"exc_type": "AirflowException", "exc_value": "Error code is: 65."}]},
    )
    assert error_of(log) == "orders.csv line 1: column 'qty' is missing; add it."


def test_else_the_last_error_is_shown(tmp_path: Path) -> None:
    """Without bad input the last raised error explains the failure."""
    log = write_log(
        tmp_path / "a.log",
        {"event": "start"},
        {"event": "x", "error_detail": [{"exc_type": "ConnectionError", "exc_value": "refused"}]},
        "not json",
    )
    assert error_of(log) == "ConnectionError: refused"


def test_the_sentence_names_task_and_log(tmp_path: Path) -> None:
    """A person can open the log of the very try that failed."""
    folder = tmp_path / "logs" / "tasks" / "dag_id=ingest" / "run_id=r" / "task_id=load"
    log = write_log(folder / "attempt=2.log", {"event": "ValueError: nope"})
    sentence = failure_sentence(OneFailedTask(), "ingest", "r", tmp_path)  # type: ignore[arg-type]
    assert sentence == f"ingest: the task load failed: ValueError: nope (log: {log})"
