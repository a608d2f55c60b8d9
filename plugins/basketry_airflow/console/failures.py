"""What has failed and is not settled yet: by what each run was about, not by which run of a DAG is the newest."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from basketry_airflow.console.subjects import Subject, form_of, subject

WHOLE_RUN = "the whole run"
"""In the place of a task, where a run failed and none of its tasks did: its time was over, or somebody ended it."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A task that has failed for good, in a run after which nothing about the same subject has succeeded.

    Attributes:
        dag_id: The DAG.
        task_id: The task, or WHOLE_RUN.
        about: What the run was about, for people.
        ended_at: When the task, or the run, ended.
        page: Path of the run's page within Airflow.
    """

    dag_id: str
    task_id: str
    about: str
    ended_at: datetime | None
    page: str


@dataclass(frozen=True)
class _Newest:
    """When the newest run of one form began, failed or successful.

    Attributes:
        subject: What the run was about.
        form: The form's text, as it is stored.
        began: When the run began.
    """

    subject: Subject
    form: str | None
    began: datetime


def run_page(dag_id: str, run_id: str) -> str:
    """Return the path of a run within Airflow."""
    return f"dags/{quote(dag_id)}/runs/{quote(run_id, safe='')}"


def failures(session: Any, dag_ids: Collection[str], scheduled_catalog: str) -> tuple[Failure, ...]:
    """Return the failed tasks that nothing has settled, the newest first.

    Args:
        session: A session of Airflow's database.
        dag_ids: The DAGs to look at.
        scheduled_catalog: The catalog of runs whose form names none.
    """
    failed, successes = (_newest(session, dag_ids, state, scheduled_catalog) for state in ("failed", "success"))
    return tuple(failure for newest in unsettled(failed, successes) for failure in _tasks(session, newest))


def unsettled(failed: Iterable[_Newest], successes: Iterable[_Newest]) -> list[_Newest]:
    """Return the newest failure about each subject after which no success settles it, the newest first."""
    last: dict[Subject, _Newest] = {}
    for run in sorted(failed, key=lambda run: run.began):
        last[run.subject] = run
    settling = tuple(successes)
    standing = [
        run
        for run in last.values()
        if not any(later.began > run.began and run.subject.is_settled_by(later.subject) for later in settling)
    ]
    return sorted(standing, key=lambda run: run.began, reverse=True)


def _newest(session: Any, dag_ids: Collection[str], state: str, scheduled_catalog: str) -> list[_Newest]:
    """Return the newest run of that state by DAG and form: few rows, however often the DAG has run."""
    from airflow.models.dagrun import DagRun
    from sqlalchemy import func, select

    form, began = form_and_began()
    grouped = (
        select(DagRun.dag_id, form.label("form"), func.max(began).label("began"))
        .where(DagRun.dag_id.in_(dag_ids), DagRun.state == state)
        .group_by(DagRun.dag_id, form)
    )
    return [
        _Newest(subject(run.dag_id, form_of(run.form), scheduled_catalog), run.form, run.began)
        for run in session.execute(grouped)
    ]


def _tasks(session: Any, newest: _Newest) -> Iterable[Failure]:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    form, began = form_and_began()
    dag_id = newest.subject.dag_id
    same = (
        DagRun.dag_id == dag_id,
        DagRun.state == "failed",
        form.is_not_distinct_from(newest.form),
        began == newest.began,
    )
    run = session.execute(select(DagRun.run_id, DagRun.end_date).where(*same).order_by(DagRun.id.desc())).first()
    if run is None:  # it was cleared, or deleted, between two questions
        return
    failed = select(TaskInstance.task_id, TaskInstance.end_date).where(
        TaskInstance.dag_id == dag_id, TaskInstance.run_id == run.run_id, TaskInstance.state == "failed"
    )
    tasks = session.execute(failed).all() or [(WHOLE_RUN, run.end_date)]
    for task_id, ended_at in tasks:
        yield Failure(
            dag_id=dag_id,
            task_id=task_id,
            about=newest.subject.words,
            ended_at=ended_at,
            page=run_page(dag_id, run.run_id),
        )


def form_and_began() -> tuple[Any, Any]:
    """Return a run's form as text, which every database can compare, and when it began; a cleared run begins again."""
    from airflow.models.dagrun import DagRun
    from sqlalchemy import Text, cast, func

    return cast(DagRun.conf, Text), func.coalesce(DagRun.start_date, DagRun.run_after)
