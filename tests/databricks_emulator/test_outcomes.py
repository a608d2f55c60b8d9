"""What each fault of a workspace ends in: how many runs, what the next try does, what the alert says."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.definitions.retry_policy import RetryAction
from airflow.sdk.exceptions import AirflowException

from basketry_airflow.alerts import FailureAlert
from basketry_airflow.retry import JobRetryPolicy
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.databricks_emulator.test_provider import Memory, execute, operator

FAIL, RETRY = RetryAction.FAIL, RetryAction.RETRY


def tried(memory: Memory, number: int, script: str = "succeed.py") -> Exception | None:
    """One try as the job factory submits it, with the token of that try; its error when it fails."""
    try:
        execute(operator(script, idempotency_token=f"task|{number}", databricks_retry_limit=2), memory)
    except AirflowException as error:
        return error
    return None


def told(error: Exception) -> str:
    """The cause that the alert names."""
    alert: dict[str, Any] = FailureAlert(tier=1, owner="us", runbook="docs/runbooks/ingest.md").alert(
        {"exception": error}
    )
    return str(alert["cause"])


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "throttle", "operation": "submit", "seconds": 1},
        {"kind": "throttle", "operation": "get", "seconds": 1},
        {"kind": "server_error", "operation": "submit", "status": 503},
        {"kind": "server_error_after_accept", "operation": "submit"},
        {"kind": "server_error_after_accept", "operation": "get"},
        {"kind": "slow", "operation": "submit", "seconds": 0.3},
        {"kind": "queue", "seconds": 0.2},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('operation', 'run')}",
)
def test_what_passes_by_itself_is_waited_out(emulator: DatabricksEmulator, fault: dict[str, Any]) -> None:
    """The same try succeeds, and there is one run, also when the answer to its submission was lost."""
    emulator.faults.add(**fault)
    assert tried(Memory(), 1) is None
    assert [run.state.result for run in emulator.runs] == ["SUCCESS"]


@pytest.mark.parametrize(
    ("fault", "decision", "cause", "results"),
    [
        (
            {"kind": "expired_token", "operation": "submit"},
            RETRY,
            "the login was refused: renew the connection's token",
            ["SUCCESS"],
        ),
        (
            {"kind": "forbid", "operation": "submit"},
            RETRY,
            "the workspace refused: make deploy-check names the missing permission",
            ["SUCCESS"],
        ),
        (
            {"kind": "forbid", "operation": "get"},
            RETRY,
            "the workspace refused: make deploy-check names the missing permission",
            ["SUCCESS"],
        ),
        (
            {"kind": "expired_token", "operation": "get"},
            RETRY,
            "the login was refused: renew the connection's token",
            ["SUCCESS"],
        ),
        (
            {"kind": "throttle", "operation": "submit", "times": 2},
            RETRY,
            "the workspace had too many requests",
            ["SUCCESS"],
        ),
        (
            {"kind": "server_error", "operation": "submit", "status": 503, "times": 2},
            RETRY,
            "the workspace did not answer",
            ["SUCCESS"],
        ),
        (
            {"kind": "server_error_after_accept", "operation": "get", "times": 2},
            RETRY,
            "the workspace did not answer",
            ["SUCCESS"],
        ),
        (
            {"kind": "skip"},
            RETRY,
            "the run was skipped: too many runs at once",
            ["MAXIMUM_CONCURRENT_RUNS_REACHED", "SUCCESS"],
        ),
        ({"kind": "cluster_failure"}, RETRY, "no cluster could be started", ["FAILED", "SUCCESS"]),
    ],
    ids=lambda value: f"{value['kind']} {value.get('operation', 'run')}" if isinstance(value, dict) else "",
)
def test_what_ends_a_try(
    emulator: DatabricksEmulator, fault: dict[str, Any], decision: RetryAction, cause: str, results: list[str]
) -> None:
    """The alert's words, the policy's decision, and after the next try one run whose script ran, never two."""
    memory = Memory()
    emulator.faults.add(**fault)
    error = tried(memory, 1)
    assert error is not None
    assert JobRetryPolicy().evaluate(error, 1, 3).action is decision
    assert told(error) == cause
    assert tried(memory, 2) is None
    assert [run.state.result for run in emulator.runs] == results


@pytest.mark.parametrize(
    ("script", "fault", "cause"),
    [
        ("sleep.py", {"kind": "cancel", "seconds": 0.1}, "cancelled by a person"),
        ("refuse.py", None, "bad input: a person must correct what was given"),
    ],
)
def test_what_no_further_try_can_mend(
    emulator: DatabricksEmulator, script: str, fault: dict[str, Any] | None, cause: str
) -> None:
    """A person's cancellation and bad input end the task at once, with one run."""
    if fault:
        emulator.faults.add(**fault)
    error = tried(Memory(), 1, script)
    assert error is not None
    assert JobRetryPolicy().evaluate(error, 1, 3).action is FAIL
    assert told(error) == cause
    assert len(emulator.runs) == 1


def test_an_alert_never_repeats_an_error(emulator: DatabricksEmulator) -> None:
    """What a script says may hold a delivered value."""
    error = tried(Memory(), 1, "fail.py")
    assert error is not None and "the store is empty" in str(error)
    assert told(error) == "see the task's log"
