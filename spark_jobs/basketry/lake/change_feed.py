"""What a change of silver means for results that read it: rows of a change data feed in, touched days out.

Nothing after the as-of date is read, so a change of day d touches every result as of d or later, and no earlier one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.tables import PRODUCTS, Table


@dataclass(frozen=True)
class InputDependency:
    """What a result reads of an input: a change of any other column or row touches nothing.

    Attributes:
        table: The input.
        columns: The columns of the table that matter.
        counts: Makes the condition on rows that matter: of silver.order_lines, or of any other table.
        day: The column with the day from which on a row is read. silver.products has none: a product is read from its
            first line on that counts.
    """

    table: Table
    columns: tuple[str, ...]
    counts: Callable[[], Column]
    day: str = "order_date"


def all_rows() -> Column:
    """Return a condition that every row satisfies."""
    return F.lit(True)


def changed_images(changes: DataFrame, key: Sequence[str], columns: Sequence[str]) -> DataFrame:
    """Select the old and new images of the rows that a commit changed in some columns.

    A row that was delivered again just as it was is left out.

    Args:
        changes: Rows of a table's change data feed.
        key: The key columns of the table.
        columns: The columns that matter, and those that are returned.

    Returns:
        One row per distinct image: `commit`, the version of the commit, and the columns.
    """
    came_or_went = F.bool_or(F.col("_change_type").isin("insert", "delete"))
    rows = changes.groupBy(*key, F.col("_commit_version").alias("commit"))
    changed = rows.agg(F.collect_set(F.struct(*columns)).alias("images"), came_or_went.alias("came_or_went"))
    changed = changed.where(F.col("came_or_went") | (F.size("images") > 1))
    return changed.select("commit", F.explode("images").alias("image")).select("commit", "image.*")


def first_days(changes: DataFrame, dependency: InputDependency, order_lines: DataFrame) -> DataFrame:
    """Find the first day that each commit touches.

    Args:
        changes: Rows of the change data feed of the dependency's table.
        dependency: What of the table matters.
        order_lines: Rows of silver.order_lines.

    Returns:
        One row per commit that touches any day: `commit` and `day`.
    """
    images = changed_images(changes, dependency.table.key, dependency.columns)
    if dependency.table is PRODUCTS:
        sold = order_lines.where(dependency.counts()).select("product_id", F.col("order_date").alias("day"))
        days = images.select("commit", "product_id").join(sold, "product_id")
    else:
        days = images.where(dependency.counts()).withColumn("day", F.col(dependency.day))
    return days.groupBy("commit").agg(F.min("day").alias("day"))
