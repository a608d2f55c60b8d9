"""Naive predictions that every model must beat: one number per category, one habit, one rate per customer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from basketry.domains.propensity.inputs import LABEL
from basketry.learning.evaluation import Floats, probability_metrics

BASELINES = ("base_rate", "bought_last_30_days", "personal_rate")
_WINDOW = 30
_STRENGTHS = (0.5, 1, 2, 4, 8, 16, 32)
_HIGHEST_RATE = 1 - 1e-6


def baseline_predictions(past: pd.DataFrame, rows: pd.DataFrame) -> dict[str, Floats]:
    """Return each baseline's probabilities for the rows, learned from labelled rows of the past only."""
    strength = min(
        _STRENGTHS, key=lambda value: probability_metrics(past[LABEL], _personal_rate(past, past, value))["log_loss"]
    )
    predictions = (_base_rate(past, rows), _bought_last_30_days(past, rows), _personal_rate(past, rows, strength))
    return dict(zip(BASELINES, predictions, strict=True))


def _base_rate(past: pd.DataFrame, rows: pd.DataFrame) -> Floats:
    """Return the share of customers who bought the category; over all categories for one that is new."""
    rates = past.groupby("category")[LABEL].mean()
    return _filled(rows["category"].map(rates), past)


def _bought_last_30_days(past: pd.DataFrame, rows: pd.DataFrame) -> Floats:
    """Return the same share, separately for customers who bought it in the last 30 days and for the others."""
    rates = past.groupby(["category", past["baseline_days_30d"] > 0])[LABEL].mean()
    key = pd.MultiIndex.from_arrays([rows["category"], rows["baseline_days_30d"] > 0])
    return _filled(pd.Series(rates.reindex(key).to_numpy()), past)


def _personal_rate(past: pd.DataFrame, rows: pd.DataFrame, strength: float) -> Floats:
    """Return the chance of at least one purchase at the customer's own rate, shrunk to the category's.

    The rate is days with a purchase per 30 days since the customer's first one, with a gamma prior around the base rate that
    weighs as much as `strength` windows of 30 days.
    """
    base = -np.log1p(-np.minimum(_base_rate(past, rows), _HIGHEST_RATE))
    windows = rows["baseline_customer_age"].to_numpy(dtype=np.float64) / _WINDOW
    days = rows["baseline_days_ever"].to_numpy(dtype=np.float64)
    return -np.expm1(-(days + strength * base) / (windows + strength))


def _filled(rates: pd.Series, past: pd.DataFrame) -> Floats:
    return rates.fillna(past[LABEL].mean()).to_numpy(dtype=np.float64)
