"""What Airflow itself knows: runs, failures, questions that wait for a person. Only of DAGs that the user may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from basketry_airflow.console.failures import Failure, failures, run_page

RUNS_OF_EACH = 7
"""Newest runs of a DAG that are looked at."""


@dataclass(frozen=True, kw_only=True)
class DagState:
    """One DAG with its newest run.

    Attributes:
        dag_id: The DAG.
        paused: Whether it is paused.
        state: State of the newest run; None when it never ran.
        started_at: When that run started.
        ended_at: When it ended.
        next_at: When the next run is due; None for a paused DAG and for one that is started by hand.
        earlier: States of the newest runs, the newest first.
        page: Path within Airflow.
    """

    dag_id: str
    paused: bool
    state: str | None
    started_at: datetime | None
    ended_at: datetime | None
    next_at: datetime | None
    earlier: tuple[str, ...]
    page: str


@dataclass(frozen=True)
class Waiting:
    """A question that only a person can answer."""

    dag_id: str
    subject: str
    asked_at: datetime
    page: str


@dataclass(frozen=True, kw_only=True)
class RunTrigger:
    """How the user may start a DAG by hand: at once, or after unpausing it, because a run of a paused DAG never begins.

    Attributes:
        dag_id: The DAG.
        paused: Whether it is paused.
        may_unpause: Whether the user may unpause it.
        owner: Who answers for the DAG.
        queued: Runs that wait in it, and begin first once it is unpaused.
    """

    dag_id: str
    paused: bool
    may_unpause: bool
    owner: str
    queued: int


@dataclass(frozen=True)
class AirflowStatus:
    """The DAGs, what failed in them, and the questions that wait for a person."""

    dags: tuple[DagState, ...]
    failures: tuple[Failure, ...]
    waiting: tuple[Waiting, ...]


def airflow_status(user: Any, scheduled_catalog: str) -> AirflowStatus:
    """Return what the user may know of the DAGs, by Airflow's own permissions.

    Args:
        user: Airflow's own user.
        scheduled_catalog: The catalog of runs whose form names none.
    """
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.utils.session import create_session

    readable = set(get_auth_manager().get_authorized_dag_ids(user=user, method="GET"))
    with create_session() as session:
        dags = tuple(_dags(session, readable))
        dag_ids = {dag.dag_id for dag in dags}
        return AirflowStatus(dags, failures(session, dag_ids, scheduled_catalog), tuple(_waiting(session, dag_ids)))


def run_trigger(user: Any, dag_id: str) -> RunTrigger | None:
    """Return how the user may start a run of the DAG; None when Airflow does not let them."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    manager, details = get_auth_manager(), DagDetails(id=dag_id)
    if not manager.is_authorized_dag(method="POST", access_entity=DagAccessEntity.RUN, details=details, user=user):
        return None
    with create_session() as session:
        dag = session.get(DagModel, dag_id)
        paused, owner = (bool(dag.is_paused), dag.owners or "") if dag else (False, "")
        waiting = select(func.count()).where(DagRun.dag_id == dag_id, DagRun.state == "queued")
        queued = int(session.scalar(waiting) or 0) if paused else 0
    may_unpause = bool(manager.is_authorized_dag(method="PUT", details=details, user=user))
    return RunTrigger(dag_id=dag_id, paused=paused, may_unpause=may_unpause, owner=owner, queued=queued)


def _dags(session: Any, readable: set[str]) -> Iterable[DagState]:
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from sqlalchemy import func, select

    rank = func.row_number().over(partition_by=DagRun.dag_id, order_by=DagRun.run_after.desc()).label("rank")
    columns = (DagRun.dag_id, DagRun.state, DagRun.start_date, DagRun.end_date, DagRun.run_id, rank)
    ranked = select(*columns).subquery()
    newest = select(ranked).where(ranked.c.rank <= RUNS_OF_EACH).order_by(ranked.c.dag_id, ranked.c.rank)
    runs: dict[str, list[Any]] = {}
    for run in session.execute(newest):
        runs.setdefault(run.dag_id, []).append(run)
    dags = select(DagModel.dag_id, DagModel.is_paused, DagModel.next_dagrun_create_after)
    for dag in session.execute(dags.where(~DagModel.is_stale).order_by(DagModel.dag_id)):
        if dag.dag_id in readable:
            yield _dag(dag, runs.get(dag.dag_id, []))


def _dag(dag: Any, runs: list[Any]) -> DagState:
    last = runs[0] if runs else None
    return DagState(
        dag_id=dag.dag_id,
        paused=bool(dag.is_paused),
        state=str(getattr(last.state, "value", last.state)) if last else None,
        started_at=last.start_date if last else None,
        ended_at=last.end_date if last else None,
        next_at=None if dag.is_paused else dag.next_dagrun_create_after,
        earlier=tuple(str(getattr(run.state, "value", run.state)) for run in runs),
        page=run_page(dag.dag_id, last.run_id) if last else f"dags/{quote(dag.dag_id)}",
    )


def _waiting(session: Any, dag_ids: set[str]) -> Iterable[Waiting]:
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    questions = (
        select(HITLDetail.subject, HITLDetail.created_at, TaskInstance.dag_id, TaskInstance.run_id)
        .join(TaskInstance, TaskInstance.id == HITLDetail.ti_id)
        .where(HITLDetail.responded_at.is_(None), TaskInstance.state.in_(("awaiting_input", "deferred", "running")))
        .order_by(HITLDetail.created_at)
    )
    for question in session.execute(questions):
        if question.dag_id in dag_ids:
            page = f"{run_page(question.dag_id, question.run_id)}/required_actions"
            yield Waiting(question.dag_id, question.subject, question.created_at, page)
