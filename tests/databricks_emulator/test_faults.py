"""Every fault as databricks-sdk meets it."""

from __future__ import annotations

import time

import pytest
import requests
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InternalError, PermissionDenied
from databricks.sdk.service.jobs import RunLifeCycleState, RunResultState, TerminationCodeCode

from tests.databricks_emulator.conftest import python_task, sdk_tasks
from tests.databricks_emulator.emulator import DatabricksEmulator


def submit(client: WorkspaceClient, script: str = "succeed.py", token: str | None = None) -> int:
    """Submit one script; its run id."""
    return client.jobs.submit(tasks=sdk_tasks(python_task(script)), idempotency_token=token).run_id


def test_error_after_accept_leaves_a_run(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """The caller sees 500, yet the run exists; trying again makes a second one without a token, none with it."""
    for token, runs in ((None, 2), ("t-1", 3)):
        emulator.faults.add("server_error_after_accept")
        with pytest.raises(InternalError):
            submit(client, token=token)
        submit(client, token=token)
        assert len(emulator.runs) == runs


def test_error_before_accept_leaves_nothing(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """A plain 500 means that nothing was started."""
    emulator.faults.add("server_error", operation="submit")
    with pytest.raises(InternalError):
        submit(client)
    assert len(emulator.runs) == 0


def test_throttled_client_comes_back_later(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """429 with Retry-After: the SDK waits that long and then gets through, and there is one run."""
    emulator.faults.add("throttle", operation="submit", seconds=1)
    start = time.monotonic()
    submit(client)
    assert time.monotonic() - start >= 1
    assert (emulator.calls.count("submit"), len(emulator.runs)) == (2, 1)


def test_slow_answer_times_out_though_accepted(emulator: DatabricksEmulator) -> None:
    """A client that gives up early has started a run all the same."""
    emulator.faults.add("slow", operation="submit", seconds=2)
    with pytest.raises(requests.Timeout):
        requests.post(
            f"{emulator.url}/api/2.2/jobs/runs/submit",
            json={"tasks": [python_task("succeed.py")]},
            headers={"Authorization": f"Bearer {emulator.token}"},
            timeout=0.5,
        )
    deadline = time.monotonic() + 30
    while not emulator.runs and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(emulator.runs) == 1


def test_status_may_be_forbidden_for_a_while(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """403 on the status call; the run goes on."""
    run_id = submit(client)
    emulator.faults.add("forbid")
    with pytest.raises(PermissionDenied):
        client.jobs.get_run(run_id)
    assert client.jobs.get_run(run_id).run_id == run_id


def test_person_cancels(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """A run that a person cancels in the workspace ends CANCELED without the client having asked."""
    emulator.faults.add("cancel", seconds=0.2)
    run_id = submit(client, "sleep.py")
    emulator.wait(run_id)
    assert client.jobs.get_run(run_id).state.result_state is RunResultState.CANCELED
    assert "cancel" not in emulator.calls


def test_lost_output_has_no_error(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """get-output answers without error, once."""
    emulator.faults.add("lost_output")
    run_id = submit(client, "fail.py")
    task_id = emulator.wait(run_id).tasks[0].run_id
    assert client.jobs.get_run_output(task_id).error is None
    assert client.jobs.get_run_output(task_id).error == "ValueError: the store is empty"


def test_skipped_run_never_starts(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """A SKIPPED run ends at once, its script does not run."""
    emulator.faults.add("skip")
    run_id = submit(client, "show.py")
    emulator.wait(run_id)
    run = client.jobs.get_run(run_id)
    assert run.state.life_cycle_state is RunLifeCycleState.SKIPPED
    assert not (emulator.home / "seen.json").exists()


def test_queued_run_waits_and_then_runs(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """QUEUED is seen with its reason, and ends in success."""
    emulator.faults.add("queue", seconds=2)
    run_id = submit(client)
    while (run := client.jobs.get_run(run_id)).state.life_cycle_state is RunLifeCycleState.PENDING:
        time.sleep(0.01)
    assert run.state.life_cycle_state is RunLifeCycleState.QUEUED
    assert run.status.queue_details.code.value == "ACTIVE_RUNS_LIMIT_REACHED"
    emulator.wait(run_id)
    assert client.jobs.get_run(run_id).state.result_state is RunResultState.SUCCESS


def test_queued_run_can_be_cancelled(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """A cancellation ends a run that never left the queue."""
    emulator.faults.add("queue", seconds=60)
    run_id = submit(client, "show.py")
    client.jobs.cancel_run(run_id)
    emulator.wait(run_id)
    assert client.jobs.get_run(run_id).state.result_state is RunResultState.CANCELED
    assert not (emulator.home / "seen.json").exists()


def test_cluster_that_does_not_start(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """No cluster: INTERNAL_ERROR with a termination code, the script does not run."""
    emulator.faults.add("cluster_failure")
    run_id = submit(client, "show.py")
    emulator.wait(run_id)
    run = client.jobs.get_run(run_id)
    assert run.state.life_cycle_state is RunLifeCycleState.INTERNAL_ERROR
    assert run.status.termination_details.code is TerminationCodeCode.CLUSTER_ERROR
    assert not (emulator.home / "seen.json").exists()


def test_faults_can_be_set_from_another_process(emulator: DatabricksEmulator) -> None:
    """The control endpoint adds, shows and clears faults, and refuses an unknown kind."""
    url, headers = f"{emulator.url}/emulator/faults", {"Authorization": f"Bearer {emulator.token}"}
    added = requests.post(url, json={"kind": "throttle", "operation": "submit"}, headers=headers, timeout=60).json()
    assert added["faults"] == emulator.faults.pending()
    assert requests.post(url, json={"kind": "earthquake"}, headers=headers, timeout=60).status_code == 400
    requests.delete(url, headers=headers, timeout=60)
    assert emulator.faults.pending() == []


def test_stopping_the_emulator_stops_what_runs(client: WorkspaceClient, emulator: DatabricksEmulator) -> None:
    """No script outlives the emulator."""
    run_id = submit(client, "sleep.py")
    assert emulator.runs[run_id].running.wait(60)
    emulator.stop()
    assert emulator.runs[run_id].state.result == "CANCELED"
