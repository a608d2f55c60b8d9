"""Online Retail: the next 28 days of every product, by the shipped settings, on origins that chose nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from basketry.domains.forecast import evaluate
from basketry.domains.forecast.series import Panel
from basketry.domains.forecast.settings import load_settings
from basketry.domains.forecast.smoothing import exponential_smoothing
from benchmarks.forecast_quality import online_retail
from benchmarks.forecast_quality import tested as judged
from tests.kit.data_sets import data_file

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Weekly series of all products."""
    return online_retail(data_file("online_retail", "OnlineRetail.csv.gz").parents[1])


def test_the_setup_is_the_one_that_was_measured(panel: Panel) -> None:
    """3,775 products, and 3,365 of them active at week 40, whose total smoothing misses by 34 per cent."""
    assert (len(panel), panel.weeks) == (3775, 52)
    history = panel.before(12)
    active = history.idle < 26
    assert active.sum() == 3365
    truth = panel.revenue[active, 40:44].sum(axis=1)
    error = 4 * exponential_smoothing(history.revenue[active], 0.3) - truth
    assert abs(error).sum() / truth.sum() == pytest.approx(0.520, abs=0.001)


def test_it_is_surely_better_than_smoothing(panel: Panel) -> None:
    """WAPE, RMSE and coverage over origins 40, 44 and 48, beside exponential smoothing's 0.489 and 527."""
    settings = load_settings(CHECKOUT / "include")
    metrics = evaluate.named_metrics(judged(panel, settings), settings)
    assert metrics["naive/exponential_smoothing/wape"] == pytest.approx(0.489, abs=0.001)
    assert metrics["naive/exponential_smoothing/rmse"] == pytest.approx(527.5, abs=0.5)
    assert metrics["versus/naive/exponential_smoothing/wape/high"] < 0
    assert metrics["wape"] <= 0.46
    assert metrics["rmse"] < 527
    assert 0.85 <= metrics["coverage_90"] <= 0.95
