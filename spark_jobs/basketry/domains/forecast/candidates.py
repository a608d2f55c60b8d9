"""The methods that compete, each with a revenue for every product and week ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from basketry.domains.forecast import smoothing
from basketry.domains.forecast.booster import Booster
from basketry.domains.forecast.booster_inputs import LEVEL_ALPHA
from basketry.domains.forecast.series import HORIZONS, WEEKS_AHEAD, Floats, Panel

Method = Callable[[Panel, Booster], Floats]

SEASONAL_NAIVE, SMOOTHING, USUAL, SHARE = "seasonal_naive", "exponential_smoothing", "usual_mean", "category_share"
BOOSTER, BLEND = "boosting", "boosting_and_usual_mean"

BASELINES = (SEASONAL_NAIVE, SMOOTHING, "recent_mean_4", "recent_mean_8", "recent_mean_13", "croston_sba", "tsb")
"""Methods that everybody knows: what a model must beat."""

ALL = (*BASELINES, USUAL, SHARE, BOOSTER, BLEND)

_SHARE_WEEKS = 4.0
"""A new product counts as much by its category as if it had sold at the category's level for so many weeks."""


def _recent(weeks: int) -> Method:
    return lambda panel, booster: flat_forecast(smoothing.recent_mean(panel.revenue, weeks))


def _usual(panel: Panel, booster: Booster) -> Floats:
    return flat_forecast(smoothing.weighted_mean(panel.usual_revenue, LEVEL_ALPHA, panel.age))


def _boosted(panel: Panel, booster: Booster) -> Floats:
    return spread_over_weeks(booster.predict(panel))


def weekly_candidates(panel: Panel, booster: Booster, names: Iterable[str]) -> dict[str, Floats]:
    """Forecast by some methods, products x WEEKS_AHEAD each, by name."""
    return {name: METHODS[name](panel, booster) for name in names}


def category_share(panel: Panel) -> Floats:
    """Forecast the weekly revenue of products without much past: the category's level, and their own by weeks of life."""
    norms = panel.known_norms
    fallback = norms.mean_level
    level = np.array([norms.category_levels.get(str(name), fallback) for name in panel.categories])
    age = np.minimum(panel.age, 8)
    recent = np.arange(panel.weeks)[::-1] < age[:, None]
    own = (panel.usual_revenue * recent).sum(axis=1)
    shares: Floats = (own + _SHARE_WEEKS * level) / (age + _SHARE_WEEKS)
    return shares


def flat_forecast(level: Floats) -> Floats:
    """Repeat the same revenue in every week ahead: products x WEEKS_AHEAD."""
    return np.repeat(level[:, None], WEEKS_AHEAD, axis=1)


def spread_over_weeks(totals: Floats) -> Floats:
    """Spread totals of the horizons over weeks, evenly between one horizon and the next; never negative.

    Args:
        totals: Products x HORIZONS.
    """
    grown = np.maximum.accumulate(totals, axis=1)
    edges = (0, *HORIZONS)
    parts = np.diff(np.column_stack([np.zeros(len(totals)), grown]), axis=1) / np.diff(edges)
    return np.repeat(parts, np.diff(edges), axis=1)


METHODS: dict[str, Method] = {
    SEASONAL_NAIVE: lambda panel, booster: smoothing.seasonal_naive(panel.revenue),
    SMOOTHING: lambda panel, booster: flat_forecast(smoothing.exponential_smoothing(panel.revenue, 0.3)),
    "recent_mean_4": _recent(4),
    "recent_mean_8": _recent(8),
    "recent_mean_13": _recent(13),
    "croston_sba": lambda panel, booster: flat_forecast(smoothing.croston_sba(panel.revenue)),
    "tsb": lambda panel, booster: flat_forecast(smoothing.tsb(panel.revenue)),
    USUAL: _usual,
    SHARE: lambda panel, booster: flat_forecast(category_share(panel)),
    BOOSTER: _boosted,
    BLEND: lambda panel, booster: (_usual(panel, booster) + _boosted(panel, booster)) / 2,
}
