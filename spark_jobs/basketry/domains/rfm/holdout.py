"""Whether lifetime expectations are worth showing: compared with what came true and with the naive rate. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from basketry.domains.rfm.lifetime import Floats, PurchaseModel, SpendModel, fit_purchase_model, fit_spend_model

DAYS_AHEAD = 90
"""How far expectations look ahead, and how long the holdout is; columns of the gold tables are named after it."""

PURCHASES, SPEND = "purchases", "spend"
HISTORY = ("repeat_dates", "last_after_days", "age_days", "repeat_spend", "monetary")
"""Columns of a customer's history: dates after the first, days from first to last and from first to now, mean spend of
the dates after the first, mean spend of all dates in the window."""


@dataclass(frozen=True)
class Expectations:
    """Fitted models, and which of both quantities they may show.

    Attributes:
        days: How far ahead they look.
        purchases: The model of purchase dates; None where too few customers came back.
        spend: The model of spend per date; None where it cannot be fitted.
        shown: The quantities that may be shown.
    """

    days: int
    purchases: PurchaseModel | None
    spend: SpendModel | None
    shown: tuple[str, ...] = ()

    def of(self, history: pd.DataFrame) -> dict[str, Floats]:
        """Return expected purchase dates and spend of each customer from columns HISTORY; nan where there is no model."""
        nothing = np.full(len(history), np.nan)
        if self.purchases is None:
            return {PURCHASES: nothing, SPEND: nothing}
        x, t_x, age = (history[name].to_numpy(np.float64) for name in HISTORY[:3])
        dates = self.purchases.expected(x, t_x, age, self.days)
        if self.spend is None:
            return {PURCHASES: dates, SPEND: nothing}
        return {PURCHASES: dates, SPEND: dates * self.spend.expected(x, history["repeat_spend"])}

    def shown_of(self, history: pd.DataFrame) -> dict[str, Floats]:
        """Return the same as `of`, with nan for what may not be shown."""
        if not self.shown:
            return dict.fromkeys((PURCHASES, SPEND), np.full(len(history), np.nan))
        expected = self.of(history)
        return {
            name: values if name in self.shown else np.full(len(values), np.nan) for name, values in expected.items()
        }


def fit_expectations(history: pd.DataFrame, days: int) -> Expectations:
    """Fit both models to these customers' columns HISTORY."""
    purchases = fit_purchase_model(*(history[name] for name in HISTORY[:3]))
    return Expectations(days, purchases, fit_spend_model(history["repeat_dates"], history["repeat_spend"]))


def naive_expectations(history: pd.DataFrame, days: int) -> dict[str, Floats]:
    """Return what goes on as before: the customer's own rate of dates since the first, over at least `days`, and its spend."""
    dates = (history["repeat_dates"].to_numpy(np.float64) + 1) * days / np.maximum(history["age_days"] + 1, days)
    rate: Floats = np.asarray(dates, dtype=np.float64)
    return {PURCHASES: rate, SPEND: rate * history["monetary"].to_numpy(np.float64)}


@dataclass(frozen=True)
class HoldoutResult:
    """How expectations did in the holdout.

    Attributes:
        metrics: Errors by the name under which they are logged.
        better: The quantities that are surely better than the naive rate.
    """

    metrics: Mapping[str, float]
    better: tuple[str, ...]


def evaluate_holdout(
    before: pd.DataFrame, actual: Mapping[str, Floats], days: int, *, resamples: int, seed: int
) -> HoldoutResult:
    """Fit on the customers as of the day before the holdout, expect, and compare with what they did in it.

    A quantity is better when the 95 % bootstrap interval of the difference in mean absolute error, over customers, lies
    below 0 and the root mean squared error is no larger: the first alone would favour who always expects too little.

    Args:
        before: Columns HISTORY as of the day before the holdout.
        actual: Purchase dates and spend of the same customers in the holdout.
        days: The length of the holdout.
        resamples: How many bootstrap resamples there are.
        seed: The seed of their draws.
    """
    model, naive = fit_expectations(before, days).of(before), naive_expectations(before, days)
    metrics: dict[str, float] = {}
    better = []
    for name in (PURCHASES, SPEND):
        if np.isnan(model[name]).any():
            continue
        errors = {"model": np.abs(model[name] - actual[name]), "naive": np.abs(naive[name] - actual[name])}
        low, high = _interval(errors["model"] - errors["naive"], resamples, seed)
        prefix = f"lifetime/{name}"
        square = {who: float(np.sqrt((error**2).mean())) for who, error in errors.items()}
        metrics |= {f"{prefix}/{who}_mean_absolute_error": float(error.mean()) for who, error in errors.items()}
        metrics |= {f"{prefix}/{who}_root_mean_squared_error": value for who, value in square.items()}
        metrics |= {f"{prefix}/difference_low": low, f"{prefix}/difference_high": high}
        observed = max(actual[name].sum(), 1e-9)
        metrics[f"{prefix}/expected_over_observed"] = float(model[name].sum() / observed)
        metrics[f"{prefix}/naive_over_observed"] = float(naive[name].sum() / observed)
        if high < 0 and square["model"] <= square["naive"]:
            better.append(name)
    return HoldoutResult(metrics, tuple(better))


def _interval(differences: Floats, resamples: int, seed: int) -> tuple[float, float]:
    generator, count = np.random.default_rng(seed), len(differences)
    means = [differences[generator.integers(0, count, count)].mean() for _ in range(resamples)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
