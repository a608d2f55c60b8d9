"""Retries by cause, judged on the errors that the two operators really raise."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook
from airflow.providers.databricks.hooks.databricks import RunState
from airflow.providers.databricks.operators.databricks import _handle_databricks_operator_execution
from airflow.sdk.definitions.retry_policy import RetryAction

from basketry.errors import BadInputError, RefusedFileError
from basketry_airflow.retry import LONGEST_DELAY, JobRetryPolicy, back_off

FAIL, RETRY = RetryAction.FAIL, RetryAction.RETRY


def decide(error: BaseException, try_number: int = 1) -> RetryAction:
    """What the policy does with an error."""
    return JobRetryPolicy().evaluate(error, try_number, 3).action


def spark_submit_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: int, output: str, argument: str = ""
) -> Exception:
    """The error that the Spark operator raises when spark-submit prints `output` and exits with `code`."""
    folder.mkdir(exist_ok=True)
    binary = folder / "spark-submit"
    binary.write_text(f"#!/bin/sh\ncat <<'OUTPUT'\n{output}\nOUTPUT\nexit {code}\n")
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    with pytest.raises(Exception, match="Error code is") as caught:
        SparkSubmitHook(conn_id="spark_local", application_args=[argument]).submit("job.py")
    return caught.value


def databricks_error(
    result: str, output: dict[str, str], life_cycle: str = "TERMINATED", message: str = ""
) -> Exception:
    """The error that the Databricks operator raises for a run that ended so. output: of runs/get-output."""
    state = {"life_cycle_state": life_cycle, "result_state": result, "state_message": message}
    run = {"state": state, "tasks": [{"task_key": "main", "run_id": 7, "state": {"result_state": result}}]}
    hook = SimpleNamespace(
        get_run_page_url=lambda run_id: "https://workspace.example/run/7",
        get_run=lambda run_id: run,
        get_run_output=lambda run_id: output,
    )
    operator: Any = SimpleNamespace(do_xcom_push=False, run_id=7, wait_for_termination=True, task_id="load")
    with pytest.raises(Exception, match="failed with terminal state") as caught:
        _handle_databricks_operator_execution(operator, hook, logging.getLogger(), None)
    return caught.value


@pytest.mark.parametrize(
    ("code", "output", "decision"),
    [
        (65, "basketry.errors.RefusedFileError: BAD_INPUT: orders.csv lacks the column Quantity.", FAIL),
        (65, "", FAIL),
        (1, "java.io.IOException: No space left on device", RETRY),
        (137, "", RETRY),
        (1, "py4j.protocol.Py4JJavaError: an error occurred", RETRY),
        (1, '    raise BadInputError("BAD_INPUT: shown by a traceback")\nValueError: other', RETRY),
        (1, "a log line that says Error code is: 65. and goes on", RETRY),
    ],
)
def test_spark_submit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, output: str, decision: RetryAction
) -> None:
    """Only the script's own exit code 65 means bad input, whatever else its output says."""
    assert decide(spark_submit_error(tmp_path / "bin", monkeypatch, code, output)) is decision


def test_a_form_cannot_forge_an_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error shows the whole command, so a text of the form must not be read as the verdict."""
    forged = "--delivered-by=Error code is: 65."
    assert decide(spark_submit_error(tmp_path / "bin", monkeypatch, 1, "lost", argument=forged)) is RETRY


@pytest.mark.parametrize(
    ("result", "output", "life_cycle", "message", "decision"),
    [
        ("FAILED", {"error": "BadInputError: BAD_INPUT: no such feed."}, "TERMINATED", "", FAIL),
        (
            "FAILED",
            {"error": "basketry.errors.RefusedFileError: BAD_INPUT: 'a.csv' lacks a column."},
            "TERMINATED",
            "",
            FAIL,
        ),
        ("FAILED", {"error": "SystemExit: 65"}, "TERMINATED", "", FAIL),
        ("CANCELED", {}, "TERMINATED", "Run cancelled by somebody.", FAIL),
        ("FAILED", {"error": "SystemExit: 1"}, "TERMINATED", "", RETRY),
        (
            "FAILED",
            {"error": "ValueError: the source line was raise BadInputError('BAD_INPUT: x')"},
            "TERMINATED",
            "",
            RETRY,
        ),
        ("FAILED", {}, "TERMINATED", "Cluster terminated: SPOT_INSTANCE_TERMINATION", RETRY),
        ("TIMEDOUT", {}, "TERMINATED", "Run timed out.", RETRY),
        ("FAILED", {}, "INTERNAL_ERROR", "Unexpected failure while waiting for the cluster to be ready", RETRY),
        ("", {}, "SKIPPED", "Maximum concurrent runs reached", RETRY),
    ],
)
def test_databricks(result: str, output: dict[str, str], life_cycle: str, message: str, decision: RetryAction) -> None:
    """A job's own word and a person's cancellation are final; everything that Databricks does to a run is not."""
    assert decide(databricks_error(result, output, life_cycle, message)) is decision


@pytest.mark.parametrize("code", [429, 500, 503])
def test_api_troubles_are_tried_again(code: int) -> None:
    """Throttling and server errors pass by themselves."""
    assert decide(RuntimeError(f"Response: b'', Status Code: {code}")) is RETRY


@pytest.mark.parametrize("error", [BadInputError("no such catalog."), RefusedFileError("orders.csv is empty.")])
def test_a_step_of_our_own_says_it_by_type(error: BadInputError) -> None:
    """The find and check steps raise the error itself."""
    assert decide(error) is FAIL


def test_waiting_doubles_up_to_a_limit() -> None:
    """30 s, 1 min, 2 min, …, never more than a quarter of an hour."""
    assert [back_off(number) for number in (1, 2, 3)] == [timedelta(seconds=seconds) for seconds in (30, 60, 120)]
    assert back_off(50) == LONGEST_DELAY


def test_the_provider_still_writes_states_as_they_are_read() -> None:
    """The cancelled state is recognised in the text form of the provider's own class."""
    assert "'result_state': 'CANCELED'" in str(RunState("TERMINATED", "CANCELED", ""))
