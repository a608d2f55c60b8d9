"""Features of customers, categories and pairs of both as of many days: DataFrames in, DataFrames out.

What counts: order lines of kind `sale` that are not cancelled, up to and including each as-of date. Customers and pairs
know the lines that name a customer; categories know all. A category is the one that silver.products says today.

::

    order lines, products ─ packed_lines ─┬─ by customer ─ kernel ─┬─ packed_features ─ unpacked_features: one frame per table
                                          └─ by category ─ kernel ─┘

The rows of a level (customers, categories or pairs) are 160 columns wide, and Spark plans, compiles and copies every column
at every step. So lines and features cross Spark packed, many rows in one binary value, and are unpacked where they are worked
on or written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from pyspark import TaskContext
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.features import partition
from basketry.retail.order_lines import category_or_default
from basketry.tables import Table

_EPOCH = date(1970, 1, 1).toordinal()
_AMOUNTS = {
    "amount_list": "list_amount",
    "instore": "instore_discount",
    "campaign": "campaign_coupon_discount",
    "manuf": "manuf_coupon_discount",
    "match": "manuf_coupon_match_discount",
    "amount_paid": "net_amount",
}
"""The kernel's amounts and the columns of silver.order_lines they come from."""

_BUCKETS_PER_PART = 4
PARTS_PER_FILE = 8
"""How many tasks of a level are written into one file."""

Mapper = Callable[[Iterable[Any]], Iterator[Any]]


def counts_in_features() -> Column:
    """Return whether a row of silver.order_lines counts in features."""
    return (F.col("line_kind") == "sale") & (F.col("status") != "cancelled")


def with_category(order_lines: DataFrame, products: DataFrame) -> DataFrame:
    """Return the lines that count, with their `category`, from rows of silver.order_lines and silver.products."""
    lines = order_lines.where(counts_in_features()).join(
        products.select("product_id", "category"), "product_id", "left"
    )
    return lines.withColumn("category", category_or_default("category"))


def packed_lines(order_lines: DataFrame, products: DataFrame, parts: int = 1) -> DataFrame:
    """Return the lines that count, packed: columns partition.PACKED_LINES.

    Cache the result: it is read once per level.

    Args:
        order_lines: Rows of silver.order_lines.
        products: Rows of silver.products.
        parts: Tasks that work on a level afterwards; each holds all lines of its customers or categories in memory.
    """
    # A double of a decimal with four places is exact enough to give it back up to 900 billion, and a missing amount
    # costs nothing: turning decimals into anything else is most of what Spark does here.
    amounts = (F.when(F.col(of) != 0, F.col(of)).cast("double").alias(part) for part, of in _AMOUNTS.items())
    lines = with_category(order_lines, products)
    columns = lines.select(
        "customer_id", "order_id", "product_id", "category", F.col("order_date").alias("day"), *amounts
    )
    buckets = 1 if parts == 1 else parts * _BUCKETS_PER_PART
    return columns.mapInArrow(lambda batches: partition.pack_lines(batches, buckets), _ddl(partition.PACKED_LINES))


def baskets_by_category(lines: DataFrame, as_of: date, parts: int = 1) -> DataFrame:
    """Return the distinct orders of each category up to a day (category, baskets) from `packed_lines`."""
    day = _day_number(as_of)
    return _batches_by(lines, "category", parts).mapInArrow(
        lambda batches: partition.baskets_of_lines(batches, day), _ddl(partition.CATEGORY_BASKETS)
    )


def packed_features(lines: DataFrame, as_ofs: Sequence[date], categories: Sequence[str], parts: int = 1) -> DataFrame:
    """Return all three levels as of each date, packed: columns partition.PACKED_FEATURES.

    Cache the result: it is read once per table.

    Args:
        lines: The result of `packed_lines` with the same parts.
        as_ofs: The as-of dates.
        categories: The categories that pairs are made of.
        parts: Tasks that work on a level.
    """
    days, scored = sorted({_day_number(day) for day in as_ofs}), tuple(categories)
    by_customer: Mapper = lambda batches: partition.customer_features(batches, days, scored, _task_number())  # noqa: E731
    by_category: Mapper = lambda batches: partition.category_features(batches, days, _task_number())  # noqa: E731
    packed = _batches_by(lines, "customer_id", parts).mapInArrow(by_customer, _ddl(partition.PACKED_FEATURES))
    return packed.unionByName(
        _batches_by(lines, "category", parts).mapInArrow(by_category, _ddl(partition.PACKED_FEATURES))
    )


def unpacked_features(packed: DataFrame, table: Table, tasks: int = 1) -> DataFrame:
    """Return the rows of one of the three features tables from `packed_features`, unpacked by that many tasks."""
    rows = packed.where(F.col("level") == table.name)
    file = F.floor(F.col("part") / PARTS_PER_FILE)
    spread = rows.coalesce(1) if tasks == 1 else rows.repartition(tasks, "as_of", file)
    schema = ", ".join(f"`{column.name}` {column.type} NOT NULL" for column in table.columns)
    return spread.select("batch").mapInArrow(partition.unpack_rows, schema)


def _batches_by(lines: DataFrame, column: str, parts: int) -> DataFrame:
    rows = lines.where(F.col("spread_by").isin("", column))
    return (rows.coalesce(1) if parts == 1 else rows.repartition(parts, "bucket")).select("batch")


def _ddl(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())


def _day_number(day: date) -> int:
    return day.toordinal() - _EPOCH


def _task_number() -> int:
    context = TaskContext.get()
    return context.partitionId() if context else 0
