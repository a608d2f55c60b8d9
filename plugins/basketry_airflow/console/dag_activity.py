"""What a DAG does about one catalog now, how its last run ended, and how long its runs took: all that a page tells of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from basketry.config.settings import EVERY_FEED
from basketry_airflow.console.failures import form_and_began, run_page
from basketry_airflow.console.subjects import Form, Subject, form_of, subject

RUNS_OF_EACH = 5
"""Newest ended runs of a form and state that are looked at."""

START_FIELDS: Mapping[str, Form] = {"ingest": {"feed": EVERY_FEED}}
"""By DAG: what a run that brings a whole catalog forward says in its form, beside the catalog."""

ENDED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
"""States of a task that has nothing more to do."""


@dataclass(frozen=True, kw_only=True)
class ActiveRun:
    """A run that is at work, or waits for its turn.

    Attributes:
        state: running or queued.
        since: Since when.
        page: The path of its page within Airflow, or of the question in it that waits for an answer.
        tasks: Its tasks.
        tasks_ended: Those that have nothing more to do.
        awaits_answer: Whether one of them waits for a person's answer.
    """

    state: str
    since: datetime
    page: str
    tasks: int
    tasks_ended: int
    awaits_answer: bool


@dataclass(frozen=True, kw_only=True)
class EndedRun:
    """A run that is over.

    Attributes:
        run_id: The run.
        state: success or failed.
        ended_at: When it ended.
        took: How long it took.
        page: The path of its page within Airflow.
    """

    run_id: str
    state: str
    ended_at: datetime
    took: timedelta
    page: str


@dataclass(frozen=True, kw_only=True)
class DagActivity:
    """What a DAG does about one catalog, as far as the user may know.

    Attributes:
        dag_id: The DAG.
        paused: Whether it is paused: no run of it begins then.
        next_at: When its schedule starts the next run; None while it is paused, and for one that is started by hand.
        active: The run that is at work, else the one that waits.
        last: The newest run that is over.
        last_success: The newest run that succeeded.
        earlier: How long the newest successful runs about the same subject took, the newest first.
    """

    dag_id: str
    paused: bool
    next_at: datetime | None
    active: ActiveRun | None
    last: EndedRun | None
    last_success: EndedRun | None
    earlier: tuple[timedelta, ...]


@dataclass(frozen=True)
class _Ended:
    subject: Subject
    run: EndedRun


def dag_activities(
    user: Any, dag_ids: Collection[str], catalog: str, scheduled_catalog: str
) -> Mapping[str, DagActivity]:
    """Return what each DAG does about the catalog; nothing of a DAG that the user may not see, or that is not there.

    Args:
        user: Airflow's own user; None where nobody is logged in.
        dag_ids: The DAGs.
        catalog: The catalog.
        scheduled_catalog: The catalog of runs whose form names none.
    """
    if user is None:
        return {}
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    readable = set(get_auth_manager().get_authorized_dag_ids(user=user, method="GET")) & set(dag_ids)
    columns = (DagModel.dag_id, DagModel.is_paused, DagModel.next_dagrun_create_after)
    with create_session() as session:
        ended = [run for run in _ended(session, readable, scheduled_catalog) if run.subject.catalog == catalog]
        active = {dag_id: _active(session, dag_id, catalog, scheduled_catalog=scheduled_catalog) for dag_id in readable}
        dags = session.execute(select(*columns).where(DagModel.dag_id.in_(readable), ~DagModel.is_stale)).all()
    return {
        dag.dag_id: _activity(
            dag, [run for run in ended if run.subject.dag_id == dag.dag_id], active[dag.dag_id], catalog
        )
        for dag in dags
    }


def _activity(dag: Any, ended: list[_Ended], active: tuple[Subject, ActiveRun] | None, catalog: str) -> DagActivity:
    newest_first = sorted(ended, key=lambda run: run.run.ended_at, reverse=True)
    successes = [run for run in newest_first if run.run.state == "success"]
    form = {"catalog": catalog, **START_FIELDS.get(dag.dag_id, {})}
    about = active[0] if active else subject(dag.dag_id, form, catalog)
    return DagActivity(
        dag_id=dag.dag_id,
        paused=bool(dag.is_paused),
        next_at=None if dag.is_paused else dag.next_dagrun_create_after,
        active=active[1] if active else None,
        last=newest_first[0].run if newest_first else None,
        last_success=successes[0].run if successes else None,
        earlier=tuple(run.run.took for run in successes if run.subject == about)[:RUNS_OF_EACH],
    )


def _ended(session: Any, dag_ids: Collection[str], scheduled_catalog: str) -> Iterable[_Ended]:
    """Yield the newest runs that are over of each DAG, form and state, without dry runs: few, however often a DAG ran."""
    from airflow.models.dagrun import DagRun
    from sqlalchemy import func, select

    form, _ = form_and_began()
    rank = func.row_number().over(
        partition_by=(DagRun.dag_id, form, DagRun.state), order_by=(DagRun.run_after.desc(), DagRun.id.desc())
    )
    columns = (DagRun.dag_id, DagRun.run_id, DagRun.state, DagRun.start_date, DagRun.end_date)
    over = DagRun.state.in_(("success", "failed")), DagRun.end_date.is_not(None), DagRun.start_date.is_not(None)
    ranked = (
        select(*columns, form.label("form"), rank.label("rank")).where(DagRun.dag_id.in_(dag_ids), *over).subquery()
    )
    for run in session.execute(select(ranked).where(ranked.c.rank <= RUNS_OF_EACH)):
        about = subject(run.dag_id, form_of(run.form), scheduled_catalog)
        if not about.is_dry:
            ended = EndedRun(
                run_id=run.run_id,
                state=_text(run.state),
                ended_at=run.end_date,
                took=run.end_date - run.start_date,
                page=run_page(run.dag_id, run.run_id),
            )
            yield _Ended(about, ended)


def _active(session: Any, dag_id: str, catalog: str, *, scheduled_catalog: str) -> tuple[Subject, ActiveRun] | None:
    """Return the run about the catalog that has been at work longest, else the one that has waited longest."""
    from airflow.models.dagrun import DagRun
    from sqlalchemy import select

    form, began = form_and_began()
    columns = (DagRun.run_id, DagRun.state, DagRun.queued_at, form.label("form"), began.label("began"))
    runs = select(*columns).where(DagRun.dag_id == dag_id, DagRun.state.in_(("running", "queued")))
    candidates = [
        (about, run)
        for run in session.execute(runs)
        if (about := subject(dag_id, form_of(run.form), scheduled_catalog)).catalog == catalog and not about.is_dry
    ]
    if not candidates:
        return None
    about, run = min(candidates, key=lambda pair: (_text(pair[1].state) != "running", pair[1].began))
    states = _task_states(session, dag_id, run.run_id)
    is_running = _text(run.state) == "running"
    awaits_answer, page = _awaits_answer(session, dag_id, run.run_id), run_page(dag_id, run.run_id)
    return about, ActiveRun(
        state=_text(run.state),
        since=run.began if is_running else run.queued_at or run.began,
        page=f"{page}/required_actions" if awaits_answer else page,
        tasks=len(states),
        tasks_ended=sum(state in ENDED for state in states),
        awaits_answer=awaits_answer,
    )


def _task_states(session: Any, dag_id: str, run_id: str) -> list[str]:
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    tasks = select(TaskInstance.state).where(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
    return [_text(state) for state in session.scalars(tasks)]


def _awaits_answer(session: Any, dag_id: str, run_id: str) -> bool:
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    questions = (
        select(HITLDetail.ti_id)
        .join(TaskInstance, TaskInstance.id == HITLDetail.ti_id)
        .where(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id, HITLDetail.responded_at.is_(None))
    )
    return session.execute(questions).first() is not None


def _text(state: Any) -> str:
    return str(getattr(state, "value", state))
