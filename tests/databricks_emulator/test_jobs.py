"""The Jobs API as databricks-sdk sees it."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue, InvalidState, NotFound, PermissionDenied, ResourceDoesNotExist
from databricks.sdk.service.jobs import Run, RunLifeCycleState, RunResultState, TerminationCodeCode

from tests.databricks_emulator.conftest import python_task, sdk_tasks
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.databricks_emulator.errors import ApiError
from tests.databricks_emulator.payload import read_submission


def submitted(client: WorkspaceClient, emulator: DatabricksEmulator, *tasks: dict[str, Any], **fields: Any) -> Run:
    """Submit, wait until it has ended, and ask for it."""
    run_id = client.jobs.submit(tasks=sdk_tasks(*tasks), **fields).run_id
    emulator.wait(run_id)
    return client.jobs.get_run(run_id)


def output_error(client: WorkspaceClient, run: Run) -> str:
    """What get-output says of the first task."""
    return client.jobs.get_run_output(run.tasks[0].run_id).error or ""


def test_sdk_submits_and_waits(client: WorkspaceClient) -> None:
    """A script that ends well is a run that the SDK waits for and sees as SUCCESS in both vocabularies."""
    run = client.jobs.submit(run_name="nightly", tasks=sdk_tasks(python_task("succeed.py"))).result(
        timeout=timedelta(seconds=120)
    )
    assert run.state.result_state is RunResultState.SUCCESS
    assert run.status.termination_details.code is TerminationCodeCode.SUCCESS
    assert (run.run_name, run.tasks[0].task_key) == ("nightly", "main")
    assert f"run/{run.run_id}" in run.run_page_url
    assert run.end_time >= run.start_time > 0


def test_script_gets_what_a_cluster_has_and_nothing_of_who_submitted_it(
    client: WorkspaceClient, emulator: DatabricksEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its parameters, the workspace's own login, the mounted volumes and the clock; no `__file__`, no setting of the submitter."""
    for name in (
        "AIRFLOW__CORE__FERNET_KEY",
        "DATABRICKS_TOKEN",
        "BASKETRY_HOME",
        "BASKETRY_TARGET",
        "MLFLOW_TRACKING_URI",
    ):
        monkeypatch.setenv(name, "of the submitter")
    submitted(client, emulator, python_task("show.py", "--catalog", "demo", "a b"))
    seen = json.loads((emulator.home / "seen.json").read_text())
    assert seen["arguments"] == ["--catalog", "demo", "a b"]
    assert not seen["has_file"] and "of the submitter" not in seen["variables"].values()
    assert {name for name in seen["variables"] if name.startswith("BASKETRY_")} <= {"BASKETRY_NOW", "BASKETRY_VOLUMES"}
    assert seen["variables"]["DATABRICKS_TOKEN"] == emulator.token


def test_failed_script_tells_its_exception(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """A raised exception is the task's error, without module, with its trace; the run points there."""
    run = submitted(client, emulator, python_task("fail.py"))
    output = client.jobs.get_run_output(run.tasks[0].run_id)
    assert output.error == "ValueError: the store is empty"
    assert "Traceback" in output.error_trace
    assert run.state.result_state is RunResultState.FAILED
    assert run.state.life_cycle_state is RunLifeCycleState.INTERNAL_ERROR
    assert run.state.state_message.startswith("Task main failed with message: Workload failed, see run output")
    assert run.status.termination_details.code is TerminationCodeCode.RUN_EXECUTION_ERROR


def test_bad_input_that_exits_with_a_code_keeps_its_sentence(
    client: WorkspaceClient, emulator: DatabricksEmulator
) -> None:
    """A job that prints its BadInputError and exits 65 looks as if it had raised it, as it does on Databricks."""
    run = submitted(client, emulator, python_task("refuse.py"))
    assert output_error(client, run) == "BadInputError: BAD_INPUT: name a feed."


def test_missing_script_fails_the_run(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """A python_file that is not in the workspace, or outside it, is accepted and then fails, naming the file."""
    for name in ("absent.py", "../conftest.py"):
        run = submitted(client, emulator, python_task(name))
        assert run.state.result_state is RunResultState.FAILED
        assert output_error(client, run).startswith("Cannot read the python file")


def test_output_of_a_whole_run_is_refused(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """get-output wants a task's run id, even for a run of one task."""
    run = submitted(client, emulator, python_task("fail.py"))
    with pytest.raises(InvalidParameterValue, match="individual task run"):
        client.jobs.get_run_output(run.run_id)


def test_task_run_can_be_asked_for_as_a_run(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """runs/get of a task's id shows that task."""
    run = submitted(client, emulator, python_task("succeed.py"))
    task_id = run.tasks[0].run_id
    seen = client.jobs.get_run(task_id)
    assert (seen.run_id, seen.job_run_id, len(seen.tasks)) == (task_id, run.run_id, 1)


def test_tasks_run_after_what_they_depend_on(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """A task whose upstream failed is SKIPPED with UPSTREAM_FAILED; the run says which task failed."""
    second = python_task("succeed.py", key="second", depends_on=[{"task_key": "first"}])
    run = submitted(client, emulator, second, python_task("fail.py", key="first"))
    states = {task.task_key: task.state.result_state for task in run.tasks}
    assert states == {"first": RunResultState.FAILED, "second": RunResultState.UPSTREAM_FAILED}
    assert "Task first failed" in run.state.state_message


def test_same_token_is_the_same_run(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """A second submission with the token starts nothing, even after the run failed; after a delete it is an error."""
    tasks = sdk_tasks(python_task("fail.py"))
    first = client.jobs.submit(tasks=tasks, idempotency_token="t-1").run_id
    emulator.wait(first)
    assert client.jobs.submit(tasks=tasks, idempotency_token="t-1").run_id == first
    assert client.jobs.submit(tasks=tasks, idempotency_token="t-2").run_id != first
    client.jobs.delete_run(first)
    with pytest.raises(InvalidParameterValue, match="was deleted"):
        client.jobs.submit(tasks=tasks, idempotency_token="t-1")


def test_cancel_ends_the_process(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """A cancelled run's process is gone long before it would have ended, and the run is CANCELED."""
    run_id = client.jobs.submit(tasks=sdk_tasks(python_task("sleep.py"))).run_id
    assert emulator.runs[run_id].running.wait(60)
    start = time.monotonic()
    client.jobs.cancel_run(run_id)
    emulator.wait(run_id)
    assert time.monotonic() - start < 50
    run = client.jobs.get_run(run_id)
    assert (run.state.life_cycle_state, run.state.result_state) == (
        RunLifeCycleState.TERMINATED,
        RunResultState.CANCELED,
    )
    assert run.status.termination_details.code is TerminationCodeCode.USER_CANCELED
    client.jobs.cancel_run(run_id)
    assert client.jobs.get_run(run_id).state.result_state is RunResultState.CANCELED


def test_timeout_ends_the_process(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """timeout_seconds of the run kills it: TIMEDOUT."""
    run = submitted(client, emulator, python_task("sleep.py"), timeout_seconds=1)
    assert run.state.result_state is RunResultState.TIMEDOUT


def test_list_pages_through_all_runs_newest_first(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """Pages of two show every run once, newest first, though a run is submitted between two pages."""
    ids = [submitted(client, emulator, python_task("absent.py")).run_id for _ in range(5)]
    pages = client.jobs.list_runs(limit=2)
    seen = [next(pages).run_id]
    submitted(client, emulator, python_task("absent.py"))
    seen += [run.run_id for run in pages]
    assert seen == ids[::-1]


def test_list_tells_active_from_completed_runs(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """active_only and completed_only split the runs; without expand_tasks no tasks are listed."""
    ended = submitted(client, emulator, python_task("absent.py")).run_id
    active = client.jobs.submit(tasks=sdk_tasks(python_task("sleep.py"))).run_id
    assert [run.run_id for run in client.jobs.list_runs(active_only=True)] == [active]
    completed = list(client.jobs.list_runs(completed_only=True))
    assert [(run.run_id, run.tasks) for run in completed] == [(ended, [])]
    with pytest.raises(InvalidState, match="active"):
        client.jobs.delete_run(active)


def test_unknown_run_and_unknown_api_are_refused(client: WorkspaceClient) -> None:
    """What is not there says so in Databricks' error shape."""
    with pytest.raises(ResourceDoesNotExist, match="Run 7 does not exist"):
        client.jobs.get_run(7)
    with pytest.raises(NotFound, match="No API found"):
        client.jobs.repair_run(7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"timeout_second": 5}, "'timeout_second'"),
        ({"spark_python_task": {"python_file": "/a.py"}}, "'spark_python_task'"),
        ({"tasks": [python_task("succeed.py", timeout_second=5)]}, r"'tasks\[0\].timeout_second'"),
        ({"tasks": [python_task("succeed.py", environment_key="e")]}, "exactly one"),
        ({"tasks": [python_task("succeed.py", existing_cluster_id="", environment_key="e")]}, "environment 'e'"),
        ({"tasks": [python_task("succeed.py", max_retries=2)]}, "max_retries"),
        ({"tasks": [python_task("succeed.py", depends_on=[{"task_key": "ghost"}])]}, "'ghost'"),
        ({"tasks": [python_task("succeed.py"), python_task("fail.py")]}, "same task_key"),
        ({"tasks": [{"task_key": "main", "notebook_task": {"notebook_path": "/n"}}]}, "spark_python_task"),
        ({"tasks": []}, "0 tasks"),
        ({"idempotency_token": "x" * 65}, "65 characters"),
        ({"queue": {"enabled": True, "length": 3}}, "'queue.length'"),
    ],
)
def test_wrong_submission_is_refused(change: dict[str, Any], message: str) -> None:
    """Whatever the service would drop in silence, or the emulator cannot run, is a 400 that names it."""
    with pytest.raises(ApiError, match=message) as refusal:
        read_submission({"tasks": [python_task("succeed.py")]} | change)
    assert (refusal.value.status, refusal.value.code) == (400, "INVALID_PARAMETER_VALUE")


def test_refusal_reaches_the_client(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """A refused submission is an error of the SDK's own, and no run."""
    with pytest.raises(InvalidParameterValue, match="same task_key"):
        client.jobs.submit(tasks=sdk_tasks(python_task("succeed.py"), python_task("fail.py")))
    assert len(emulator.runs) == 0


def test_full_submission_is_accepted(client: WorkspaceClient) -> None:
    """Everything that a serverless or a job-cluster submission needs survives the strict check, numbers as text too."""
    serverless = python_task("succeed.py", key="a", environment_key="default", timeout_seconds="60")
    serverless.pop("existing_cluster_id")
    cluster = {"spark_version": "18.x-scala2.13", "num_workers": "2", "custom_tags": {"tier": "1"}, "spark_conf": {}}
    classic = python_task("succeed.py", key="b", new_cluster=cluster, libraries=[{"pypi": {"package": "duckdb"}}])
    classic.pop("existing_cluster_id")
    body = {
        "run_name": "full",
        "tasks": [serverless, classic],
        "environments": [{"environment_key": "default", "spec": {"environment_version": "4", "dependencies": []}}],
        "access_control_list": [{"group_name": "analysts", "permission_level": "CAN_VIEW"}],
        "queue": {"enabled": True},
        "timeout_seconds": "3600",
    }
    assert client.api_client.do("POST", "/api/2.2/jobs/runs/submit", body=body)["run_id"] > 0


def test_wrong_token_is_forbidden(emulator: DatabricksEmulator) -> None:
    """A wrong bearer is 403."""
    stranger = WorkspaceClient(host=emulator.url, token="wrong")
    with pytest.raises(PermissionDenied, match="Invalid access token"):
        stranger.current_user.me()


def test_workspace_answers_who_and_what(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """The small questions of clients have answers."""
    assert client.current_user.me().user_name
    assert [cluster.cluster_id for cluster in client.clusters.list()]
    assert client.warehouses.get(emulator.warehouse_id).id == emulator.warehouse_id
