"""DAGs and runs in the database of the tests' Airflow: what its scheduler would have left there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

CHECKOUT = Path(__file__).resolve().parents[3]
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@contextmanager
def airflow_with(*dag_ids: str) -> Iterator[None]:
    """These DAGs of the checkout are known to Airflow, paused as it is told to make them; no run of any DAG is there yet.

    Afterwards they are gone. Tests of the same process share a database: what another left in it is deleted first.
    """
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    with create_session() as session:
        session.execute(delete(DagRun))
        DagBundlesManager().sync_bundles_to_db(session=session)  # type: ignore[no-untyped-call]
    for dag_id in dag_ids:
        path = CHECKOUT / "dags" / f"{dag_id}.py"
        sync_bag_to_db(DagBag(dag_folder=str(path), bundle_path=path.parent), "dags-folder", None)
    try:
        yield
    finally:
        with create_session() as session:
            session.execute(delete(DagRun).where(DagRun.dag_id.in_(dag_ids)))
            session.execute(delete(DagModel).where(DagModel.dag_id.in_(dag_ids)))


def add_run(
    dag_id: str,
    hour: float,
    conf: Mapping[str, Any],
    state: str,
    failed: Sequence[str] = (),
    *,
    succeeded: Sequence[str] = (),
    waiting: Sequence[str] = (),
    minutes: float = 5,
) -> str:
    """A run that began so many hours after noon, with its tasks by what became of them; returns its id.

    A run that is over took so many minutes; one that is queued has not begun.
    """
    from airflow.models.dag_version import DagVersion
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunType
    from sqlalchemy import select

    began = NOON + timedelta(hours=hour)
    states = {**dict.fromkeys(failed, "failed"), **dict.fromkeys(succeeded, "success"), **dict.fromkeys(waiting)}
    with create_session() as session:
        run = DagRun(
            dag_id=dag_id,
            run_id=f"manual__{began.isoformat()}",
            run_type=DagRunType.MANUAL,
            run_after=began,
            start_date=None if state == "queued" else began,
            queued_at=began,
            conf=dict(conf),
            state=DagRunState(state),
        )
        run.end_date = None if state in ("queued", "running") else began + timedelta(minutes=minutes)
        session.add(run)
        version = session.scalar(select(DagVersion).where(DagVersion.dag_id == dag_id).order_by(DagVersion.id.desc()))
        session.flush()
        assert version is not None
        for task_id, task_state in states.items():
            session.execute(
                TaskInstance.__table__.insert().values(
                    id=uuid4(),
                    dag_id=dag_id,
                    run_id=run.run_id,
                    task_id=task_id,
                    map_index=-1,
                    state=task_state,
                    try_number=1,
                    max_tries=3,
                    dag_version_id=version.id,
                    pool="default_pool",
                    pool_slots=1,
                    end_date=run.end_date if task_state else None,
                )
            )
        return str(run.run_id)
