"""DAGs of the checkout run to their end, and people who answer a gate's question in one, or do not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from basketry.config.settings import CHECKOUT

QUESTION = "gate.ask"
SECONDS = 300


def run_dag(dag_id: str, form: dict[str, Any], answer: Callable[[], None] | None = None) -> Any:
    """Run a DAG to its end, as somebody starts it by hand; `answer` deals with the gate's question once it is asked."""
    from airflow.dag_processing.dagbag import DagBag

    file = str(CHECKOUT / "dags" / f"{dag_id}.py")
    dag = DagBag(dag_folder=file).dags[dag_id]
    with _read_alone(file), ThreadPoolExecutor(1) as pool:
        answered = pool.submit(_or_ends_it, answer) if answer else None
        done = dag.test(logical_date=None, run_after=datetime.now(UTC), run_conf=form)
        if answered:
            answered.result()
    return done


@contextmanager
def _read_alone(file: str) -> Iterator[None]:
    """Have a run write this file's DAG to Airflow's database: by itself each run reads the whole folder for it."""
    from airflow.dag_processing import dagbag

    whole = dagbag.BundleDagBag

    def bag(dag_folder: str, **bundle: Any) -> dagbag.BundleDagBag:
        """What is asked of the folder, of the file."""
        return whole(dag_folder=file, **bundle)

    with patch.object(dagbag, "BundleDagBag", bag):
        yield


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


def says(option: str, why: str = "", user: str = "alice") -> Callable[[], None]:
    """Let somebody answer through Airflow's own API code."""

    def answer() -> None:
        """Choose the option once the question stands."""
        from airflow.api_fastapi.app import create_auth_manager
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
        from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
        from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
        from airflow.utils.session import create_session

        create_auth_manager()
        waiting = question()
        payload = UpdateHITLDetailPayload(chosen_options=[option], params_input={"why": why} if why else {})
        with create_session() as session:
            update_hitl_detail(
                dag_id=waiting.dag_id,
                dag_run_id=waiting.run_id,
                task_id=waiting.task_id,
                update_hitl_detail_payload=payload,
                user=SimpleAuthManagerUser(username=user, role="user"),
                session=session,
            )

    return answer


def lets_time_pass(hours: int = 48) -> None:
    """Nobody answers until the scheduler finds the time up, which is so many hours."""
    from airflow.jobs.job import Job
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    waiting = question()
    assert timedelta(hours=hours - 1) < waiting.trigger_timeout - datetime.now(UTC) <= timedelta(hours=hours)
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
            session.execute(update(TaskInstance).where(TaskInstance.state == "awaiting_input").values(state="failed"))
        raise
