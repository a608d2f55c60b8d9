"""Forecasts that look at one series alone, computed for all series at once: a loop over weeks, never over products.

`history` is a matrix of products x weeks, the newest last. Each function returns the mean revenue of a week to come, one
value per product; only the seasonal naive has a value for each week ahead.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from basketry.domains.forecast.series import WEEKS_AHEAD, Floats

YEAR = 52


def exponential_smoothing(history: Floats, alpha: float) -> Floats:
    """Forecast by simple exponential smoothing that starts at the first week."""
    level = history[:, 0].copy()
    for week in history.T[1:]:
        level += alpha * (week - level)
    return level


def weighted_mean(history: Floats, alpha: float, age: NDArray[np.int64]) -> Floats:
    """Forecast the mean with weights (1 - alpha)^weeks ago, over a product's own life: smoothing without a made-up start.

    Args:
        history: Products x weeks.
        alpha: How fast older weeks fade.
        age: Weeks of life of each product; earlier weeks do not count, and at least one week does.
    """
    ago = np.arange(history.shape[1])[::-1]
    weights = (1 - alpha) ** ago * (ago < np.maximum(age, 1)[:, None])
    average: Floats = (history * weights).sum(axis=1) / weights.sum(axis=1)
    return average


def recent_mean(history: Floats, weeks: int) -> Floats:
    """Forecast the mean of the newest weeks."""
    average: Floats = history[:, -weeks:].mean(axis=1)
    return average


def croston_sba(history: Floats, alpha: float = 0.1) -> Floats:
    """Forecast the smoothed size over the smoothed interval of demand, less its bias.

    Source: Croston (1972); the factor 1 - alpha / 2 is that of Syntetos & Boylan (2005).
    """
    size, interval = np.zeros(len(history)), np.ones(len(history))
    since, started = np.ones(len(history)), np.zeros(len(history), dtype=bool)
    for week in history.T:
        sold = week > 0
        first, later = sold & ~started, sold & started
        size = np.where(first, week, np.where(later, size + alpha * (week - size), size))
        interval = np.where(first, since, np.where(later, interval + alpha * (since - interval), interval))
        started |= sold
        since = np.where(sold, 1.0, since + 1)
    return (1 - alpha / 2) * size / interval


def tsb(history: Floats, alpha: float = 0.1, beta: float = 0.1) -> Floats:
    """Forecast the smoothed probability of a sale times the smoothed size.

    It falls week by week once nothing sells any more. Source: Teunter, Syntetos & Babai (2011).

    Args:
        history: Products x weeks.
        alpha: Smooths the size.
        beta: Smooths the probability.
    """
    size, chance = np.zeros(len(history)), np.zeros(len(history))
    started = np.zeros(len(history), dtype=bool)
    for number, week in enumerate(history.T, start=1):
        sold = week > 0
        first = sold & ~started
        size = np.where(first, week, np.where(sold, size + alpha * (week - size), size))
        chance = np.where(first, 1 / number, chance + beta * (sold - chance))
        started |= sold
        chance = np.where(started, chance, 0.0)
    return chance * size


def seasonal_naive(history: Floats) -> Floats:
    """Forecast the same weeks of a year ago; while history is shorter, the last four weeks again and again.

    Returns:
        Products x weeks ahead.
    """
    if history.shape[1] >= YEAR:
        start = history.shape[1] - YEAR
        return history[:, start : start + WEEKS_AHEAD].copy()
    last = history[:, -4:]
    return np.tile(last, (1, -(-WEEKS_AHEAD // last.shape[1])))[:, :WEEKS_AHEAD]
