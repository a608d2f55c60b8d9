"""What is known of products, from silver rows: DataFrames in, DataFrames out."""

from __future__ import annotations

from pyspark.sql import SparkSession

from basketry.domains.forecast import core
from basketry.tables import ORDER_LINES, PRODUCTS, REVIEWS
from tests.basketry.domains.forecast.lake import FIRST
from tests.kit.lake import frame
from tests.kit.rows import order_line, product, review


def test_values_of_an_older_lake_that_no_load_would_take_count_as_unknown(spark: SparkSession) -> None:
    """A rating off the scale is none, and a stock beyond every shop is unknown instead of an overflow of its category."""
    stock = {"P1": 9 * 10**18, "P2": 9 * 10**18, "P3": 7}
    products = frame(spark, PRODUCTS, (product(name, "C", units_available=units) for name, units in stock.items()))
    lines = frame(spark, ORDER_LINES, (order_line(f"O-{name}", "1", FIRST, None, product=name) for name in stock))
    rated = frame(spark, REVIEWS, (review(str(stars), "P1", FIRST, stars) for stars in (10, 4)))
    known = core.known_lines(lines, FIRST)
    rows = core.product_features(known, rated, products, first_sale=FIRST, as_of=FIRST).collect()
    found = {(row.level, row.product_id): (row.average_rating, row.ratings, row.units_available) for row in rows}
    assert found[("product", "P1")] == (4.0, 1, None)
    assert found[("category", "")] == (4.0, 1, 7)
