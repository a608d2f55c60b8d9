"""Runs of `bootstrap` and `daily_scoring` where a gate refuses: an outcome with a reason, not a failure."""

from __future__ import annotations

import pytest

from basketry import registry
from tests.dags import test_gate_run as gate_run
from tests.dags.test_gate_run import CLUSTERS, FIRST, OTHERS, Jobs, database, folder, jobs, recorded_verdicts  # noqa: F401 fixtures
from tests.kit.dags import run_dag, task_states
from tests.kit.registry import register

pytestmark = pytest.mark.slow

CATALOG = "demo"
FORM = {"catalog": CATALOG, "as_of": "2026-01-31"}
SCORING = {"score_propensity", "rfm", "forecast", "decide_products"}
BAD = {**FIRST, "roc_auc": 0.5}


@pytest.fixture
def refused(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> Jobs:  # noqa: F811
    """Trainings whose models every gate refuses; that of forecasts has left its challenger already."""
    monkeypatch.delitem(OTHERS, "train_forecast")
    monkeypatch.setattr(gate_run, "CLUSTERS", {**CLUSTERS, "silhouette": -0.5})
    name = registry.registered_name(CATALOG, "forecast")
    registry.set_challenger(
        name, register(jobs.folder, name, {"absolute_bias": 9.0}, {"basketry.champion_version": ""})
    )
    jobs.numbers = BAD
    return jobs


def test_bootstrap_ends_well_when_its_gates_refuse(refused: Jobs) -> None:
    """Every verdict is kept, no job scores, their tasks are skipped, the run is a success; the daily run says the same."""
    done = run_dag("bootstrap", FORM)
    outcomes = task_states(done)
    assert {name for name in SCORING if outcomes[name] == "skipped"} == SCORING, outcomes
    assert outcomes["rfm_four_weeks_before"] == "skipped"
    assert {outcomes[f"{group}.promote"] for group in ("gate", "rfm_gate", "forecast_gate")} == {"success"}
    assert set(outcomes.values()) == {"success", "skipped"} and str(done.state) == "success"
    assert "--fit" in refused.given["rfm"] and not SCORING - {"rfm"} & set(refused.given)
    assert recorded_verdicts(CATALOG)[-1][:3] == ("refuse", "1", None)

    done = run_dag("daily_scoring", FORM)
    assert {name for name, state in task_states(done).items() if state == "skipped"} == SCORING and str(
        done.state
    ) == "success"


def test_a_later_refusal_goes_on_with_the_champion(refused: Jobs) -> None:
    """The gate that refuses a challenger leaves the champion, and that one scores."""
    name = registry.registered_name(CATALOG, "propensity")
    registry.move_champion(name, register(refused.folder, name, FIRST), None)
    refused.champion = str(registry.alias_version(name, registry.CHAMPION))
    done = run_dag("bootstrap", FORM)
    outcomes = task_states(done)
    assert (outcomes["gate.promote"], outcomes["score_propensity"], str(done.state)) == (
        "success",
        "success",
        "success",
    )
    assert recorded_verdicts(CATALOG)[-1][0] == "refuse"
    assert "score_propensity" in refused.given


def test_a_provisional_first_model_scores(refused: Jobs) -> None:
    """Beyond a limit but not surely: nobody is asked, the real job promotes it as provisional, and its scoring goes on."""
    form = {**FORM, "catalog": "online_retail"}
    name = registry.registered_name(form["catalog"], "forecast")
    tags = {"basketry.champion_version": ""}
    registry.set_challenger(name, register(refused.folder, name, {"absolute_bias": 9.0}, tags))
    excess = {"excess/expected_calibration_error/low": -0.002, "excess/expected_calibration_error/high": 0.019}
    refused.numbers = {**FIRST, "expected_calibration_error": 0.0207, **excess}
    done = run_dag("bootstrap", form)
    outcomes = task_states(done)
    assert (outcomes["gate.ask"], outcomes["gate.promote"], outcomes["score_propensity"]) == (
        "skipped",
        "success",
        "success",
    )
    (row,) = recorded_verdicts(form["catalog"])
    assert row[:4] == ("provisional", "1", "1", "gate") and row[4].startswith("beyond a limit, but not surely")
    assert outcomes["forecast"] == "skipped" and str(done.state) == "success"


def test_any_other_failure_still_fails(refused: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that breaks is no verdict: the run fails and nothing is skipped in its name."""
    from airflow.sdk.exceptions import AirflowFailException

    def breaks(catalog: str) -> None:
        raise AirflowFailException("out of memory")

    monkeypatch.setattr(refused, "_train", breaks)
    done = run_dag("bootstrap", FORM)
    outcomes = task_states(done)
    assert (outcomes["train_propensity"], outcomes["score_propensity"], str(done.state)) == (
        "failed",
        "upstream_failed",
        "failed",
    )
