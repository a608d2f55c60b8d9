"""Price response: an elasticity that was put in is found, and nothing is said where the price did not move."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from basketry.domains.decisions.prices import price_response, price_weeks, what_if
from tests.basketry.domains.decisions.test_core import RULES

pytestmark = pytest.mark.slow

WEEKS = 60


def _lines() -> pd.DataFrame:
    """Products whose units follow their price by a known power, under a season that all share."""
    random = np.random.default_rng(4)
    season = np.exp(random.normal(0, 0.5, WEEKS))
    lines = []
    for number in range(12):
        elasticity = -2.0 if number < 6 else -0.5
        moves = number != 11
        price = 5 * np.exp(random.normal(0, 0.2 if moves else 0.001, WEEKS))
        units = 100 * season * (price / 5) ** elasticity * np.exp(random.normal(0, 0.1, WEEKS))
        name = "follows" if number < 6 else "minds little"
        lines += [
            (name, f"P{number:02}", week, float(price[week] * units[week]), float(units[week])) for week in range(WEEKS)
        ]
    lines += [("free", "P99", week, 0.0, 5.0) for week in range(WEEKS)] + [("once", "P98", 3, 10.0, 2.0)]
    return pd.DataFrame(lines, columns=["category", "product_id", "weeks_ago", "amount", "units"])


@pytest.fixture(scope="module")
def response(spark: SparkSession) -> pd.DataFrame:
    """What is learned from them."""
    return (
        price_response(price_weeks(spark.createDataFrame(_lines())), RULES)
        .toPandas()
        .set_index(["level", "product_id"])
    )


def test_an_elasticity_that_was_put_in_is_found(response: pd.DataFrame) -> None:
    """Within three standard errors, for products and for categories; the category is surer."""
    products = response.loc["product"]
    for number in range(11):
        row, truth = products.loc[f"P{number:02}"], -2.0 if number < 6 else -0.5
        # The season is taken out by the mean of all others, whose own prices move a little too.
        assert row.elasticity == pytest.approx(truth, abs=3 * row.standard_error + 0.1)
    pooled = response.loc["category"].set_index("category")
    assert pooled.elasticity["follows"] == pytest.approx(-2.0, abs=0.15)
    assert pooled.standard_error["follows"] < products.loc["P00"].standard_error


def test_where_the_price_told_nothing_nothing_is_said(response: pd.DataFrame) -> None:
    """A price that hardly moved, a price of 0, a single sale."""
    responding = set(response.loc["product"].index)
    assert responding == {f"P{number:02}" for number in range(11)}
    assert set(response.loc["category"]["category"]) == {"follows", "minds little"}


def test_what_if_by_hand() -> None:
    """Ten per cent up at elasticity -2: revenue times 1.1 to the power -1; a wider interval than the forecast's own."""
    revenue = np.array([100.0])
    forecast = {"revenue": revenue, "low": revenue * 0.8, "high": revenue * 1.25}
    response = {"elasticity": np.array([-2.0]), "standard_error": np.array([0.5])}
    dearer = what_if(**forecast, **response, change=0.1)
    assert dearer.revenue == pytest.approx([100 / 1.1])
    assert dearer.high / dearer.revenue > 1.25 and dearer.low / dearer.revenue < 0.8
    same = what_if(**forecast, **response, change=0.0)
    assert (same.revenue, same.low, same.high) == (pytest.approx([100]), pytest.approx([80]), pytest.approx([125]))


def test_what_if_knows_what_it_does_not_know() -> None:
    """Without an elasticity no number; a forecast of nothing stays nothing; a price cannot fall by all of itself."""
    zero, unknown = np.array([0.0]), np.array([np.nan])
    ten = {"revenue": np.array([10.0]), "low": np.array([5.0]), "high": np.array([20.0])}
    assert np.isnan(what_if(**ten, elasticity=unknown, standard_error=unknown, change=-0.1).revenue).all()
    nothing = {"revenue": zero, "low": zero, "high": np.array([3.0])}
    cheaper = what_if(**nothing, elasticity=np.array([-1.0]), standard_error=np.array([0.2]), change=-0.1)
    assert cheaper.revenue == 0 and cheaper.low == 0
    with pytest.raises(ValueError, match="-100%"):
        what_if(revenue=zero, low=zero, high=zero, elasticity=zero, standard_error=zero, change=-1.0)
