"""The shipped gate at the demo's own size: forecasts spoiled as a limit guards against are refused, good ones are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pytest

from basketry.domains.forecast import evaluate, train
from basketry.gates import evaluate_gate
from tests.basketry.domains.forecast.shop import panel, settings
from tests.kit.gates import Spoiled, barely_beyond, failed, shipped_gate
from tests.kit.jobs import job_arguments

PRODUCTS, WEEKS = 1_000, 92
"""Of the demo."""

SETTINGS = settings(chosen_on=3, tested_on=3, bootstrap=500)


@cache
def good() -> evaluate.BacktestResults:
    """The training's own test: three origins chosen and calibrated by three earlier ones."""
    arguments = job_arguments("demo", "train_forecast", as_of=date(2026, 11, 28))
    return train.train_challenger(panel(PRODUCTS, WEEKS, 3), arguments, SETTINGS).results


def measured(tested: evaluate.BacktestResults) -> Mapping[str, float]:
    """What the training logs of it."""
    return evaluate.named_metrics(tested, SETTINGS)


def times(factor: float) -> Mapping[str, float]:
    """Every forecast so many times as high."""
    tested = good()
    return measured(replace(tested, forecasts={**tested.forecasts, "": tested.forecasts[""] * factor}))


def widened(factor: float) -> Mapping[str, float]:
    """Every interval so many times as wide, around the same forecasts."""
    tested = good()
    middle = tested.forecasts[""]
    bounds = {
        level: (np.maximum(middle - factor * (middle - low), 0), middle + factor * (high - middle))
        for level, (low, high) in tested.bounds.items()
    }
    return measured(replace(tested, bounds=bounds))


SPOILED: Spoiled = {
    "forecasts times 1.6": (lambda: times(1.6), frozenset({"absolute_bias"})),
    "forecasts times 0.4": (lambda: times(0.4), frozenset({"absolute_bias"})),
    "intervals halved": (lambda: widened(0.5), frozenset({"coverage_90"})),
    "intervals three times as wide": (lambda: widened(3), frozenset({"coverage_90"})),
}


@pytest.mark.parametrize("kind", SPOILED)
def test_spoiled_forecasts_are_refused_by_the_limit_that_guards_against_them(kind: str) -> None:
    """Surely beyond, also for a first model, with no more products than the demo has and three origins to test on."""
    metrics, guards = SPOILED[kind]
    decision = evaluate_gate(shipped_gate("forecast"), metrics())
    assert decision.verdict == "refuse"
    assert guards <= failed(decision)


def test_good_forecasts_of_the_same_products_are_promoted() -> None:
    """Within every limit, each with an interval around it."""
    metrics = measured(good())
    assert evaluate_gate(shipped_gate("forecast"), metrics).verdict == "promote"
    for name in ("absolute_bias", "coverage_90"):
        assert metrics[f"interval/{name}/low"] < metrics[name] < metrics[f"interval/{name}/high"]


@pytest.mark.parametrize("metric", ["absolute_bias", "coverage_90"])
def test_what_is_beyond_a_limit_but_not_surely_is_provisional(metric: str) -> None:
    """A first model whose interval holds the limit."""
    metrics = measured(good())
    assert evaluate_gate(barely_beyond(shipped_gate("forecast"), metrics, metric), metrics).verdict == "provisional"


def test_intervals_a_little_too_wide_are_provisional_by_the_limit_as_it_is() -> None:
    """The first width of some that covers more than 98 of 100 is no evidence against the limit yet."""
    tried = (widened(width) for width in np.arange(2.0, 3.0, 0.05))
    metrics = next(each for each in tried if each["coverage_90"] > 0.98)
    decision = evaluate_gate(shipped_gate("forecast"), metrics)
    assert (decision.verdict, {check.outcome for check in decision.checks}) == ("provisional", {"unsure", "passed"})
