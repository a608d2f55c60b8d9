"""What every DAG owes the people who answer for it, checked on all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.exceptions import ParamValidationError

from basketry.errors import BadInputError
from basketry_airflow.alerts import FailureAlert
from basketry_airflow.dag_defaults import TIERS, dag_defaults
from basketry_airflow.retry import JobRetryPolicy

CHECKOUT = Path(__file__).resolve().parents[2]
SCHEDULES = {
    "ingest": None,
    "replay_quarantine": None,
    "daily_sales": "30 9 * * *",
    "restate": "45 9 * * *",
    "daily_scoring": "15 10 * * *",
    "weekly_retraining": "30 11 * * MON",
    "bootstrap": None,
    "model_rollback": None,
    "weekly_marketing": "0 12 * * MON",
    "forget": None,
    "apply_grants": None,
    "maintenance": "0 6 * * SUN",
    "offers": "*/5 * * * *",
    "weekly_offers": "0 13 * * MON",
}
RUNS_AT_ONCE = {"ingest": 2, "daily_scoring": 3}
"""DAGs whose runs may overlap; all others write tables that two runs must not write at once."""


def _dags() -> dict[str, DAG]:
    bag = DagBag(dag_folder=str(CHECKOUT / "dags"))
    assert not bag.import_errors, bag.import_errors
    return dict(bag.dags)


DAGS = _dags()
every_dag = pytest.mark.parametrize("dag", DAGS.values(), ids=DAGS.keys())


def test_every_dag_is_there() -> None:
    """No DAG file fails to import, and none goes missing unnoticed."""
    files = {path.stem for path in (CHECKOUT / "dags").glob("*.py")}
    assert set(DAGS) == files
    assert set(DAGS) == set(SCHEDULES)


@every_dag
def test_somebody_owns_every_task(dag: DAG) -> None:
    """The owner is a team, never Airflow's default, and the DAG's tags name the same one."""
    owners = {task.owner for task in dag.tasks}
    assert len(owners) == 1
    assert owners != {"airflow"}
    assert f"owner:{owners.pop()}" in dag.tags


@every_dag
def test_the_tier_is_one_of_the_closed_set(dag: DAG) -> None:
    """One impact tier a DAG, 1, 2 or 3."""
    tiers = [tag for tag in dag.tags if tag.startswith("tier:")]
    assert len(tiers) == 1
    assert int(tiers[0].removeprefix("tier:")) in TIERS


@every_dag
def test_the_dag_is_tagged_by_topic(dag: DAG) -> None:
    """Beside tier and owner, at least one tag to search by."""
    assert [tag for tag in dag.tags if ":" not in tag]


@every_dag
def test_the_docstring_is_the_page_and_its_runbook_exists(dag: DAG) -> None:
    """The page links docs/runbooks/<dag>.md, and shows its text, because the UI cannot follow that link."""
    page = dag.doc_md or ""
    linked = re.findall(r"\[runbook\]\(([^)]+)\)", page)
    assert linked == [f"docs/runbooks/{dag.dag_id}.md"]
    runbook = (CHECKOUT / linked[0]).read_text()
    assert runbook.strip() in page
    for part in ("What it does", "First line to read", "how to heal", dag.dag_id):
        assert part in runbook


@every_dag
def test_every_task_retries_by_cause(dag: DAG) -> None:
    """Some retries, and the one policy that knows when they are pointless."""
    assert all(task.retries == 3 and isinstance(task.retry_policy, JobRetryPolicy) for task in dag.tasks)


@every_dag
def test_nothing_runs_for_ever(dag: DAG) -> None:
    """Tasks and runs have limits, and a task's is the shorter one."""
    limits = [task.execution_timeout for task in dag.tasks]
    assert dag.dagrun_timeout is not None
    assert all(limit is not None and timedelta() < limit < dag.dagrun_timeout for limit in limits)


@every_dag
def test_every_failure_is_told(dag: DAG) -> None:
    """Every task alerts by itself; the DAG alerts when a run times out, which no task sees."""
    callbacks = [callback for task in dag.tasks for callback in task.on_failure_callback]
    assert len(callbacks) == len(dag.tasks)
    assert isinstance(dag.on_failure_callback, FailureAlert)
    assert dag.on_failure_callback.only_reason == "timed_out"
    for callback in (*callbacks, dag.on_failure_callback):
        assert isinstance(callback, FailureAlert)
        assert {f"tier:{callback.tier}", f"owner:{callback.owner}"} <= set(dag.tags)
        assert callback.runbook == f"docs/runbooks/{dag.dag_id}.md"


@every_dag
def test_runs_that_share_tables_do_not_overlap(dag: DAG) -> None:
    """One run at a time, except where the tables allow more, a backfill's included; nothing catches up by itself."""
    assert dag.max_active_runs == RUNS_AT_ONCE.get(dag.dag_id, 1)
    assert {task.max_active_tis_per_dag for task in dag.tasks} == {dag.max_active_runs}
    assert dag.catchup is False


@every_dag
def test_every_job_gets_the_catalog_of_its_form(dag: DAG) -> None:
    """No DAG has a catalog of its own: the form has the field, and the jobs take it from there."""
    assert "catalog" in dag.params
    jobs = [task for task in dag.tasks if task.task_type == "SparkSubmitOperator"]
    assert jobs
    assert all("--catalog={{ params.catalog }}" in task.application_args.serialize() for task in jobs)


def test_schedules_are_what_the_readme_says() -> None:
    """Those that wait for a person have none; the others run at a fixed hour, each after what it reads."""
    assert {name: getattr(dag.timetable, "expression", None) for name, dag in DAGS.items()} == SCHEDULES


@pytest.mark.parametrize("name", ["ingest", "replay_quarantine"])
@pytest.mark.parametrize("field", ["catalog", "feed"])
def test_a_form_without_a_required_field_is_refused(name: str, field: str) -> None:
    """Catalog and feed have no default: a run without them is not made."""
    form = {"catalog": "demo", "feed": "order_lines"}
    del form[field]
    with pytest.raises(ParamValidationError, match=field):
        _filled(DAGS[name].params, form)


@pytest.mark.parametrize(
    ("field", "value"),
    [("catalog", "Demo; drop"), ("feed", "../orders"), ("files", ""), ("dry_run", "yes"), ("delivered_by", "x" * 101)],
)
def test_a_wrong_value_is_refused(field: str, value: object) -> None:
    """A field takes what it is for and nothing else."""
    with pytest.raises(ParamValidationError, match=field):
        _filled(DAGS["ingest"].params, {"catalog": "demo", "feed": "order_lines", field: value})


@pytest.mark.parametrize("value", ["yesterday", "2026-02-30"])
def test_an_as_of_date_is_a_date(value: str) -> None:
    """What is no day is refused before a run exists."""
    with pytest.raises(ParamValidationError, match="as_of"):
        _filled(DAGS["daily_sales"].params, {"as_of": value})


@pytest.mark.parametrize("value", ["ann@example.com", "Ann Smith", "(212) 555-0123", "", "1; drop", "../R-1"])
def test_whom_to_forget_is_not_said_in_the_form(value: str) -> None:
    """The form has the request's name alone, and takes no name, address or telephone number for one."""
    form = {"catalog": "demo", "request_id": value}
    assert set(DAGS["forget"].params) == {"catalog", "request_id", "dry_run"}
    with pytest.raises(ParamValidationError, match="request_id"):
        _filled(DAGS["forget"].params, form)
    assert _filled(DAGS["forget"].params, {**form, "request_id": "R-1"})["dry_run"] is True


def _filled(params: object, values: Mapping[str, object]) -> dict[str, object]:
    form = deepcopy(params)
    form.update(values)  # type: ignore[attr-defined]
    filled: dict[str, object] = form.validate()  # type: ignore[attr-defined]
    return filled


def test_a_scheduled_dag_needs_no_form() -> None:
    """daily_sales runs for BASKETRY_CATALOG's default and no as-of date when nobody fills anything in."""
    assert _filled(DAGS["daily_sales"].params, {}) == {"catalog": "demo", "as_of": None}


def test_an_unknown_tier_is_refused() -> None:
    """The set is closed."""
    with pytest.raises(BadInputError, match="1, 2, 3"):
        dag_defaults(tier=4, owner="us", runbook="docs/runbooks/ingest.md", doc="[runbook](docs/runbooks/ingest.md)")


@pytest.mark.parametrize("doc", [None, "", "no link"])
def test_a_dag_without_a_runbook_link_is_refused(doc: str | None) -> None:
    """The docstring must link the runbook that the alerts name."""
    with pytest.raises(BadInputError, match="docs/runbooks/ingest.md"):
        dag_defaults(tier=1, owner="us", runbook="docs/runbooks/ingest.md", doc=doc)
