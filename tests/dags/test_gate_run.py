"""Whole runs of the gate in Airflow, with a real registry, real tiny models and the real promotion job.

Only the training is a stand-in: it registers a challenger with the numbers that a case needs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.dags import QUESTION, lets_time_pass, run_dag, says, task_states
from tests.kit.gate_numbers import CLUSTERS
from tests.kit.gate_numbers import SHIPPED_FIRST as FIRST
from tests.kit.gate_numbers import SHIPPED_NOISY as NOISY
from tests.kit.registry import aliases, gate_says, own_registry, register

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[2]
OTHERS = {"train_forecast": "forecast_gate."}
"""Trainings of other models, which end at once, and the tasks that then have nothing to do."""


@pytest.fixture(scope="module", autouse=True)
def database() -> None:
    """Airflow's own tables, once."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A registry and a home for this module; each test uses a catalog of its own."""
    folder = tmp_path_factory.mktemp("gate")
    before = os.environ.get("BASKETRY_HOME")
    os.environ["BASKETRY_HOME"] = str(folder)
    with own_registry(folder):
        yield folder
    os.environ.pop("BASKETRY_HOME")
    if before is not None:
        os.environ["BASKETRY_HOME"] = before


class Jobs:
    """Stand-ins by the name of the script; what they were given is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers: dict[str, float] = {}
        self.champion = ""
        self.given: dict[str, list[str]] = {}

    def execute(self, task: Any, context: Any) -> None:
        """What SparkSubmitOperator.execute does here."""
        name = Path(task.application).stem
        self.given[name] = list(task.application_args)
        if name == "train_propensity":
            self._train(context["params"]["catalog"])
        elif name == "rfm" and "--fit" in task.application_args:
            self._fit(context["params"]["catalog"])
        elif name in OTHERS:
            from airflow.sdk.exceptions import AirflowFailException

            raise AirflowFailException("this model is none of this test's")

    def _train(self, catalog: str) -> None:
        from basketry import registry

        name = registry.registered_name(catalog, "propensity")
        tags = {"basketry.champion_version": self.champion}
        registry.set_challenger(name, register(self.folder, name, self.numbers, tags))

    def _fit(self, catalog: str) -> None:
        from basketry import registry

        name = registry.registered_name(catalog, "rfm")
        tags = {"basketry.champion_version": registry.alias_version(name, registry.CHAMPION) or ""}
        registry.set_challenger(name, register(self.folder, name, CLUSTERS, tags))

    def promote_by_hand(self, catalog: str, version: str, expected: str) -> None:
        """Make a version the champion instead of the expected one, as a gate would have done."""
        from basketry.config.settings import Settings
        from basketry.registry.promotion import promote
        from basketry.registry.promotion_request import PromotionRequest
        from basketry.warehouse import open_rows

        gate_says("propensity", version, "promote", expected, catalog=catalog, reason="better")
        request = PromotionRequest(
            model="propensity", challenger=version, decided_at="2026-03-10T09:30:00+00:00", run_id="by-hand"
        )
        promote(open_rows(catalog, Settings.from_environment()), request)


@pytest.fixture
def jobs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """The jobs of this test."""
    from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

    # DAG.test calls a DAG's own callback with the scheduler's copy of the DAG, which cannot fill in required fields.
    monkeypatch.setattr("airflow.models.dagrun.DagRun.execute_dag_callbacks", lambda *arguments, **named: None)
    jobs = Jobs(folder)
    monkeypatch.setattr(SparkSubmitOperator, "execute", lambda task, context: jobs.execute(task, context))
    return jobs


def states(dag_run: Any, model: str = "propensity") -> dict[str, str]:
    """What became of each task of one model, and of what all models share."""
    all_states = task_states(dag_run)
    others = (*OTHERS, *OTHERS.values())
    mine = {name: state for name, state in all_states.items() if not name.startswith(others)}
    return {name: state for name, state in mine.items() if ("rfm" in name) == (model == "rfm")}


def recorded_verdicts(catalog: str, model: str = "propensity") -> list[tuple[Any, ...]]:
    """The rows of ops.promotions about a model: verdict, version, champion after, who, why."""
    from basketry.tables import PROMOTIONS
    from basketry_airflow.ops_tables import read_rows

    columns = ("verdict", "version", "champion_after", "decided_by", "reason")
    rows = read_rows(catalog, PROMOTIONS, ("number", *columns), {"model": f"{catalog}.gold.{model}"})
    return [tuple(row[name] for name in columns) for row in sorted(rows, key=lambda row: int(row["number"]))]


def champion(jobs: Jobs, catalog: str) -> str:
    """A catalog whose model has a champion, version 1; the next training compares with it. Returns the model's name."""
    from basketry import registry

    name = registry.registered_name(catalog, "propensity")
    registry.move_champion(name, register(jobs.folder, name, FIRST), None)
    jobs.champion, jobs.numbers = "1", NOISY
    return name


def test_a_first_model_becomes_champion_and_a_rollback_returns_to_it(jobs: Jobs) -> None:
    """Nobody is asked, no job is submitted to promote it; later a person brings the version back and has the day scored."""
    from basketry import registry

    name = "demo.gold.propensity"
    jobs.numbers = FIRST
    done = run_dag("weekly_retraining", {"catalog": "demo"})
    assert states(done) == {
        "features": "success",
        "train_propensity": "success",
        "gate.decide": "success",
        "gate.ask": "skipped",
        "gate.promote": "success",
    }
    assert states(done, "rfm") == {
        "fit_rfm": "success",
        "rfm_gate.decide": "success",
        "rfm_gate.ask": "skipped",
        "rfm_gate.promote": "success",
    }
    assert "promote" not in jobs.given
    assert aliases("demo.gold.rfm") == {"champion": "1"}
    assert recorded_verdicts("demo", "rfm") == [
        ("promote", "1", "1", "gate", "all 3 checks hold, and there is no champion yet.")
    ]
    assert aliases(name) == {"champion": "1"}
    assert registry.load_verdict(name, "1")["verdict"] == "promote"
    assert recorded_verdicts("demo") == [
        ("promote", "1", "1", "gate", "all 7 checks hold, and there is no champion yet.")
    ]

    register(jobs.folder, name)
    jobs.promote_by_hand("demo", "2", "1")
    form = {"catalog": "demo", "model": "propensity", "reason": "complaints"}
    ends = states(run_dag("model_rollback", {**form, "to": "1", "score_again": False}))
    skipped = dict.fromkeys(("score_propensity", "forecast", "recommend"), "skipped")
    assert ends == {"roll_back": "success", "scorer": "success", **skipped}
    assert (aliases(name), "score_propensity" in jobs.given) == ({"champion": "1", "previous": "2"}, False)
    ends = states(run_dag("model_rollback", {**form, "reason": "2 was better", "score_again": True}))
    assert [ends.pop(name) for name in ("forecast", "recommend")] == ["skipped"] * 2 and set(ends.values()) == {
        "success"
    }
    assert "--model=champion" not in jobs.given["rfm"]  # the fit of segments ran, no assignment
    assert aliases(name) == {"champion": "2", "previous": "1"}
    assert {"--catalog=demo", "--model=champion"} <= set(jobs.given["score_propensity"])
    assert recorded_verdicts("demo")[-1] == ("rollback", "2", "2", "dag_test", "2 was better")


def test_a_yes_promotes_with_name_and_reason(jobs: Jobs) -> None:
    """Within the noise a person is asked, and what is kept is who said yes and why."""
    name = champion(jobs, "complete_journey")
    done = run_dag("weekly_retraining", {"catalog": "complete_journey"}, says("Approve", "fresher, and no worse"))
    assert set(states(done).values()) == {"success"}
    assert aliases(name) == {"champion": "2", "previous": "1"}
    assert recorded_verdicts("complete_journey") == [("promote", "2", "2", "alice", "fresher, and no worse")]


def test_a_no_is_kept_and_moves_nothing(jobs: Jobs) -> None:
    """A rejection ends the run well, the challenger never gets the alias, and the reason is kept."""
    name = champion(jobs, "online_retail")
    done = run_dag("weekly_retraining", {"catalog": "online_retail"}, says("Reject", "not before Christmas"))
    assert set(states(done).values()) == {"success"}
    assert aliases(name) == {"champion": "1", "challenger": "2"}
    assert recorded_verdicts("online_retail") == [("refuse", "2", "1", "alice", "not before Christmas")]


def test_no_answer_refuses_and_so_do_bad_numbers(jobs: Jobs) -> None:
    """When the time is up the gate says no itself; a failed check says no without asking anybody."""
    name = champion(jobs, "sales_project")
    done = run_dag("weekly_retraining", {"catalog": "sales_project"}, lets_time_pass)
    assert set(states(done).values()) == {"success"}
    jobs.numbers = {**NOISY, "roc_auc": 0.5}
    done = run_dag("weekly_retraining", {"catalog": "sales_project"})
    assert states(done)[QUESTION] == "skipped"
    assert aliases(name) == {"champion": "1", "challenger": "3"}
    assert [row[:3] for row in recorded_verdicts("sales_project", "rfm")] == [
        ("promote", "1", "1"),
        ("promote", "2", "2"),
    ]
    late, bad = recorded_verdicts("sales_project")
    assert late == ("refuse", "2", "1", "gate", "nobody answered within 48 hours.")
    assert bad[:4] == ("refuse", "3", "1", "gate")
    assert bad[4].startswith("1 of 11 checks failed: roc_auc (absolute) is 0.5, at least 0.6")


def test_without_a_challenger_nothing_is_judged(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that left no challenger is bad input: one sentence, one try, nothing promoted."""
    monkeypatch.setattr(jobs, "_train", lambda catalog: None)
    from mlflow import MlflowClient

    MlflowClient().delete_registered_model_alias("sales_project.gold.propensity", "challenger")
    done = run_dag("weekly_retraining", {"catalog": "sales_project"})
    assert (states(done)["gate.decide"], states(done)["gate.promote"]) == ("failed", "upstream_failed")
    assert done.get_task_instance("gate.decide").try_number == 1
