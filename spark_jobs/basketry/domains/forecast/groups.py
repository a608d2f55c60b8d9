"""Forecasts of departments and the whole catalog: smooth series, so a handful of methods, chosen by their own past."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from basketry.domains.forecast.series import WEEKS_AHEAD, Floats, Panel, Texts
from basketry.domains.forecast.smoothing import YEAR, exponential_smoothing

_LEAST_HISTORY = 8
_JUDGED_WEEKS = 4
_DAMPING = 0.8
Method = Callable[[Floats], Floats]


def _level(alpha: float) -> Method:
    return lambda history: np.repeat(exponential_smoothing(history, alpha)[:, None], WEEKS_AHEAD, axis=1)


def damped_trend(history: Floats) -> Floats:
    """Forecast a smoothed level plus a smoothed trend that fades by a fifth a week (Gardner & McKenzie 1985)."""
    level, trend = history[:, 0].copy(), np.zeros(len(history))
    for week in history.T[1:]:
        before = level
        level = 0.3 * week + 0.7 * (level + _DAMPING * trend)
        trend = 0.1 * (level - before) + 0.9 * _DAMPING * trend
    fading = np.cumsum(_DAMPING ** np.arange(1, WEEKS_AHEAD + 1))
    return np.maximum(level[:, None] + trend[:, None] * fading, 0.0)


def seasonal_growth(history: Floats) -> Floats:
    """Forecast the same weeks of a year ago, grown as the last eight weeks grew; needs a year and eight weeks."""
    start = history.shape[1] - YEAR
    then, now = history[:, start - 8 : start].sum(axis=1), history[:, -8:].sum(axis=1)
    growth = np.divide(now, then, out=np.ones(len(history)), where=then > 0)
    expected: Floats = history[:, start : start + WEEKS_AHEAD] * np.clip(growth, 0.25, 4.0)[:, None]
    return expected


METHODS: dict[str, Method] = {
    "exponential_smoothing_0.3": _level(0.3),
    "exponential_smoothing_0.5": _level(0.5),
    "damped_trend": damped_trend,
    "seasonal_growth": seasonal_growth,
}

DEFAULT_METHOD = "exponential_smoothing_0.3"
"""The method of a catalog without a past that could choose."""


def _usable_methods(history: Floats) -> list[str]:
    enough = history.shape[1] >= YEAR + _LEAST_HISTORY + _JUDGED_WEEKS
    return [name for name in METHODS if enough or name != "seasonal_growth"]


def past_errors(history: Floats, method: str) -> Floats:
    """Compute relative errors of the next four weeks' sum at every week of the past where a method could be used.

    Args:
        history: Groups x weeks.
        method: A name in METHODS.

    Returns:
        Groups x origins; nan where nothing was sold.
    """
    first = YEAR + _LEAST_HISTORY if method == "seasonal_growth" else _LEAST_HISTORY
    ends = range(first, history.shape[1] - _JUDGED_WEEKS + 1)
    errors = []
    for end in ends:
        predicted = METHODS[method](history[:, :end])[:, :_JUDGED_WEEKS].sum(axis=1)
        observed = history[:, end : end + _JUDGED_WEEKS].sum(axis=1)
        unknown = np.full(len(observed), np.nan)
        errors.append(np.divide(predicted - observed, observed, out=unknown, where=observed > 0))
    return np.array(errors).T if errors else np.full((len(history), 0), np.nan)


def best_method(history: Floats) -> str:
    """Return the method with the least mean squared relative error in the past; the first where there is too little past."""
    scores = {}
    for name in _usable_methods(history):
        errors = past_errors(history, name)
        finite = errors[np.isfinite(errors)]
        scores[name] = float(np.mean(finite**2)) if len(finite) else np.inf
    return min(scores, key=lambda name: scores[name])


def sum_by_department(panel: Panel, names: Texts, values: Floats) -> Floats:
    """Sum the rows of products by department.

    Args:
        panel: The products.
        names: The departments, in the order of the result; products of another one are left out.
        values: Products x any columns.

    Returns:
        Departments x columns.
    """
    positions = {name: number for number, name in enumerate(names)}
    sums = np.zeros((len(names), *values.shape[1:]))
    codes = np.array([positions.get(name, -1) for name in panel.departments], dtype=np.intp)
    np.add.at(sums, codes[codes >= 0], values[codes >= 0])
    return sums
