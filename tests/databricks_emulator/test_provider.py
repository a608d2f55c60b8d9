"""The emulator as Airflow's Databricks provider sees it: its hook and its operator, unchanged."""

from __future__ import annotations

import threading
import time
from typing import Any
from unittest.mock import MagicMock

import pytest
from airflow.providers.databricks.hooks.databricks import DatabricksHook
from airflow.providers.databricks.operators.databricks import DatabricksSubmitRunOperator
from airflow.sdk.exceptions import AirflowException

from tests.databricks_emulator.conftest import python_task
from tests.databricks_emulator.emulator import DatabricksEmulator


class Memory(dict[str, Any]):
    """What a task remembers across its tries."""

    set = dict.__setitem__


def operator(script: str, **settings: Any) -> DatabricksSubmitRunOperator:
    """An operator that runs one script and polls fast."""
    return DatabricksSubmitRunOperator(
        task_id="job",
        tasks=[python_task(script)],
        polling_period_seconds=0.05,
        databricks_retry_delay=0.05,
        deferrable=False,
        **settings,
    )


def execute(task: DatabricksSubmitRunOperator, memory: Memory | None = None) -> dict[str, Any]:
    """Execute as a worker does; what was pushed to XCom."""
    pushed: dict[str, Any] = {}
    instance = MagicMock(stats_tags={})
    instance.xcom_push = lambda key, value: pushed.update({key: value})
    task.execute({"ti": instance, "task_state_store": Memory() if memory is None else memory})
    return pushed


def failure(task: DatabricksSubmitRunOperator) -> str:
    """The message with which it fails."""
    with pytest.raises(AirflowException) as raised:
        execute(task)
    return str(raised.value)


def test_success(emulator: DatabricksEmulator) -> None:
    """A run that succeeds ends the task and leaves its id and page."""
    pushed = execute(operator("succeed.py"))
    run = next(iter(emulator.runs))
    assert pushed["run_id"] == run.run_id
    assert pushed["run_page_url"].endswith(f"run/{run.run_id}")
    assert run.tasks[0].log() == "done\n"


@pytest.mark.parametrize(
    ("script", "error"),
    [("fail.py", "ValueError: the store is empty"), ("refuse.py", "BadInputError: BAD_INPUT: name a feed.")],
)
def test_failure_text(emulator: DatabricksEmulator, script: str, error: str) -> None:
    """The task fails with what the script said."""
    message = failure(operator(script))
    assert error in message
    assert "'result_state': 'FAILED'" in message


def test_person_cancels(emulator: DatabricksEmulator) -> None:
    """A cancellation in the workspace is told apart from a failure by the result state in the message."""
    emulator.faults.add("cancel", seconds=0.1)
    assert "'result_state': 'CANCELED'" in failure(operator("sleep.py"))


def test_killed_task_cancels_its_run(emulator: DatabricksEmulator) -> None:
    """on_kill reaches the run's process."""
    task = operator("sleep.py")
    worker = threading.Thread(target=lambda: pytest.raises(AirflowException, execute, task), daemon=True)
    worker.start()
    while not emulator.runs or not next(iter(emulator.runs)).running.is_set():
        time.sleep(0.02)
    while task.run_id is None:
        time.sleep(0.02)
    task.on_kill()
    worker.join(60)
    assert emulator.wait(task.run_id).state.result == "CANCELED"


@pytest.mark.parametrize(("token", "runs"), [(None, 2), ("task|try-1", 1)])
def test_error_after_accept(emulator: DatabricksEmulator, token: str | None, runs: int) -> None:
    """500 after the run was accepted: the hook tries again, which is a second run unless there is a token."""
    emulator.faults.add("server_error_after_accept")
    execute(operator("succeed.py", idempotency_token=token))
    assert (emulator.calls.count("submit"), len(emulator.runs)) == (2, runs)


def test_throttling_is_tried_again(emulator: DatabricksEmulator) -> None:
    """429 on every kind of call is waited out."""
    emulator.faults.add("throttle", operation="submit")
    emulator.faults.add("throttle", operation="get")
    execute(operator("succeed.py"))
    assert (emulator.calls.count("submit"), len(emulator.runs)) == (2, 1)


def test_lost_output_still_reads(emulator: DatabricksEmulator) -> None:
    """Without get-output's error the task fails with the state message, which says where to look."""
    emulator.faults.add("lost_output")
    assert "Task main failed with message: Workload failed, see run output for details" in failure(operator("fail.py"))


@pytest.mark.parametrize(
    ("fault", "state"),
    [("skip", "'life_cycle_state': 'SKIPPED'"), ("cluster_failure", "CLOUD_PROVIDER_LAUNCH_FAILURE")],
)
def test_run_that_never_starts_fails_the_task(emulator: DatabricksEmulator, fault: str, state: str) -> None:
    """SKIPPED and a cluster that does not start are failures, each named."""
    emulator.faults.add(fault)
    assert state in failure(operator("succeed.py"))


def test_queued_run_is_waited_for(emulator: DatabricksEmulator) -> None:
    """QUEUED is a state that the provider knows and waits out."""
    emulator.faults.add("queue", seconds=0.5)
    execute(operator("succeed.py"))
    assert next(iter(emulator.runs)).state.result == "SUCCESS"


def test_forbidden_status_then_reconnect(emulator: DatabricksEmulator) -> None:
    """403 on the first status call fails the try; the next try finds its run again and there is only one."""
    memory = Memory()
    emulator.faults.add("forbid")
    with pytest.raises(AirflowException, match="403"):
        execute(operator("succeed.py"), memory)
    emulator.wait(memory["databricks_run_id"])
    execute(operator("succeed.py"), memory)
    assert len(emulator.runs) == 1


def test_connection_button(emulator: DatabricksEmulator) -> None:
    """The hook's connection test succeeds with the right token and fails with a wrong one."""
    assert DatabricksHook().test_connection() == (True, "Connection successfully tested")
    emulator.faults.add("forbid", operation="clusters")
    assert DatabricksHook().test_connection()[0] is False


def test_hook_speaks_sql(emulator: DatabricksEmulator) -> None:
    """The hook's SQL statement calls work: state, and the error of one that failed."""
    hook = DatabricksHook()
    good = hook.post_sql_statement({"statement": "SELECT 1", "warehouse_id": emulator.warehouse_id})
    bad = hook.post_sql_statement({"statement": "SELECT * FROM a.b.c", "warehouse_id": emulator.warehouse_id})
    assert hook.get_sql_statement_state(good).is_successful
    assert "TABLE_OR_VIEW_NOT_FOUND" in hook.get_sql_statement_state(bad).error_message
