"""What a shared cluster saves of cold starts: a DAG's tasks against the emulator, with starts that take their time.

Everything is scaled down by SCALE: a cold start of 240 s takes 6 s here, a job of 180 s 4.5 s. Tasks begin as soon as what
they wait for is done, as an Airflow with enough slots begins them; what jobs on one cluster take from one another is not in it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock, patch

from benchmarks.measure import Figure

CHECKOUT = Path(__file__).resolve().parents[1]
SCALE = 40
COLD_START, JOB = 240, 180
"""Seconds of one cold start and of one job, as in a workspace."""

CASES = (("daily_scoring", 0.75), ("weekly_offers", 1.0))
"""DAG and the goal: time with a shared cluster against time without."""


def shared_cluster(folder: Path) -> list[Figure]:
    """Minutes from the first request to the end of the last job, and cold starts, with one cluster and with one each."""
    import databricks.sdk  # noqa: F401  it takes a second, which is not to be waited for between two starts

    import tests.kit.airflow  # noqa: F401  before anything imports Airflow

    figures = []
    for dag_id, goal in CASES:
        minutes, starts = zip(
            *(_measured(folder / f"{dag_id}-{shared}", dag_id, shared) for shared in (True, False)), strict=True
        )
        told = f"{minutes[0]:.1f} against {minutes[1]:.1f} minutes; {starts[0]} against {starts[1]} cold starts"
        what = f"{dag_id}: one cluster for the run / one for each job"
        note = f"emulated: {COLD_START} s a start, {JOB} s a job, each waited {1 / SCALE:.1%} of its time"
        figures.append(Figure(what=what, measured=told, ratio=minutes[0] / minutes[1], goal=goal, note=note))
    return figures


def _measured(folder: Path, dag_id: str, shared: bool) -> tuple[float, int]:
    """Minutes in the workspace's time, and cold starts."""
    from tests.databricks_emulator.emulator import DatabricksEmulator
    from tests.databricks_emulator.process import Ending
    from tests.kit.documents import include_sharing

    def works(script: Path, parameters: object) -> Ending:
        """Wait as long as a job takes."""
        time.sleep(JOB / SCALE)
        return Ending("success")

    folder.mkdir()
    include = include_sharing(folder, f"{{{dag_id}: medium}}" if shared else "{}")
    with DatabricksEmulator(CHECKOUT / "spark_jobs", folder / "home", stand_in=works) as emulator:
        emulator.clusters.start_seconds = COLD_START / SCALE
        with _airflow(emulator.connection, include):
            seconds = _walked(dag_id)
        return seconds * SCALE / 60, len(emulator.clusters.starts)


@contextmanager
def _airflow(connection: str, include: Path) -> Iterator[None]:
    settings = {
        "AIRFLOW_CONN_DATABRICKS_DEFAULT": connection,
        "BASKETRY_RUNTIME": "databricks",
        "BASKETRY_INCLUDE": str(include),
        "BASKETRY_POLLING_SECONDS": "0.05",
    }
    with patch.dict(os.environ, settings):
        yield


def _walked(dag_id: str) -> float:
    """Seconds in which the DAG's jobs are done, each begun when those before it are."""
    from airflow.dag_processing.dagbag import DagBag

    dag = DagBag(dag_folder=str(CHECKOUT / "dags" / f"{dag_id}.py")).dags[dag_id]
    handed_on: dict[str, Any] = {}
    began: dict[str, Future[None]] = {}

    def walk(task: Any) -> None:
        """One task, once those before it have ended."""
        for name in task.upstream_task_ids:
            began[name].result()
        if hasattr(task, "databricks_conn_id") or task.is_setup or task.is_teardown:
            _execute(task, handed_on)

    start = time.monotonic()
    with ThreadPoolExecutor(len(dag.tasks)) as pool:
        for task in dag.topological_sort():
            began[task.task_id] = pool.submit(walk, task)
        for task in dag.tasks:
            if not task.is_teardown:
                began[task.task_id].result()
        return time.monotonic() - start


def _execute(task: Any, handed_on: dict[str, Any]) -> None:
    """One try, as a worker makes it."""
    from tests.kit.rendering import context

    instance = MagicMock(stats_tags={}, task_id=task.task_id, map_index=-1, try_number=1)
    instance.xcom_pull = lambda task_ids: handed_on.get(task_ids) or MagicMock()
    seen = {**context(task, model="champion"), "ti": instance}
    seen["dag_run"] = SimpleNamespace(**vars(seen["dag_run"]), start_date=seen["dag_run"].run_after)
    task.render_template_fields(seen)
    handed_on[task.task_id] = task.execute({**seen, "task_state_store": MagicMock(get=lambda *key: None)})
