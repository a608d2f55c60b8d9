"""What a change of silver means for results that saw it: rows of a change data feed in, touched days out.

Nothing after the as-of date is read, so a change of day d touches every result as of d or later, and no earlier one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.tables import PRODUCTS, Table


@dataclass(frozen=True)
class Sight:
    """What a result sees of an input: a change of any other column or row touches nothing.

    columns: those of the table that matter. counts: the rows of silver.order_lines that count, of another table all.
    day: the column with the day from which on a row is seen. silver.products has none: a product is seen from its first
    line on that counts.
    """

    table: Table
    columns: tuple[str, ...]
    counts: Callable[[], Column]
    day: str = "order_date"


def everything() -> Column:
    """Every row counts."""
    return F.lit(True)


def changed_images(changes: DataFrame, key: Sequence[str], columns: Sequence[str]) -> DataFrame:
    """Old and new images, `columns` only, of the rows that a commit changed in them; `commit` is its version.

    changes: rows of a table's change data feed. A row that was delivered again just as it was is left out.
    """
    came_or_went = F.bool_or(F.col("_change_type").isin("insert", "delete"))
    rows = changes.groupBy(*key, F.col("_commit_version").alias("commit"))
    changed = rows.agg(F.collect_set(F.struct(*columns)).alias("images"), came_or_went.alias("came_or_went"))
    changed = changed.where(F.col("came_or_went") | (F.size("images") > 1))
    return changed.select("commit", F.explode("images").alias("image")).select("commit", "image.*")


def first_days(changes: DataFrame, sight: Sight, order_lines: DataFrame) -> DataFrame:
    """The first day that each commit touches, a row a commit that touches any: commit, day.

    changes: rows of the change data feed of the sight's table. order_lines: rows of silver.order_lines.
    """
    images = changed_images(changes, sight.table.key, sight.columns)
    if sight.table is PRODUCTS:
        sold = order_lines.where(sight.counts()).select("product_id", F.col("order_date").alias("day"))
        days = images.select("commit", "product_id").join(sold, "product_id")
    else:
        days = images.where(sight.counts()).withColumn("day", F.col(sight.day))
    return days.groupBy("commit").agg(F.min("day").alias("day"))
