"""The job factory: one name, two runtimes, the same arguments."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from airflow.sdk import DAG

from basketry.config.edition import edition
from basketry.errors import BadInputError
from basketry.jobs import Argument, Job
from basketry.jobs.ingest import INGEST, IngestArguments
from basketry.jobs.maintenance import NOOP
from basketry.jobs.sales import SALES
from basketry_airflow.as_of import AS_OF
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.script_arguments import CATALOG, ScriptArguments, form_value
from basketry_airflow.spark_job import spark_job
from tests.kit.documents import copy_include
from tests.kit.rendering import rendered

CHECKOUT = Path(__file__).resolve().parents[2]
DOC = "[runbook](docs/runbooks/daily_sales.md)"
ARGUMENTS = {
    "feed": form_value("feed", str),
    "dry_run": form_value("dry_run", bool),
    "delivered_by": form_value("delivered_by", str),
}


@dataclass(frozen=True, kw_only=True)
class DatedIngestArguments(IngestArguments):
    """A load that also has a day."""

    as_of: Annotated[str | None, Argument(help="the day")] = None


DATED_INGEST: Job[..., Any] = replace(INGEST, arguments=DatedIngestArguments)


def job(monkeypatch: pytest.MonkeyPatch, runtime: str, as_of: str | None = None) -> Any:
    """The task of the job `ingest` in a DAG of its own."""
    monkeypatch.setenv("BASKETRY_RUNTIME", runtime)
    with DAG(
        "some_dag", schedule=None, **dag_defaults(tier=2, owner="us", runbook="docs/runbooks/daily_sales.md", doc=DOC)
    ):
        return spark_job(DATED_INGEST, task_id="load")(catalog=CATALOG, as_of=as_of, **ARGUMENTS)


def remote(task: Any) -> dict[str, Any]:
    """The one task of a rendered Databricks run."""
    (only,) = task.tasks
    return dict(only)


def test_both_runtimes_get_the_same_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime decides where a script runs, never what it is told."""
    options = {"dry_run": True, "delivered_by": "Store 7"}
    local = rendered(job(monkeypatch, "local", "2026-03-09"), **options)
    databricks = rendered(job(monkeypatch, "databricks", "2026-03-09"), **options)
    assert local.application_args == remote(databricks)["spark_python_task"]["parameters"]
    assert local.application_args == [
        "--catalog=demo",
        "--run-id=some_dag/manual__2026-03-10/load/-1/1",
        f"--edition={edition()}",
        "--as-of=2026-03-09",
        "--feed=order_lines",
        "--dry-run",
        "--delivered-by=Store 7",
    ]


def test_a_run_is_told_where_its_retailer_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where a target places retailers, and on Databricks alone: a local lake has folders."""
    include = copy_include(
        tmp_path, {"targets/dev.yaml": {"catalog: demo": "unity: {demo: {catalog: a-b}}\ncatalog: demo"}}
    )
    monkeypatch.setenv("BASKETRY_INCLUDE", str(include))
    monkeypatch.setenv("BASKETRY_TARGET", "dev")
    told = remote(rendered(job(monkeypatch, "databricks")))["spark_python_task"]["parameters"]
    assert told[-1] == '--unity-names={"catalog":"a-b"}'
    assert not [word for word in rendered(job(monkeypatch, "local")).application_args if "unity" in word]


def test_standard_operators_are_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of the Airflow UI meets operators that everybody knows."""
    assert type(job(monkeypatch, "local")).__name__ == "SparkSubmitOperator"
    assert type(job(monkeypatch, "databricks")).__name__ == "DatabricksSubmitRunOperator"


def test_the_same_script_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locally it lies in the checkout, on Databricks in the workspace folder that the setting names."""
    assert job(monkeypatch, "local").application.endswith("/spark_jobs/ingest.py")
    default = rendered(job(monkeypatch, "databricks"))
    assert remote(default)["spark_python_task"]["python_file"] == "/Workspace/basketry/prod/files/spark_jobs/ingest.py"
    monkeypatch.setenv("BASKETRY_WORKSPACE_ROOT", "/Workspace/Users/me/basketry/")
    chosen = rendered(job(monkeypatch, "databricks"))
    assert (
        remote(chosen)["spark_python_task"]["python_file"] == "/Workspace/Users/me/basketry/files/spark_jobs/ingest.py"
    )


def test_an_argument_that_no_job_declares_is_refused_when_the_dag_is_read() -> None:
    """A renamed or a forgotten argument is one sentence in the list of import errors, not a run that fails at night."""
    untyped: Any = spark_job(SALES)
    with pytest.raises(BadInputError, match="the job sales has no argument 'as_off'; did you mean 'as_of'"):
        untyped(catalog=CATALOG, as_off=AS_OF)
    with pytest.raises(BadInputError, match="the job sales needs catalog, as_of: give it in the DAG"):
        untyped(full=True)


DAG_WITH_MISTAKES = """
from basketry.jobs.sales import SALES
from basketry_airflow.as_of import AS_OF
from basketry_airflow.script_arguments import CATALOG, form_value
from basketry_airflow.spark_job import spark_job

spark_job(SALES)(catalog=CATALOG, as_of=AS_OF, full=form_value("full", bool))
spark_job(SALES)(catalog=CATALOG, as_off=AS_OF)
spark_job(SALES)(catalog=CATALOG, as_of="2026-01-31")
spark_job(SALES)(catalog=CATALOG)
"""


def test_a_wrong_argument_in_a_dag_is_a_type_error(tmp_path: Path) -> None:
    """The type checker knows a job's arguments: their names, their types, and which must be given; what is right passes."""
    dag = tmp_path / "dag_with_mistakes.py"
    dag.write_text(DAG_WITH_MISTAKES)
    command = [sys.executable, "-m", "mypy", "--no-error-summary", str(dag)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    problems = [line.split("error: ")[1] for line in done.stdout.splitlines()]
    assert problems == [
        'Unexpected keyword argument "as_off"; did you mean "as_of"?  [call-arg]',
        'Argument "as_of" has incompatible type "str"; expected "date"  [arg-type]',
        'Missing named argument "as_of"  [call-arg]',
    ], done.stdout + done.stderr


def test_flags_and_empty_fields_leave_no_trace_when_off() -> None:
    """A field left empty is left out; a tick is a flag; a text that reads like one stays a text."""
    arguments = ScriptArguments({"force": False, "full": True, "as_of": None, "delivered_by": "", "files": "--force"})
    assert arguments.resolve({"task": _Verbatim()}) == ["--full", "--files=--force"]


def test_what_a_person_types_is_never_a_template(monkeypatch: pytest.MonkeyPatch) -> None:
    """Braces in a form's field reach the job as they are."""
    task = rendered(job(monkeypatch, "local"), delivered_by="{{ dag.dag_id }}")
    assert "--delivered-by={{ dag.dag_id }}" in task.application_args


def test_a_token_names_one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same try asks with the same token; another try, another mapped task gets its own; all fit 64 signs."""
    tokens = [
        rendered(job(monkeypatch, "databricks"), **options).idempotency_token
        for options in ({}, {}, {"try_number": 2}, {"map_index": 0})
    ]
    assert tokens[0] == tokens[1]
    assert len(set(tokens)) == 3
    assert all(len(token) <= 64 for token in tokens)


def test_a_run_is_synchronous_and_durable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker's death must lead back to the run; deferred, it could lead to a second one."""
    task = job(monkeypatch, "databricks")
    assert (task.deferrable, task.durable, task.wait_for_termination) == (False, True, True)
    assert [link.name for link in task.operator_extra_links] == ["See Databricks Job Run"]


def test_a_killed_task_cancels_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody pays for a run that no task waits for."""
    task = job(monkeypatch, "databricks")
    cancelled: list[int] = []
    monkeypatch.setattr(type(task), "_hook", _Hook(cancelled))
    task.run_id = 42
    task.on_kill()
    assert cancelled == [42]


def test_every_run_carries_its_cost_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cost is told apart by dag, task, as-of date and catalog, and by the profile's own tags."""
    task = rendered(job(monkeypatch, "databricks", "2026-03-09"), catalog="online_retail")
    tags = remote(task)["new_cluster"]["custom_tags"]
    expected = {
        "dag": "some_dag",
        "task": "load",
        "as_of": "2026-03-09",
        "catalog": "online_retail",
        "project": "basketry",
    }
    assert expected.items() <= tags.items()


def test_the_submitted_request_is_acceptable_to_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider refuses values that the API cannot take; a rendered run holds none."""
    task = rendered(job(monkeypatch, "databricks"))
    task.params = {}
    request = task._prepare_submit_json({})
    assert request["tasks"][0]["task_key"] == "main"
    assert request["idempotency_token"] == task.idempotency_token
    assert request["run_name"] == "basketry some_dag.load demo"


class _Verbatim:
    def render_template(self, text: str, context: object) -> str:
        return text


class _Hook:
    def __init__(self, cancelled: list[int]) -> None:
        self.cancelled = cancelled

    def cancel_run(self, run_id: int) -> None:
        self.cancelled.append(run_id)


@pytest.mark.parametrize(("runs_at_once", "expected"), [(1, 1), (20, 8)])
def test_the_stricter_limit_of_dag_and_compute_holds(
    monkeypatch: pytest.MonkeyPatch, runs_at_once: int, expected: int
) -> None:
    """A job runs no more often at once than its DAG allows, and than its compute profile does (small: 8)."""
    monkeypatch.setenv("BASKETRY_RUNTIME", "databricks")
    manners = dag_defaults(
        tier=2, owner="us", runbook="docs/runbooks/daily_sales.md", doc=DOC, runs_at_once=runs_at_once
    )
    with DAG("some_dag", schedule=None, **manners):
        assert spark_job(NOOP)(catalog=CATALOG).max_active_tis_per_dag == expected
