"""DAGs of the checkout run to their end, and people who answer a gate's question in one, or do not."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from basketry.config.settings import CHECKOUT

QUESTION = "gate.ask"
SECONDS = 300


def run_dag(dag_id: str, form: dict[str, Any], answer: Callable[[], None] | None = None) -> Any:
    """Run a DAG to its end, as somebody starts it by hand; `answer` deals with the gate's question once it is asked."""
    from airflow.dag_processing.dagbag import DagBag

    dag = DagBag(dag_folder=str(CHECKOUT / "dags" / f"{dag_id}.py")).dags[dag_id]
    with ThreadPoolExecutor(1) as pool:
        answered = pool.submit(_or_ends_it, answer) if answer else None
        done = dag.test(logical_date=None, run_after=datetime.now(UTC), run_conf=form)
        if answered:
            answered.result()
    return done


def task_states(dag_run: Any) -> dict[str, str]:
    """What became of each task."""
    return {task.task_id: str(task.state) for task in dag_run.get_task_instances()}


def question() -> Any:
    """The task that waits for an answer, once it has come to rest."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    for _ in range(SECONDS):
        with create_session() as session:
            waiting = session.scalar(select(TaskInstance).where(TaskInstance.state == "awaiting_input"))
            if waiting is not None:
                time.sleep(3)  # an answer in the very moment of parking is lost: airflow-notes
                session.expunge_all()
                return waiting
        time.sleep(1)
    raise AssertionError("nobody was asked")


def says(option: str, why: str) -> Callable[[], None]:
    """Let alice answer through Airflow's own API code."""

    def answer() -> None:
        """Choose the option once the question stands."""
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
        from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
        from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
        from airflow.utils.session import create_session

        waiting = question()
        payload = UpdateHITLDetailPayload(chosen_options=[option], params_input={"why": why})
        with create_session() as session:
            update_hitl_detail(
                dag_id=waiting.dag_id,
                dag_run_id=waiting.run_id,
                task_id=QUESTION,
                update_hitl_detail_payload=payload,
                user=SimpleAuthManagerUser(username="alice", role="user"),
                session=session,
            )

    return answer


def lets_time_pass() -> None:
    """Nobody answers until the scheduler finds the time up."""
    from airflow.jobs.job import Job
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    waiting = question()
    assert timedelta(hours=47) < waiting.trigger_timeout - datetime.now(UTC) <= timedelta(hours=48)
    with create_session() as session:
        task = session.get(TaskInstance, waiting.id)
        assert task is not None
        task.trigger_timeout = datetime.now(UTC) - timedelta(seconds=1)
    SchedulerJobRunner(job=Job()).check_awaiting_input_timeouts()  # type: ignore[no-untyped-call]


def _or_ends_it(answer: Callable[[], None]) -> None:
    """Answer; if that fails, the question must not be waited for any longer."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import update

    try:
        answer()
    except BaseException:
        import traceback

        traceback.print_exc()
        with create_session() as session:
            session.execute(update(TaskInstance).where(TaskInstance.task_id == QUESTION).values(state="failed"))
        raise
