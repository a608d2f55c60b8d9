"""Metrics by hand, and intervals that hold what they should."""

from __future__ import annotations

import numpy as np
import pytest

from basketry.domains.forecast.intervals import spread_of
from basketry.domains.forecast.metrics import (
    Resamples,
    amount_metrics,
    coverage,
    mean_amount_metrics,
    percentile_interval,
    resampled_coverage,
    resampled_metrics,
)


def test_metrics_by_hand() -> None:
    """Forecasts 8 and 6 of 10 and 0; the naive forecast was off by 4 and never judged."""
    metrics = amount_metrics([10, 0], [8, 6], [4, 0])
    assert metrics["wape"] == pytest.approx(8 / 10)
    assert metrics["rmse"] == pytest.approx(np.sqrt((4 + 36) / 2))
    assert metrics["bias"] == metrics["absolute_bias"] == pytest.approx(4 / 10)
    assert metrics["rmsse"] == pytest.approx(2 / 4)
    assert np.isnan(amount_metrics([0, 0], [1, 1], [0, 0])["wape"])


def test_every_origin_counts_the_same() -> None:
    """The mean over origins, not over money."""
    found = mean_amount_metrics([10, 1000], [5, 1000], [1, 1], [8, 4])
    assert found["wape"] == pytest.approx(0.25)


def test_a_better_forecast_is_surely_better() -> None:
    """Resamples of products draw the same products for every forecast."""
    random = np.random.default_rng(2)
    truth = random.gamma(2, 50, 400)
    forecasts = {"good": truth * 1.1, "bad": truth * 1.5}
    drawn = Resamples.of_products(np.arange(400), np.zeros(400), 100, 3)
    found = {name: resampled_metrics(truth, forecast, np.ones(400), drawn) for name, forecast in forecasts.items()}
    difference = percentile_interval(found["good"]["wape"] - found["bad"]["wape"])
    assert difference.high < 0
    assert difference.mean == pytest.approx(-0.4, abs=0.01)


def test_an_interval_of_a_bias_knows_that_origins_differ() -> None:
    """Biases of -0.3, 0 and +0.3 at three origins: over products alone the mean size looks sure, over both it does not."""
    random = np.random.default_rng(6)
    truth, origins, products = random.gamma(4, 25, 1200), np.repeat([4, 8, 12], 400), np.tile(np.arange(400), 3)
    predicted = truth * np.repeat([0.7, 1.0, 1.3], 400) * random.uniform(0.9, 1.1, 1200)
    kinds = {"products": Resamples.of_products, "both": Resamples.crossed}
    intervals = {
        name: percentile_interval(
            resampled_metrics(truth, predicted, np.ones(1200), of(products, origins, 400, 1))["absolute_bias"]
        )
        for name, of in kinds.items()
    }
    assert intervals["products"].high - intervals["products"].low < 0.03
    assert intervals["both"].low < 0.03 and intervals["both"].high > 0.28


def test_resamples_count_origins_and_products_by_hand() -> None:
    """A product drawn twice counts twice, an origin that was not drawn not at all, also when it has no number."""
    drawn = Resamples(np.array([0, 1, 0]), np.array([[2.0, 1.0]]), np.array([0, 0, 1]), np.array([[2.0, 0.0]]))
    assert drawn.by_origin(np.array([[10.0], [1.0], [5.0]])).ravel().tolist() == [21.0, 10.0]
    assert drawn.mean(np.array([[3.0], [np.nan]])).tolist() == [3.0]
    assert resampled_coverage([1, 1, 1], [0, 2, 0], [2, 3, 2], drawn).tolist() == [pytest.approx(2 / 3)]


def test_an_interval_of_a_coverage_holds_what_was_covered() -> None:
    """Origins of 0.8 and 1.0: the interval reaches from one to the other, around 0.9."""
    truth, origins = np.ones(400), np.repeat([4, 8], 200)
    low = np.where((origins == 4) & (np.arange(400) % 5 == 0), 2.0, 0.0)
    drawn = Resamples.crossed(np.tile(np.arange(200), 2), origins, 300, 1)
    found = percentile_interval(resampled_coverage(truth, low, low + 5, drawn))
    assert found.low < 0.83 and found.high == 1.0
    assert found.mean == pytest.approx(coverage(truth, low, low + 5), abs=0.02)


def test_intervals_cover_what_they_promise() -> None:
    """Learned on one half of a shop, they cover 90 and 50 of 100 in the other, in every class; never below zero."""
    random = np.random.default_rng(5)
    forecast = np.exp(random.normal(3, 1, 8000))
    classes = np.where(random.random(8000) < 0.5, "smooth", "lumpy").astype(object)
    truth = forecast * np.exp(random.normal(0, np.where(classes == "smooth", 0.2, 1.2)))
    learn, test = np.arange(8000) < 4000, np.arange(8000) >= 4000
    bounds = spread_of(truth[learn], forecast[learn], classes[learn]).bounds(forecast[test], classes[test])
    for level, (low, high) in bounds.items():
        assert (low >= 0).all() and (low <= high).all()
        for name in ("smooth", "lumpy"):
            rows = classes[test] == name
            assert coverage(truth[test][rows], low[rows], high[rows]) == pytest.approx(level, abs=0.03)
    assert (bounds[0.9][0] <= bounds[0.5][0]).all() and (bounds[0.9][1] >= bounds[0.5][1]).all()


def test_without_a_past_an_interval_is_wide() -> None:
    """Nothing is claimed to be known."""
    empty = np.array([])
    low, high = spread_of(empty, empty, empty.astype(object)).bounds(np.array([10.0]), np.array(["new"], dtype=object))[
        0.9
    ]
    assert low[0] == 0 and high[0] >= 30
