"""Forecasts of single series, against calculations by hand and one product at a time."""

from __future__ import annotations

import numpy as np
import pytest

from basketry.domains.forecast import smoothing
from basketry.domains.forecast.demand_classes import demand_classes
from tests.basketry.domains.forecast.shop import panel, plain_panel


def _croston(series: np.ndarray, alpha: float) -> float:
    """One product at a time, as the papers say it."""
    size = interval = None
    since = 1
    for value in series:
        if value > 0:
            size = value if size is None else size + alpha * (value - size)
            interval = since if interval is None else interval + alpha * (since - interval)
            since = 1
        else:
            since += 1
    return 0.0 if size is None or interval is None else (1 - alpha / 2) * size / interval


def _tsb(series: np.ndarray, alpha: float, beta: float) -> float:
    size = chance = None
    for number, value in enumerate(series, start=1):
        if size is None or chance is None:
            if value > 0:
                size, chance = value, 1 / number
            continue
        chance += beta * ((value > 0) - chance)
        size = size + alpha * (value - size) if value > 0 else size
    return 0.0 if size is None or chance is None else size * chance


def test_all_at_once_is_what_one_at_a_time_is() -> None:
    """Croston and TSB of every series of a shop."""
    history = panel().revenue
    assert smoothing.croston_sba(history) == pytest.approx([_croston(series, 0.1) for series in history])
    assert smoothing.tsb(history) == pytest.approx([_tsb(series, 0.1, 0.1) for series in history])


def test_smoothing_by_hand() -> None:
    """10, then 20 and 40 with alpha 0.5: 10, 15, 27.5."""
    assert smoothing.exponential_smoothing(np.array([[10.0, 20, 40]]), 0.5) == pytest.approx([27.5])


def test_a_weighted_mean_begins_with_the_first_sale() -> None:
    """Weeks before a product's life do not pull it down."""
    found = smoothing.weighted_mean(np.array([[0.0, 0, 8, 4]]), 0.5, np.array([2]))
    assert found == pytest.approx([(8 * 0.5 + 4) / 1.5])


def test_seasonal_naive_is_a_year_ago_and_before_a_year_the_last_four_weeks() -> None:
    """Week 1 ahead is the week 52 before it."""
    year = np.arange(60.0)[None]
    assert smoothing.seasonal_naive(year)[0, :2].tolist() == [8, 9]
    assert smoothing.seasonal_naive(year[:, :10])[0, :6].tolist() == [6, 7, 8, 9, 6, 7]
    assert smoothing.seasonal_naive(year[:, :2]).shape == (1, 13)


def test_classes_by_interval_and_variation() -> None:
    """Every week and even: smooth; every week and uneven: erratic; seldom: intermittent or lumpy; just begun: new."""
    panel = plain_panel(
        [
            [10.0, 11] * 8,
            [1.0, 1, 1, 30] * 4,
            [10.0, 0, 0, 0] * 4,
            [1.0, 0, 0, 40] + [0.0, 0, 0, 2] * 3,
            [0.0] * 13 + [5, 5, 5],
        ]
    )
    assert demand_classes(panel, 8).tolist() == ["smooth", "erratic", "intermittent", "lumpy", "new"]
