"""Which days a change touches, and which it does not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from basketry.domains.sales import touched_days
from basketry.tables import ORDER_LINES, PRODUCTS, REVIEWS, Table
from tests.basketry.domains.sales.samples import line, sample_frames
from tests.kit.lake import frame
from tests.kit.rows import Row, product, review

OLD, NEW = "update_preimage", "update_postimage"


def _changes(spark: SparkSession, table: Table, rows: Sequence[tuple[str, Row]]) -> DataFrame:
    frames = [frame(spark, table, [row]).withColumn("_change_type", F.lit(kind)) for kind, row in rows]
    united = frames[0]
    for other in frames[1:]:
        united = united.unionByName(other)
    return united.withColumn("_commit_version", F.lit(1)).coalesce(1)


def _days(rows: DataFrame) -> set[str]:
    return {row.day.isoformat() for row in rows.collect()}


def test_changed_lines_touch_old_and_new_days(spark: SparkSession) -> None:
    """A moved line names both days, a new one its own; one delivered again as it was, or a fee, names none."""
    rows = [
        (OLD, line("moved", "1", "2024-01-01")),
        (NEW, line("moved", "1", "2024-01-05", delivery=1)),
        ("insert", line("new", "1", "2024-01-10")),
        (OLD, line("again", "1", "2024-02-01")),
        (NEW, line("again", "1", "2024-02-01", delivery=1)),
        ("insert", line("fee", "1", "2024-03-01", line_kind="fee")),
        (OLD, line("cancelled", "1", "2024-04-01")),
        (NEW, line("cancelled", "1", "2024-04-01", status="cancelled", delivery=1)),
    ]
    days = _days(touched_days.order_line_days(_changes(spark, ORDER_LINES, rows)))
    assert days == {"2024-01-01", "2024-01-05", "2024-01-10", "2024-04-01"}


def test_changed_products_touch_the_days_they_sold(spark: SparkSession) -> None:
    """A renamed category touches every day of its products; a new price touches none."""
    rows = [
        (OLD, product("P3", "Coffee", department="Grocery")),
        (NEW, product("P3", "Cocoa", department="Grocery", delivery=1)),
        (OLD, product("P1", "Tea", department="Grocery")),
        (NEW, product("P1", "Tea", department="Grocery", delivery=1, units_available=7)),
        ("insert", product("P5", "Coffee", department="Grocery")),
    ]
    order_lines, products, reviews = sample_frames(spark)
    inputs = touched_days.SalesInputs(order_lines, products, reviews)
    assert _days(touched_days.product_days(_changes(spark, PRODUCTS, rows), inputs)) == {"2020-12-31", "2020-12-30"}


def test_changed_reviews_touch_their_days(spark: SparkSession) -> None:
    """A corrected rating touches its day; one delivered again as it was touches none."""
    rows = [
        (OLD, review("R1", "P1", "2024-01-01", 5)),
        (NEW, review("R1", "P1", "2024-01-01", 4, delivery=1)),
        (OLD, review("R2", "P1", "2024-01-02", 5)),
        (NEW, review("R2", "P1", "2024-01-02", 5, delivery=1)),
    ]
    assert _days(touched_days.review_days(_changes(spark, REVIEWS, rows))) == {"2024-01-01"}


def test_a_later_as_of_date_shows_the_days_between(spark: SparkSession) -> None:
    """Moving the as-of date on touches the days after the old one up to and including the new one."""
    inputs = touched_days.SalesInputs(*sample_frames(spark))
    days = _days(touched_days.newly_visible_days(inputs, date(2024, 2, 29), date(2024, 3, 9)))
    assert days == {"2024-03-01", "2024-03-09"}
