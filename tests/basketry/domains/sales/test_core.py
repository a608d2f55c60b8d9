"""The measures against a second opinion in plain Python, and what may never be in a sales table."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from basketry.domains.sales import core
from basketry.tables import GRAINS, ORDER_LINES, PRODUCTS, REVIEWS, SALES, SALES_ROLLUP, TABLES
from tests.basketry.domains.sales.samples import LINES, PRODUCTS_SOLD, RATINGS, Expected, keyed, line, sample_frames
from tests.kit.lake import frame
from tests.kit.rows import order_line, product, review

AS_OF = date(2024, 3, 9)
EXTENT = core.DataExtent(date(2020, 12, 31), AS_OF)


@pytest.fixture(scope="module")
def daily(spark: SparkSession) -> dict[str, DataFrame]:
    """What is found in the sample, computed once."""
    order_lines, products, reviews = sample_frames(spark)
    lines = core.counted_lines(order_lines, products, AS_OF)
    rated = core.counted_reviews(reviews, products, AS_OF)
    totals, visits = core.daily_totals(lines, rated), core.visits(lines)
    every = dict.fromkeys(GRAINS)
    frames = {"sales": core.product_periods(totals, visits, every), "rollup": core.level_periods(totals, visits, every)}
    return {"products": products, **{name: frame.localCheckpoint() for name, frame in frames.items()}}


@pytest.fixture(scope="module")
def by_product(daily: dict[str, DataFrame]) -> dict[str, dict[tuple[Any, ...], Any]]:
    """SALES[grain] of the sample by key."""
    return {
        grain: keyed(core.sales_by_product(daily["sales"], daily["products"], grain, EXTENT), SALES[grain])
        for grain in GRAINS
    }


@pytest.fixture(scope="module")
def rollup(daily: dict[str, DataFrame]) -> dict[str, dict[tuple[Any, ...], Any]]:
    """SALES_ROLLUP[grain] of the sample by key."""
    return {grain: keyed(core.sales_rollup(daily["rollup"], grain, EXTENT), SALES_ROLLUP[grain]) for grain in GRAINS}


@pytest.mark.parametrize("grain", GRAINS)
def test_products_agree_with_the_second_opinion(by_product: Any, grain: str) -> None:
    """Every measure of every product and period is what counting row by row gives."""
    assert by_product[grain] == Expected(LINES, PRODUCTS_SOLD, RATINGS, AS_OF).by_product(grain)


@pytest.mark.parametrize("grain", GRAINS)
def test_rollups_agree_with_the_second_opinion(rollup: Any, grain: str) -> None:
    """Every measure of every category, department and total is what counting row by row gives."""
    assert rollup[grain] == Expected(LINES, PRODUCTS_SOLD, RATINGS, AS_OF).rollup(grain)


def test_iso_week_crosses_the_year(rollup: Any) -> None:
    """Sales of 31 December 2020 and 3 January 2021 are one week, two months and two years."""
    week = rollup["week"][(date(2020, 12, 28), "total", "", "")]
    assert (week["period_end"], week["orders"]) == (date(2021, 1, 3), 3)
    assert rollup["year"][(date(2020, 1, 1), "total", "", "")]["orders"] == 1


def test_an_order_of_two_categories_counts_once_in_their_department(rollup: Any) -> None:
    """Distinct orders are counted on each level and never summed up from the level below."""
    day = date(2020, 12, 31)
    orders = {key[1:]: row["orders"] for key, row in rollup["day"].items() if key[0] == day}
    assert orders[("category", "Grocery", "Tea")] == orders[("category", "Grocery", "Coffee")] == 1
    assert orders[("department", "Grocery", "")] == orders[("total", "", "")] == 1


def test_an_order_over_two_days_counts_once_a_period(by_product: Any) -> None:
    """An order with lines on two days counts on both days, and once in their week, month and year."""
    days = [by_product["day"][(date(2021, 1, day), "P1")]["orders"] for day in (4, 5, 11)]
    assert days == [1, 1, 1]
    assert by_product["week"][(date(2021, 1, 4), "P1")]["orders"] == 1
    # O2 of 1 January and O4 of three days.
    assert by_product["month"][(date(2021, 1, 1), "P1")]["orders"] == 2


def test_net_is_gross_less_discounts_less_returns(by_product: Any) -> None:
    """A day with one sale at 10 less 1 and one return of 9 earns nothing."""
    day = by_product["day"][(date(2024, 2, 29), "P1")]
    assert (day["gross_revenue"], day["instore_discount"], day["returns_amount"]) == (10, 1, 9)
    assert day["net_revenue"] == 0
    assert (day["units_sold"], day["units_returned"], day["average_price"]) == (1, 1, Decimal(9))


def test_the_running_periods_are_partial(rollup: Any) -> None:
    """As of Saturday 9 March 2024 its week, month and year still run; the day itself and February do not."""
    totals = {(grain, key[0]): row["is_partial"] for grain in GRAINS for key, row in rollup[grain].items()}
    running = (("week", date(2024, 3, 4)), ("month", date(2024, 3, 1)), ("year", date(2024, 1, 1)))
    assert all(totals[period] for period in running)
    assert not totals[("day", AS_OF)] and not totals[("month", date(2024, 2, 1))]


def test_a_period_that_begins_before_the_data_is_partial(rollup: Any, spark: SparkSession) -> None:
    """The first line that counts is of Thursday 31 December 2020: its week, month and year are not whole, its day is."""
    assert core.first_counted_day(sample_frames(spark)[0]) == EXTENT.first_day
    totals = {(grain, key[0]): row["is_partial"] for grain in GRAINS for key, row in rollup[grain].items()}
    begun = (("week", date(2020, 12, 28)), ("month", date(2020, 12, 1)), ("year", date(2020, 1, 1)))
    assert all(totals[period] for period in begun)
    assert not totals["day", EXTENT.first_day] and not totals["month", date(2021, 1, 1)]


def test_nothing_after_the_as_of_date_is_seen(rollup: Any, by_product: Any) -> None:
    """A sale and a review after the as-of date leave no trace in any table."""
    assert not [key for rows in (*rollup.values(), *by_product.values()) for key in rows if key[0] > AS_OF]
    assert rollup["month"][(date(2024, 3, 1), "total", "", "")]["ratings"] == 0


def test_products_without_a_place_stay_in_the_rollups(rollup: Any) -> None:
    """A product without category, one never declared and a sale without product count as Uncategorised."""
    places = {key[1:] for key in rollup["day"] if key[0] == date(2024, 3, 1) and key[1] == "category"}
    assert ("category", "Home", "Uncategorised") in places
    assert rollup["day"][(date(2024, 3, 1), "category", "Uncategorised", "Uncategorised")]["units_sold"] == 2


def test_values_of_an_older_lake_that_fit_no_column_do_not_end_all_sales(spark: SparkSession) -> None:
    """Ratings off the scale are none, and a price that fits nowhere is none: the other figures are written all the same."""
    day, most = date(2024, 3, 1), "9999999999"
    lines = [line("O1", "1", "2024-03-01")]
    lines += [
        order_line("O2", str(number), "2024-03-01", product="P2", quantity=units, list_amount=most)
        for number, units in enumerate(("0.001", *["0"] * 30))
    ]
    stars = [review(str(number), "P1", "2024-03-01", rating) for number, rating in enumerate((10, 10, 0, 4))]
    sold, rated = frame(spark, ORDER_LINES, lines), frame(spark, REVIEWS, stars)
    products = frame(spark, PRODUCTS, [product("P1", "C", department="D"), product("P2", "C", department="D")])
    counted = core.counted_lines(sold, products, AS_OF)
    totals = core.daily_totals(counted, core.counted_reviews(rated, products, AS_OF))
    sums = core.product_periods(totals, core.visits(counted), {"day": None})
    rows = keyed(core.sales_by_product(sums, products, "day", EXTENT), SALES["day"])
    first, second = rows[(day, "P1")], rows[(day, "P2")]
    assert (first["average_rating"], first["ratings"], first["net_revenue"]) == (4, 1, 9)
    assert (second["average_price"], second["net_revenue"]) == (None, 31 * Decimal(most))


def test_no_sales_table_reaches_personal_data() -> None:
    """No sales table tags a column as personal data, nor has one named like a personal column, a customer or a file."""
    personal = {column for table in TABLES for column in table.pii_columns}
    # A product has a name too; a person's, if it got here, would be called as it is in silver.
    forbidden = (personal | {"customer_id", "order_id", "content"}) - {""}
    for table in (*SALES.values(), *SALES_ROLLUP.values()):
        assert not table.pii_columns
        assert not forbidden & set(table.column_names), table.full_name
    assert "email" in personal
