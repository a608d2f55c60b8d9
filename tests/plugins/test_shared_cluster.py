"""One cluster for a DAG's run: who makes it, who joins it, who takes it away, and what each fault ends in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from airflow.sdk import DAG
from airflow.sdk.definitions.retry_policy import RetryAction

from basketry.errors import BadInputError
from basketry.jobs.forecast import FORECAST
from basketry.jobs.rfm import RFM
from basketry.jobs.sales import SALES
from basketry_airflow.as_of import AS_OF
from basketry_airflow.compute import load_shared
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.retry import JobRetryPolicy, cause_of
from basketry_airflow.script_arguments import CATALOG
from basketry_airflow.shared_cluster import START, STOP
from basketry_airflow.spark_job import spark_job
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.kit.documents import include_sharing
from tests.kit.rendering import context

CHECKOUT = Path(__file__).resolve().parents[2]
DOC = "[runbook](docs/runbooks/daily_sales.md)"
HOME = "os.path.dirname(os.environ['BASKETRY_VOLUMES'])"
SCRIPTS = {
    "sales.py": "print('done')",
    "rfm.py": f"import os, sys, time\ntime.sleep(60 if os.path.exists({HOME} + '/slow') else 0)",
    "forecast.py": f"import os, sys\nsys.exit(os.path.exists({HOME} + '/broken'))",
}


@pytest.fixture
def emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabricksEmulator]:
    """A workspace with three tiny jobs; the DAG `trio` shares a cluster."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for name, source in SCRIPTS.items():
        (scripts / name).write_text(source)
    monkeypatch.setenv("BASKETRY_INCLUDE", str(include_sharing(tmp_path, "{trio: small}")))
    monkeypatch.setenv("BASKETRY_RUNTIME", "databricks")
    monkeypatch.setenv("BASKETRY_POLLING_SECONDS", "0.05")
    with DatabricksEmulator(scripts, tmp_path / "home") as running:
        running.home.mkdir(exist_ok=True)
        monkeypatch.setenv("AIRFLOW_CONN_DATABRICKS_DEFAULT", running.connection)
        yield running


def trio() -> DAG:
    """Three jobs, the last after the others."""
    with DAG(
        "trio", schedule=None, **dag_defaults(tier=2, owner="us", runbook="docs/runbooks/daily_sales.md", doc=DOC)
    ) as dag:
        sales = spark_job(SALES)(catalog=CATALOG, as_of=AS_OF)
        rfm = spark_job(RFM)(catalog=CATALOG, as_of=AS_OF)
        forecast = spark_job(FORECAST)(catalog=CATALOG, as_of=AS_OF)
        [sales, rfm] >> forecast
    return dag


class Memory(dict[str, Any]):
    """What a task remembers across its tries."""

    set = dict.__setitem__


class Worker:
    """Executes the tasks of one run of the DAG, as a worker does; a dead worker has forgotten all but what was stored."""

    def __init__(self, run_id: str = "manual__1") -> None:
        self.run_id = run_id
        self.handed_on: dict[str, Any] = {}
        self.memory: dict[str, Memory] = {}

    def execute(self, name: str, try_number: int = 1, task: Any = None) -> None:
        """One try of one task; raises what it raises."""
        task = task or trio().get_task(name)
        seen = {**context(task, try_number=try_number), "run_id": self.run_id}
        instance = MagicMock(stats_tags={}, task_id=name, map_index=-1, try_number=try_number)
        instance.xcom_pull = lambda task_ids: self.handed_on[task_ids]
        seen["ti"] = instance
        task.render_template_fields(seen)
        self.handed_on[name] = task.execute({**seen, "task_state_store": self.memory.setdefault(name, Memory())})

    def error(self, name: str, try_number: int = 1) -> Exception:
        """What a try fails with."""
        with pytest.raises(Exception) as caught:
            self.execute(name, try_number)
        return caught.value


def own(emulator: DatabricksEmulator) -> list[Any]:
    """The clusters that programs made."""
    return [one for one in emulator.clusters if one.source == "API"]


def during(emulator: DatabricksEmulator, worker: Worker, name: str, deed: Callable[[Any], object]) -> list[Exception]:
    """Do something to the run of a task while its script runs; what its try fails with."""
    (emulator.home / "slow").touch()
    before, failed = len(emulator.runs), []
    thread = threading.Thread(target=lambda: failed.append(worker.error(name)))
    thread.start()
    while len(emulator.runs) == before or not list(emulator.runs)[-1].running.is_set():
        time.sleep(0.01)
    deed(list(emulator.runs)[-1])
    thread.join(30)
    (emulator.home / "slow").unlink()
    return failed


def test_every_task_joins_and_nothing_else_changes(
    emulator: DatabricksEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First and last task around the others, whose script, arguments, token and limits stay as they are."""
    shared = trio()
    monkeypatch.setenv("BASKETRY_INCLUDE", str(CHECKOUT / "include"))
    alone = trio()
    assert set(shared.task_ids) - set(alone.task_ids) == {START, STOP}
    assert shared.get_task(START).is_setup and shared.get_task(STOP).is_teardown
    for name in alone.task_ids:
        shared_task, own_task = shared.get_task(name), alone.get_task(name)
        assert {START} == set(shared_task.upstream_task_ids) - set(own_task.upstream_task_ids)
        assert {STOP} == set(shared_task.downstream_task_ids) - set(own_task.downstream_task_ids)
        assert shared_task.idempotency_token == own_task.idempotency_token
        assert (shared_task.timeout_seconds, shared_task.retries, shared_task.durable) == (
            own_task.timeout_seconds,
            own_task.retries,
            own_task.durable,
        )
        assert shared_task.tasks[0]["libraries"] == own_task.tasks[0]["libraries"]
        assert set(own_task.tasks[0]) - set(shared_task.tasks[0]) == {"new_cluster"}
    monkeypatch.setenv("BASKETRY_RUNTIME", "local")
    monkeypatch.setenv("BASKETRY_INCLUDE", str(include_sharing(emulator.home, "{trio: small}")))
    assert set(trio().task_ids) == set(alone.task_ids), "locally nothing is shared"


def test_one_cold_start_for_all(emulator: DatabricksEmulator) -> None:
    """The cluster carries the run's tags and ends by itself when idle; after the run it is gone."""
    worker = Worker()
    for name in (START, "sales", "rfm", "forecast", STOP):
        worker.execute(name)
    (cluster,) = own(emulator)
    assert emulator.clusters.starts == [cluster.cluster_id]
    assert [run.state.result for run in emulator.runs] == ["SUCCESS"] * 3
    assert cluster.state == "TERMINATED"
    assert cluster.spec["autotermination_minutes"] == 10
    assert cluster.spec["cluster_name"] == "basketry trio manual__1"
    assert {"dag": "trio", "catalog": "demo", "project": "basketry"}.items() <= cluster.spec["custom_tags"].items()


def test_a_retry_starts_its_own_task_again_and_no_other(emulator: DatabricksEmulator) -> None:
    """The second try is a second run of that task alone, on the cluster that is still there."""
    worker = Worker()
    for name in (START, "sales", "rfm"):
        worker.execute(name)
    (emulator.home / "broken").touch()
    assert JobRetryPolicy().evaluate(worker.error("forecast"), 1, 3).action is RetryAction.RETRY
    (emulator.home / "broken").unlink()
    worker.execute("forecast", 2)
    submitted = [run.submission.tasks[0].python_file.rsplit("/", 1)[1] for run in emulator.runs]
    assert submitted == ["sales.py", "rfm.py", "forecast.py", "forecast.py"]
    assert len(emulator.clusters.starts) == 1


def test_cancelling_one_task_leaves_the_others(emulator: DatabricksEmulator) -> None:
    """Cluster and sibling go on; the cancelled task is not tried again."""
    worker = Worker()
    worker.execute(START)
    (error,) = during(emulator, worker, "rfm", lambda run: run.ask_to_end())
    assert cause_of(error) == "cancelled by a person"
    assert JobRetryPolicy().evaluate(error, 1, 3).action is RetryAction.FAIL
    assert [one.state for one in own(emulator)] == ["RUNNING"]
    worker.execute("sales")
    assert [run.state.result for run in emulator.runs] == ["CANCELED", "SUCCESS"]


def test_a_killed_worker_finds_its_run_and_its_cluster_again(
    emulator: DatabricksEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the submission, or after the cluster was made: the next try makes no second one."""
    worker = Worker()
    emulator.faults.add("server_error_after_accept", path="POST /api/2.1/clusters/create")
    assert cause_of(worker.error(START)) == "the workspace did not answer"
    worker.execute(START, 2)
    assert len(own(emulator)) == 1
    task = trio().get_task("sales")
    monkeypatch.setattr(task, "poll_until_complete", MagicMock(side_effect=SystemExit), raising=False)
    with pytest.raises(SystemExit):
        worker.execute("sales", 1, task)
    worker.execute("sales", 2)
    assert len(emulator.runs) == 1


def test_a_lost_cluster_starts_again_for_the_next_try(emulator: DatabricksEmulator) -> None:
    """The cloud takes it while a job runs: that try fails, and the next one brings the same cluster back."""
    worker = Worker()
    worker.execute(START)
    (cluster,) = own(emulator)
    (error,) = during(
        emulator, worker, "rfm", lambda run: emulator.clusters.terminate(cluster, "SPOT_INSTANCE_TERMINATION")
    )
    assert cause_of(error) == "the cluster was lost while the job ran"
    assert JobRetryPolicy().evaluate(error, 1, 3).action is RetryAction.RETRY
    worker.execute("rfm", 2)
    assert emulator.clusters.starts == [cluster.cluster_id] * 2


def test_a_cluster_that_does_not_start_is_told_once(emulator: DatabricksEmulator) -> None:
    """The first task fails, so that one alert tells it and not one of every job; its next try starts the same cluster."""
    worker = Worker()
    emulator.faults.add("cluster_failure")
    error = worker.error(START)
    assert str(error) == "no cluster could be started: CLOUD_PROVIDER_LAUNCH_FAILURE."
    assert cause_of(error) == "no cluster could be started"
    worker.execute(START, 2)
    assert (len(own(emulator)), len(emulator.clusters.starts), len(emulator.runs)) == (1, 2, 0)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (
            {"kind": "forbid", "operation": "clusters"},
            "the workspace refused: make deploy-check names the missing permission",
        ),
        ({"kind": "expired_token", "operation": "clusters"}, "the login was refused: renew the connection's token"),
        ({"kind": "server_error", "operation": "clusters"}, "the workspace did not answer"),
    ],
)
def test_a_refusal_has_the_same_words(emulator: DatabricksEmulator, fault: dict[str, str], cause: str) -> None:
    """The client that makes clusters is another one than the jobs'; the alert says the same."""
    emulator.faults.add(**fault)
    assert cause_of(Worker().error(START)) == cause


def test_two_runs_at_once_have_two_clusters(emulator: DatabricksEmulator) -> None:
    """The end of one takes nothing from the other."""
    first, second = Worker("manual__1"), Worker("manual__2")
    first.execute(START)
    second.execute(START)
    assert first.handed_on[START] != second.handed_on[START]
    first.execute(STOP)
    assert [cluster.state for cluster in own(emulator)] == ["TERMINATED", "RUNNING"]


def test_the_end_finds_what_a_lost_answer_left(emulator: DatabricksEmulator) -> None:
    """A client that repeats a lost request makes two clusters; the last task takes both away, and does not mind a third time."""
    worker = Worker()
    worker.execute(START)
    emulator.clusters.create(own(emulator)[0].spec)
    worker.execute(STOP)
    worker.execute(STOP)
    assert [cluster.state for cluster in own(emulator)] == ["TERMINATED"] * 2


def test_a_killed_start_leaves_nothing(emulator: DatabricksEmulator) -> None:
    """Whoever marks the first task as failed does not pay for its cluster."""
    worker = Worker()
    task = trio().get_task(START)
    worker.execute(START, task=task)
    task.on_kill()
    assert [cluster.state for cluster in own(emulator)] == ["TERMINATED"]


@pytest.mark.parametrize(
    ("choice", "named"),
    [
        ("{trio: serverless}", "trio cannot share profile 'serverless': choose one of kind job_cluster"),
        ("{trio: smal}", "unknown profile 'smal'; did you mean 'small'"),
        ("[trio]", "make it a mapping"),
    ],
)
def test_a_wrong_choice_is_named(tmp_path: Path, choice: str, named: str) -> None:
    """A profile without a cluster of its own, one that does not exist, a wrong shape."""
    with pytest.raises(BadInputError, match=named):
        load_shared(include_sharing(tmp_path, choice), "trio", "noop")


def test_a_dag_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """A misspelt DAG would pay for a cluster per task for weeks."""
    root = include_sharing(tmp_path, "{daily_scorin: small}")
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "daily_scoring.py").touch()
    with pytest.raises(BadInputError, match="there is no DAG 'daily_scorin'; did you mean 'daily_scoring'"):
        load_shared(root, "daily_scorin", "noop")
