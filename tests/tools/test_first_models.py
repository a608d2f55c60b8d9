"""The table of first models: whose instance it is, and what a gate says of its model in one line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from basketry.config.settings import CHECKOUT
from basketry.gates import evaluate_gate, load_gate
from benchmarks import first_models
from benchmarks.first_models import DemoInstance, FirstModel

METRICS = {
    "average_precision": 0.5,
    "roc_auc": 0.85,
    "lift_top_decile": 3.0,
    "calibration_ratio": 1.1,
    "interval/calibration_ratio/low": 1.0,
    "interval/calibration_ratio/high": 1.2,
    "expected_calibration_error": 0.0207,
    "calibrated/expected_calibration_error": 0.0125,
    "excess/expected_calibration_error/low": 0.004,
    "excess/expected_calibration_error/high": 0.0125,
    **{
        f"versus/naive/{name}/average_precision/low": 0.1
        for name in ("base_rate", "bought_last_30_days", "personal_rate")
    },
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose demo ended on a day of 2026, without a lake."""
    landing = tmp_path / "landing" / "demo"
    landing.mkdir(parents=True)
    text = '{"seed": 11, "start": "2025-02-17", "end": "2026-11-28", "scale": 1.0, "files": [], "defects": []}'
    (landing / "manifest.json").write_text(text)
    return tmp_path


def test_a_prepared_home_says_itself_which_world_it_is(home: Path) -> None:
    """By the manifest of its delivery; ready once features are stored."""
    instance = DemoInstance.prepared(home)
    assert (instance.end, instance.seed, instance.ready) == (date(2026, 11, 28), 11, False)
    (home / "lake" / "demo" / "gold" / "customer_features").mkdir(parents=True)
    assert instance.ready


def test_a_row_has_the_verdict_and_the_numbers_behind_each_limit(home: Path) -> None:
    """With the interval that says how sure a limit is crossed; a missing naive margin or number refuses as in Airflow."""
    gate = load_gate("propensity", CHECKOUT / "include")
    cell = FirstModel(DemoInstance.prepared(home), "propensity", evaluate_gate(gate, METRICS, has_champion=False))
    assert cell.row() == (
        "| 2026-11-28 | 11 | propensity | provisional | roc_auc 0.85, at least 0.6; lift_top_decile 3, at least 1.5;"
        " expected_calibration_error 0.0207 (chance 0.0125, excess +0.004 to +0.0125), at most 0.02;"
        " calibration_ratio 1.1 (1 to 1.2), at least 0.75 and at most 1.33 |"
    )
    refused = FirstModel(
        cell.instance, "propensity", evaluate_gate(gate, {**METRICS, "roc_auc": 0.5}, has_champion=False)
    )
    assert "| **refuse** |" in refused.row()


def test_the_figure_counts_first_models_that_are_refused(home: Path) -> None:
    """Its goal is none of them."""
    gate = load_gate("propensity", CHECKOUT / "include")
    instance = DemoInstance.prepared(home)
    said = [evaluate_gate(gate, {**METRICS, "roc_auc": value}, has_champion=False) for value in (0.5, 0.85, 0.9, 0.9)]
    figure = first_models._figure("propensity", [FirstModel(instance, "propensity", one) for one in said])
    assert (figure.measured, figure.ratio, figure.goal) == ("1 of 4", 0.25, 0.0)
