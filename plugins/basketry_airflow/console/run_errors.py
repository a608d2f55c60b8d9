"""Why a run failed, in its own words: the sentence after BAD_INPUT: in the log of its first failed task.

Only that sentence names cause and cure without a delivered value; the text of any other error may hold one and is never shown.
The log is read in the background, because a page must not wait for the server that holds it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from basketry_airflow.console.audit import mask_contacts

PATIENCE_SECONDS = 1.0
"""How long a page waits for a log that it reads for the first time."""

MOST_LINES = 50_000
LONGEST = 300
REMEMBERED = 500
"""Failed tries whose sentence is remembered: what a try that is over has said does not change."""

_BAD_INPUT = re.compile(r"BAD_INPUT: (?P<text>[^\n]+)")
_FIRST_SENTENCE = re.compile(r".+?[.!?](?=\s|['\"]|$)")

_sentences: dict[FailedTry, str | None] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class FailedTry:
    """The last try of a task that failed for good."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int


def run_error(user: Any, dag_id: str, run_id: str) -> str | None:
    """Return the first sentence of what made the run fail; None where it is not known, or the user may not read logs."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails

    manager, details = get_auth_manager(), DagDetails(id=dag_id)
    logs = DagAccessEntity.TASK_LOGS
    if not manager.is_authorized_dag(method="GET", access_entity=logs, details=details, user=user):
        return None
    failed = _first_failed_try(dag_id, run_id)
    return _sentence_of(failed) if failed else None


def first_sentence(texts: Iterable[str]) -> str | None:
    """Return the first sentence of the last bad input that a log names; None when it names none."""
    newest = None
    for text in texts:
        for match in _BAD_INPUT.finditer(text):
            newest = match["text"].strip()
    if not newest:
        return None
    sentence = _FIRST_SENTENCE.match(newest)
    text = mask_contacts(sentence[0] if sentence else newest)
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()} …"


def _first_failed_try(dag_id: str, run_id: str) -> FailedTry | None:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    columns = (TaskInstance.task_id, TaskInstance.map_index, TaskInstance.try_number)
    failed = (
        select(*columns)
        .where(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id, TaskInstance.state == "failed")
        .order_by(TaskInstance.end_date)
    )
    with create_session() as session:
        task = session.execute(failed).first()
    return FailedTry(dag_id, run_id, *task) if task else None


def _sentence_of(failed: FailedTry) -> str | None:
    with _lock:
        is_new = failed not in _sentences
        if is_new:
            if len(_sentences) >= REMEMBERED:
                _sentences.clear()
            _sentences[failed] = None
    if is_new:
        # A daemon: a server of logs that hangs must not hold up the end of this one.
        reader = threading.Thread(target=_read, args=(failed,), name="basketry-task-log", daemon=True)
        reader.start()
        reader.join(PATIENCE_SECONDS)
    return _sentences.get(failed)


def _read(failed: FailedTry) -> None:
    try:
        sentence = first_sentence(_log_texts(failed))
    except Exception:  # whatever keeps the log from being read: the page then leads to the run alone
        return
    with _lock:
        _sentences[failed] = sentence


def _log_texts(failed: FailedTry) -> list[str]:
    """Return the texts of a task's log, by Airflow's own reader: from this machine, a bucket or a worker, as it is set up."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.log.log_reader import TaskLogReader
    from airflow.utils.session import create_session
    from sqlalchemy import select
    from sqlalchemy.orm import joinedload

    this_try = (
        TaskInstance.dag_id == failed.dag_id,
        TaskInstance.run_id == failed.run_id,
        TaskInstance.task_id == failed.task_id,
        TaskInstance.map_index == failed.map_index,
        TaskInstance.try_number == failed.try_number,
    )
    reader = TaskLogReader()
    with create_session() as session:
        task = session.scalar(
            select(TaskInstance)
            .where(*this_try)
            .options(joinedload(TaskInstance.dag_run), joinedload(TaskInstance.dag_model))
        )
        if task is None or not reader.supports_read:
            return []
        lines, _ = reader.read_log_chunks(task, failed.try_number, {})  # type: ignore[typeddict-item]  # from its beginning
        return [text for line in islice(lines, MOST_LINES) for text in _texts(line)]


def _texts(line: Any) -> Iterable[str]:
    """Yield what a line of a log says: its text, and the texts of the errors that it reports."""
    yield str(line.event)
    for error in getattr(line, "error_detail", None) or ():
        if isinstance(error, dict):
            yield str(error.get("exc_value", ""))
