"""Metrics under their agreed names, curves, importance, pictures and the card."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from basketry.config.settings import CHECKOUT
from basketry.domains.propensity import evaluate, model, plots
from basketry.domains.propensity.baselines import BASELINES, baseline_predictions
from basketry.domains.propensity.card import PropensityCardContent, model_card
from basketry.domains.propensity.dates import split_dates
from basketry.gates import load_gate
from basketry.learning.evaluation import METRICS, probability_metrics
from tests.basketry.domains.propensity.simulated import CATEGORIES, rows, settings, split


@pytest.fixture(scope="module")
def evaluation() -> evaluate.PropensityEvaluation:
    """The truth as challenger, the truth with noise as champion."""
    training, _, test = split(rows(3))
    truth = test["truth"].to_numpy()
    champion = np.clip(truth + np.random.default_rng(1).normal(scale=0.2, size=len(truth)), 0.001, 0.999)
    return evaluate.compare_with_rivals(
        test, truth, naive=baseline_predictions(training, test), champion=champion, settings=settings()
    )


def test_metrics_have_their_agreed_names(evaluation: evaluate.PropensityEvaluation) -> None:
    """The gate reads exactly these names from the challenger's run, and no other is written."""
    slugs = [name.lower() for name in CATEGORIES]
    owners = ["", "champion/", "repeat/", "explore/", *(f"naive/{name}/" for name in BASELINES)]
    owners += [f"{who}category/{slug}/" for who in ("", "champion/") for slug in slugs]
    rivals = ["champion", *(f"naive/{name}" for name in BASELINES), *(f"champion/category/{slug}" for slug in slugs)]
    names = {f"{owner}{metric}" for owner in owners for metric in METRICS}
    names |= {
        f"versus/{rival}/{metric}/{end}" for rival in rivals for metric in METRICS for end in ("mean", "low", "high")
    }
    names |= {f"interval/{metric}/{end}" for metric in METRICS for end in ("low", "high")}
    error = "expected_calibration_error"
    names |= {f"{kind}/{error}{end}" for kind in ("calibrated", "excess") for end in ("", "/low", "/high")}
    assert set(evaluate.logged_metrics(evaluation)) == names


def test_means_are_over_categories_and_audiences_are_apart(evaluation: evaluate.PropensityEvaluation) -> None:
    """A metric is the mean of the categories'; repeat looks only at customers who bought the category before."""
    metrics = evaluate.logged_metrics(evaluation)
    by_category = [metrics[f"category/{name.lower()}/average_precision"] for name in CATEGORIES]
    assert metrics["average_precision"] == pytest.approx(np.mean(by_category))
    before = evaluation.rows["baseline_days_ever"] > 0
    for audience, chosen in (("repeat", before), ("explore", ~before)):
        each = [
            probability_metrics(part["bought"], part["truth"])["log_loss"]
            for _, part in evaluation.rows[chosen].groupby("category")
        ]
        assert metrics[f"{audience}/log_loss"] == pytest.approx(np.mean(each))


def test_the_better_one_is_better_with_confidence(evaluation: evaluate.PropensityEvaluation) -> None:
    """The truth beats the truth with noise and every naive baseline; intervals are about challenger less rival."""
    metrics = evaluate.logged_metrics(evaluation)
    for rival in ("champion", "naive/base_rate", "naive/bought_last_30_days"):
        assert metrics[f"versus/{rival}/average_precision/low"] > 0
        assert metrics[f"versus/{rival}/log_loss/high"] < 0
    difference = metrics["average_precision"] - metrics["champion/average_precision"]
    assert metrics["versus/champion/average_precision/mean"] == pytest.approx(difference, abs=0.01)


def test_every_limit_of_the_gate_can_be_judged_by_an_interval(evaluation: evaluate.PropensityEvaluation) -> None:
    """For each absolute limit its interval is logged, and for the calibration error what is more than chance."""
    metrics = evaluate.logged_metrics(evaluation)
    for limit in load_gate("propensity", CHECKOUT / "include").absolute:
        assert (
            metrics[f"interval/{limit.metric}/low"] <= metrics[limit.metric] <= metrics[f"interval/{limit.metric}/high"]
        )
    reference, excess = (metrics[f"{kind}/expected_calibration_error"] for kind in ("calibrated", "excess"))
    assert metrics["expected_calibration_error"] == pytest.approx(reference + excess) and reference > 0


def test_without_a_champion_nothing_is_said_about_one() -> None:
    """The first model has rivals too, but no champion among them; a category without buyers leaves no nan behind."""
    training, _, test = split(rows(3, customers=100))
    test.loc[test["category"] == "Tea", "bought"] = 0
    alone = evaluate.compare_with_rivals(
        test, test["truth"].to_numpy(), naive=baseline_predictions(training, test), champion=None, settings=settings()
    )
    metrics = evaluate.logged_metrics(alone)
    assert not [name for name in metrics if "champion" in name]
    assert "category/tea/average_precision" not in metrics and "category/tea/log_loss" in metrics
    assert all(np.isfinite(value) for value in metrics.values())


def test_importance_finds_what_matters() -> None:
    """Shuffling an input that the prediction uses costs precision; one that it ignores costs nothing."""
    _, _, test = split(rows(3))
    importance = evaluate.permutation_importance(
        lambda frame: frame["habit"].to_numpy(), test, ("habit", "noise"), seed=1
    )
    assert importance["input"][0] == "habit" and importance["average_precision_lost"][0] > 0.1
    assert importance.set_index("input").loc["noise", "average_precision_lost"] == 0


def test_card_and_pictures_show_it_and_no_customer(evaluation: evaluate.PropensityEvaluation) -> None:
    """The card names the choice, every rival and category; no customer id is in it. Every picture can be drawn."""
    curves = evaluate.evaluation_curves(evaluation)
    assert set(curves) == {"challenger", "champion", "repeat", "explore", *(f"naive/{name}" for name in BASELINES)}
    assert sum(part["rows"] for part in curves["challenger"]["reliability"]) == len(evaluation.rows)
    candidates = tuple(
        model.PropensityCandidate(
            family="lightgbm",
            structure=structure,
            parameters={},
            seconds=1.0,
            measures=evaluation.mean(evaluation.predicted),
        )
        for structure in model.STRUCTURES
    )
    trained = model.TrainedPropensityModel(None, candidates[0], candidates, "isotonic")
    dates = split_dates(date(2024, 12, 31), settings())
    importance = pd.DataFrame({"input": ["habit"], "average_precision_lost": [0.2]})
    content = PropensityCardContent(
        catalog="demo",
        as_of=date(2024, 12, 31),
        dates=dates,
        trained=trained,
        evaluation=evaluation,
        importance=importance,
        champion="There is a champion.",
        notes=["some are left out"],
    )
    card = model_card(content)
    for text in (
        "demo",
        *CATEGORIES,
        "naive/personal_rate",
        "champion",
        "Some are left out.",
        str(dates.test),
        "lightgbm",
    ):
        assert text in card
    assert "C0001" not in card
    for figure in plots.propensity_figures(curves, importance).values():
        figure.canvas.draw()
