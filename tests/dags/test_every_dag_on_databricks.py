"""Every DAG, run to its end in the databricks runtime against a workspace to which this checkout was really deployed.

What a job computes is the same in both runtimes (tests/end_to_end, tests/basketry). Here its run is looked at as a whole:
the script lies in the workspace, its own parser takes the arguments, compute and libraries are what was deployed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from basketry import registry
from basketry.config.settings import CHECKOUT
from basketry.jobs import all_jobs
from basketry.tables import JOB_RUNS, PROMOTIONS
from basketry_airflow.ops_tables import read_rows
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.kit.dags import run_dag, says, task_states
from tests.kit.deployed import CATALOG, FEED, Jobs, deployed
from tests.kit.documents import include_sharing
from tests.kit.gate_numbers import SHIPPED_NOISY
from tests.kit.registry import own_registry

pytestmark = pytest.mark.slow

DAY = "2026-11-20"
DATED = {"as_of": DAY}
FOUR_WEEKS_BEFORE = "2026-10-23"
FORMS: dict[str, dict[str, Any]] = {
    "ingest": {"feed": FEED, "delivered_by": "tests"},
    "replay_quarantine": {"feed": FEED},
    "daily_sales": DATED,
    "restate": DATED,
    "weekly_retraining": DATED,
    "weekly_offers": DATED,
    "bootstrap": DATED,
    "daily_scoring": DATED,
    "model_rollback": {"model": "propensity", "to": "previous", "reason": "it was better", "score_again": True},
    "offers": {},
    "weekly_marketing": DATED,
    "forget": {"request_id": "R-1", "dry_run": True},
    "apply_grants": {"apply": True},
    "maintenance": {},
}
SKIPPED = {
    "ingest": {"record_refusals"},
    "weekly_retraining": {"gate.ask", "rfm_gate.ask", "forecast_gate.ask"},
    "weekly_offers": {"recommendations_gate.ask", "offer_policy_gate.ask"},
    "bootstrap": {"gate.ask", "rfm_gate.ask", "forecast_gate.ask"},
    "model_rollback": {"rfm", "forecast", "recommend"},
}
"""Nobody need be asked about a model without good numbers; one model is rolled back, not all; every file was good."""
Workspace = tuple[DatabricksEmulator, Jobs]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """One deployment for all."""
    from airflow.utils.db import initdb

    initdb()
    home = tmp_path_factory.mktemp("workspace")
    with own_registry(home), deployed(home) as made:
        for model in ("rfm", "forecast", "propensity", "propensity"):  # what scores, and a version to roll back to
            made[1].make_champion(model)
        yield made


@pytest.fixture(autouse=True)
def airflow(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """An Airflow that is set up as docs/databricks.md says."""
    emulator, _ = workspace
    # DAG.test calls a DAG's own callback with the scheduler's copy of the DAG, which cannot fill in required fields.
    monkeypatch.setattr("airflow.models.dagrun.DagRun.execute_dag_callbacks", lambda *arguments, **named: None)
    monkeypatch.setenv("AIRFLOW_CONN_DATABRICKS_DEFAULT", emulator.connection)
    monkeypatch.setenv("BASKETRY_RUNTIME", "databricks")
    monkeypatch.setenv("BASKETRY_WAREHOUSE_ID", emulator.warehouse_id)
    monkeypatch.setenv("BASKETRY_POLLING_SECONDS", "0.05")


def test_no_dag_is_forgotten() -> None:
    """A new DAG needs a line here."""
    assert set(FORMS) == {path.stem for path in (CHECKOUT / "dags").glob("*.py")}


@pytest.mark.parametrize("dag_id", FORMS)
def test_a_dag_runs_to_its_end(dag_id: str, workspace: Workspace) -> None:
    """Every task a success but those that have nothing to do; a job's task is one run with its arguments."""
    emulator, jobs = workspace
    before, asked = len(emulator.runs), len(jobs.asked)
    done = run_dag(dag_id, {"catalog": CATALOG, **FORMS[dag_id]})
    ends = task_states(done)
    assert {name for name, state in ends.items() if state == "skipped"} == SKIPPED.get(dag_id, set())
    assert set(ends.values()) <= {"success", "skipped"}, ends
    runs = list(emulator.runs)[before:]
    assert [submitted_run.state.result for submitted_run in runs] == ["SUCCESS"] * len(runs)
    tasks = {
        re.fullmatch(rf"basketry {dag_id}\.(\S+) {CATALOG}", submitted_run.submission.name)[1] for submitted_run in runs
    }
    assert len(tasks) == len(runs) and tasks <= {name for name, state in ends.items() if state == "success"}
    for submitted_run, (_, arguments) in zip(runs, jobs.asked[asked:], strict=True):
        _check(submitted_run, arguments, emulator, f"{dag_id}/{done.run_id}/")
        if FORMS[dag_id] is DATED:
            expected = FOUR_WEEKS_BEFORE if "four_weeks_before" in submitted_run.submission.name else DAY
            assert str(getattr(arguments, "as_of", expected)) == expected


def _check(submitted_run: Any, arguments: Any, emulator: DatabricksEmulator, run_id: str) -> None:
    (task,) = submitted_run.submission.tasks
    assert arguments.catalog == CATALOG and arguments.run_id.startswith(run_id)
    assert emulator.tree.local_file(task.python_file), f"{task.python_file} was not deployed"
    wheel, *packages = task.settings["libraries"]
    assert [one["pypi"]["package"] for one in packages] == list(all_jobs()[Path(task.python_file).stem].libraries)
    assert emulator.tree.local_file(wheel["whl"]), f"{wheel['whl']} was not deployed"
    assert f"+{arguments.edition}-" in wheel["whl"]
    assert task.settings["new_cluster"]["custom_tags"]["catalog"] == CATALOG
    assert task.timeout_seconds or submitted_run.submission.timeout_seconds


def test_a_persons_yes_reaches_the_workspace(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the noise a person is asked; the promotion needs no cluster, and the warehouse keeps who said yes and why."""
    emulator, jobs = workspace
    name, version = registry.registered_name(CATALOG, "propensity"), jobs.make_champion("propensity")
    monkeypatch.setitem(jobs.numbers, "propensity", SHIPPED_NOISY)
    done = run_dag("weekly_retraining", {"catalog": CATALOG, **DATED}, says("Approve", "fresher, and no worse"))
    assert task_states(done)["gate.ask"] == task_states(done)["gate.promote"] == "success"
    assert not [job for job, _ in jobs.asked if job == "promote"]
    columns = ("verdict", "reason", "champion_before", "champion_after")
    (promoted,) = read_rows(CATALOG, PROMOTIONS, columns, {"decided_by": "alice"})
    assert tuple(promoted.values())[:3] == ("promote", "fresher, and no worse", version)
    assert registry.alias_version(name, registry.CHAMPION) == promoted["champion_after"] != version
    runs = read_rows(CATALOG, JOB_RUNS, ("model_version",), {"job": "promote"})
    assert promoted["champion_after"] in [row["model_version"] for row in runs]


def test_every_dag_may_share(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Airflow accepts the tasks around each DAG's own: groups, branches and other trigger rules among them."""
    from airflow.dag_processing.dagbag import DagBag

    choice = ", ".join(f"{dag_id}: small" for dag_id in FORMS)
    monkeypatch.setenv("BASKETRY_INCLUDE", str(include_sharing(tmp_path, f"{{{choice}}}")))
    bag = DagBag(dag_folder=str(CHECKOUT / "dags"))
    assert not bag.import_errors
    alone = {dag_id for dag_id, dag in bag.dags.items() if not dag.has_task("start_cluster")}
    assert alone == {"offers"}  # whose job runs in the workspace by itself: the DAG only watches it
    assert all(dag.has_task("stop_cluster") for dag_id, dag in bag.dags.items() if dag_id not in alone)


def test_sharing_makes_many_cold_starts_one(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """daily_scoring as it is starts a cluster for each job; with `shared` in include/jobs.yaml one for the whole run."""
    emulator, _ = workspace
    emulator.clusters.starts.clear()
    alone = task_states(run_dag("daily_scoring", {"catalog": CATALOG, **DATED}))
    assert emulator.clusters.starts == ["job"] * len(alone)
    emulator.clusters.starts.clear()
    monkeypatch.setenv("BASKETRY_INCLUDE", str(include_sharing(tmp_path, "{daily_scoring: medium}")))
    shared = task_states(run_dag("daily_scoring", {"catalog": CATALOG, **DATED}))
    assert shared == dict.fromkeys((*alone, "start_cluster", "stop_cluster"), "success")
    cluster = list(emulator.clusters)[-1]
    assert emulator.clusters.starts == [cluster.cluster_id] and cluster.state == "TERMINATED"


def test_the_cluster_goes_also_after_a_failure(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A job with bad input: the run fails, what does not depend on it is done, and the cluster is taken away."""
    emulator, jobs = workspace
    monkeypatch.setenv("BASKETRY_INCLUDE", str(include_sharing(tmp_path, "{daily_scoring: medium}")))
    monkeypatch.setitem(jobs.fails, "forecast", "basketry.errors.BadInputError: BAD_INPUT: there is no champion.")
    done = run_dag("daily_scoring", {"catalog": CATALOG, **DATED})
    ends = task_states(done)
    assert (ends.pop("forecast"), ends.pop("decide_products")) == ("failed", "upstream_failed")
    assert set(ends.values()) == {"success"} and "stop_cluster" in ends
    assert str(done.state) == "failed"
    assert list(emulator.clusters)[-1].state == "TERMINATED"


def test_tokens_are_unique(workspace: Workspace) -> None:
    """No two tasks of any run of any DAG could be taken for one another."""
    tokens = [submitted_run.submission.token for submitted_run in workspace[0].runs]
    assert len(tokens) > 30 and len(set(tokens)) == len(tokens)
