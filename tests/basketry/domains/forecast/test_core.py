"""What is known of products, from silver rows: DataFrames in, DataFrames out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from basketry.domains.forecast import core
from basketry.lake.schemas import declared_schema
from basketry.tables import ORDER_LINES, PRODUCTS, REVIEWS, Table
from tests.basketry.domains.forecast.lake import FIRST, reviews
from tests.basketry.features.samples import line, product


def frame(spark: SparkSession, table: Table, rows: Iterable[dict[str, Any]]) -> DataFrame:
    """The rows as a frame of the declared schema."""
    data = [tuple(row[name] for name in table.column_names) for row in rows]
    return spark.createDataFrame(data, declared_schema(table))


def test_values_of_an_older_lake_that_no_load_would_take_count_as_unknown(spark: SparkSession) -> None:
    """A rating off the scale is none, and a stock beyond every shop is unknown instead of an overflow of its category."""
    stock = {"P1": 9 * 10**18, "P2": 9 * 10**18, "P3": 7}
    products = frame(
        spark, PRODUCTS, ({**product(name, "C"), "units_available": units} for name, units in stock.items())
    )
    lines = frame(spark, ORDER_LINES, (line(f"O-{name}", "1", FIRST, customer=None, product=name) for name in stock))
    good, *_ = reviews()
    rated = frame(
        spark, REVIEWS, ({**good, "review_id": str(stars), "product_id": "P1", "rating": stars} for stars in (10, 4))
    )
    known = core.known_lines(lines, FIRST)
    rows = core.product_features(known, rated, products, first_sale=FIRST, as_of=FIRST).collect()
    found = {(row.level, row.product_id): (row.average_rating, row.ratings, row.units_available) for row in rows}
    assert found[("product", "P1")] == (4.0, 1, None)
    assert found[("category", "")] == (4.0, 1, 7)
