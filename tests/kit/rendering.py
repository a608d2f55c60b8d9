"""Render a task as Airflow does before it runs."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

FORM = {
    "catalog": "demo",
    "feed": "order_lines",
    "files": "*",
    "dry_run": False,
    "load_again": False,
    "delivered_by": None,
    "as_of": None,
}


def context(task: Any, *, try_number: int = 1, map_index: int = -1, **params: object) -> dict[str, Any]:
    """What templates see in a run of `task`'s DAG."""
    from airflow.sdk.execution_time.context import MacrosAccessor

    due = datetime(2026, 3, 10, 9, minute=30, tzinfo=UTC)
    return {
        "dag": task.dag,
        "task": task,
        "params": {**FORM, **params},
        "run_id": "manual__2026-03-10",
        "ti": SimpleNamespace(task_id=task.task_id, map_index=map_index, try_number=try_number),
        "dag_run": SimpleNamespace(logical_date=due, run_after=due),
        "macros": MacrosAccessor(),
    }


def rendered(task: Any, **options: Any) -> Any:
    """The task with its templates rendered."""
    task.render_template_fields(context(task, **options))
    return task
