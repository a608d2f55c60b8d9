"""Naive baselines, worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from basketry.domains.propensity.baselines import BASELINES, baseline_predictions
from tests.basketry.domains.propensity.simulated import rows, split


def _past() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "category": ["Tea"] * 4 + ["Milk"] * 2,
            "bought": [1, 0, 0, 0, 1, 1],
            "baseline_days_30d": [1, 1, 0, 0, 0, 3],
            "baseline_days_ever": [4, 1, 0, 0, 6, 12],
            "baseline_customer_age": [300.0] * 6,
        }
    )


def test_baselines_by_hand() -> None:
    """Base rate of a category; of its recent buyers and others; the overall rate where a category is new."""
    new = _past().iloc[[0, 2, 4]].assign(category=["Tea", "Tea", "Coffee"])
    predictions = baseline_predictions(_past(), new)
    assert tuple(predictions) == BASELINES
    assert predictions["base_rate"] == pytest.approx([0.25, 0.25, 0.5])
    assert predictions["bought_last_30_days"] == pytest.approx([0.5, 0, 0.5])


def test_personal_rate_is_between_the_base_rate_and_the_own_rate() -> None:
    """Whoever bought more often than others is above the base rate, whoever never did below, none at 0 or 1."""
    frame = rows(4)
    training, _, test = split(frame)
    predictions = baseline_predictions(training, test)["personal_rate"]
    base = baseline_predictions(training, test)["base_rate"]
    own = -np.expm1(-test["baseline_days_ever"] / 12)
    assert (predictions >= np.minimum(base, own) - 1e-12).all() and (predictions <= np.maximum(base, own) + 1e-12).all()
    assert (predictions > 0).all() and (predictions < 1).all()


def test_baselines_learn_from_the_past_alone() -> None:
    """What the rows themselves bought changes none of their baselines."""
    training, _, test = split(rows(3))
    before, after = (baseline_predictions(training, frame) for frame in (test, test.assign(bought=1)))
    assert all(np.array_equal(before[name], after[name]) for name in BASELINES)
