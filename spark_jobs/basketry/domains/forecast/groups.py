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
    """Smoothed level plus a smoothed trend that fades by a fifth a week (Gardner & McKenzie 1985)."""
    level, trend = history[:, 0].copy(), np.zeros(len(history))
    for week in history.T[1:]:
        before = level
        level = 0.3 * week + 0.7 * (level + _DAMPING * trend)
        trend = 0.1 * (level - before) + 0.9 * _DAMPING * trend
    fading = np.cumsum(_DAMPING ** np.arange(1, WEEKS_AHEAD + 1))
    return np.maximum(level[:, None] + trend[:, None] * fading, 0.0)


def seasonal_growth(history: Floats) -> Floats:
    """The same weeks a year ago, by how much the last eight weeks grew on theirs; needs a year and eight weeks."""
    start = history.shape[1] - YEAR
    then, now = history[:, start - 8 : start].sum(axis=1), history[:, -8:].sum(axis=1)
    growth = np.divide(now, then, out=np.ones(len(history)), where=then > 0)
    return history[:, start : start + WEEKS_AHEAD] * np.clip(growth, 0.25, 4.0)[:, None]


METHODS: dict[str, Method] = {
    "exponential_smoothing_0.3": _level(0.3),
    "exponential_smoothing_0.5": _level(0.5),
    "damped_trend": damped_trend,
    "seasonal_growth": seasonal_growth,
}


def _known(history: Floats) -> list[str]:
    enough = history.shape[1] >= YEAR + _LEAST_HISTORY + _JUDGED_WEEKS
    return [name for name in METHODS if enough or name != "seasonal_growth"]


def past_errors(history: Floats, method: str) -> Floats:
    """Relative errors of the next four weeks' sum at every week of the past where the method could be used.

    groups x origins; nan where nothing came.
    """
    first = YEAR + _LEAST_HISTORY if method == "seasonal_growth" else _LEAST_HISTORY
    ends = range(first, history.shape[1] - _JUDGED_WEEKS + 1)
    errors = []
    for end in ends:
        found = METHODS[method](history[:, :end])[:, :_JUDGED_WEEKS].sum(axis=1)
        came = history[:, end : end + _JUDGED_WEEKS].sum(axis=1)
        errors.append(np.divide(found - came, came, out=np.full(len(came), np.nan), where=came > 0))
    return np.array(errors).T if errors else np.full((len(history), 0), np.nan)


def best_method(history: Floats) -> str:
    """The method with the least mean squared relative error in the past; the first where there is too little past."""
    scores = {}
    for name in _known(history):
        errors = past_errors(history, name)
        finite = errors[np.isfinite(errors)]
        scores[name] = float(np.mean(finite**2)) if len(finite) else np.inf
    return min(scores, key=lambda name: scores[name])


def by_department(panel: Panel, names: Texts, values: Floats) -> Floats:
    """Rows a product summed to rows a department, in the order of names; a department that is not named is left out."""
    place = {name: number for number, name in enumerate(names)}
    found = np.zeros((len(names), *values.shape[1:]))
    codes = np.array([place.get(name, -1) for name in panel.departments], dtype=np.intp)
    np.add.at(found, codes[codes >= 0], values[codes >= 0])
    return found
