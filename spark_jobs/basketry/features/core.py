"""Features of customers, categories and pairs of both as of many days: DataFrames in, DataFrames out.

What counts: order lines of kind `sale` that are not cancelled, up to and including each as-of date. Customers and pairs
know the lines that name a customer; categories know all. A category is the one that silver.products says today.

    order lines, products ─ packed_lines ─┬─ by customer ─ kernel ─┬─ packed_features ─ features_of: a frame a table
                                          └─ by category ─ kernel ─┘

The rows of a level are 160 columns wide, and Spark plans, compiles and copies every column at every step. So lines and
features cross Spark packed, many rows in one binary value, and are unpacked where they are worked on or written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from pyspark import TaskContext
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.features import partition
from basketry.retail.order_lines import named
from basketry.tables import FEATURES, Table

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

_BUCKETS_A_PART = 4
_PARTS_A_FILE = 8

Mapper = Callable[[Iterable[Any]], Iterator[Any]]


def counts() -> Column:
    """Whether a row of silver.order_lines counts in features."""
    return (F.col("line_kind") == "sale") & (F.col("status") != "cancelled")


def with_category(order_lines: DataFrame, products: DataFrame) -> DataFrame:
    """The lines that count, with `category`: rows of silver.order_lines and silver.products in."""
    lines = order_lines.where(counts()).join(products.select("product_id", "category"), "product_id", "left")
    return lines.withColumn("category", named("category"))


def packed_lines(order_lines: DataFrame, products: DataFrame, parts: int = 1) -> DataFrame:
    """The lines that count, packed: columns partition.LINES. Keep it: it is read once a level.

    parts: tasks that work on a level afterwards; each holds all lines of its customers or categories in memory.
    """
    # A double of a decimal with four places is exact enough to give it back up to 900 billion, and a missing amount
    # costs nothing: turning decimals into anything else is most of what Spark does here.
    amounts = (F.when(F.col(of) != 0, F.col(of)).cast("double").alias(part) for part, of in _AMOUNTS.items())
    lines = with_category(order_lines, products)
    columns = lines.select(
        "customer_id", "order_id", "product_id", "category", F.col("order_date").alias("day"), *amounts
    )
    buckets = 1 if parts == 1 else parts * _BUCKETS_A_PART
    return columns.mapInArrow(lambda batches: partition.pack_lines(batches, buckets), _ddl(partition.LINES))


def baskets_by_category(lines: DataFrame, as_of: date, parts: int = 1) -> DataFrame:
    """Distinct orders of each category up to a day: category, baskets. lines: from `packed_lines`."""
    day = _number(as_of)
    return _of(lines, "category", parts).mapInArrow(
        lambda batches: partition.baskets(batches, day), _ddl(partition.ORDERS)
    )


def packed_features(lines: DataFrame, as_ofs: Sequence[date], categories: Sequence[str], parts: int = 1) -> DataFrame:
    """All three levels as of each date, packed: columns partition.FEATURES. Keep it: it is read once a table.

    lines: from `packed_lines`, with the same parts. categories: those that pairs are made of.
    """
    days, scored = sorted({_number(day) for day in as_ofs}), tuple(categories)
    by_customer: Mapper = lambda batches: partition.customers(batches, days, scored, _part())  # noqa: E731
    by_category: Mapper = lambda batches: partition.categories(batches, days, _part())  # noqa: E731
    packed = _of(lines, "customer_id", parts).mapInArrow(by_customer, _ddl(partition.FEATURES))
    return packed.unionByName(_of(lines, "category", parts).mapInArrow(by_category, _ddl(partition.FEATURES)))


def features_of(packed: DataFrame, table: Table, tasks: int = 1) -> DataFrame:
    """The rows of one of the three features tables, unpacked by that many tasks. packed: from `packed_features`."""
    rows = packed.where(F.col("level") == table.name)
    file = F.floor(F.col("part") / _PARTS_A_FILE)
    spread = rows.coalesce(1) if tasks == 1 else rows.repartition(tasks, "as_of", file)
    schema = ", ".join(f"`{column.name}` {column.type} NOT NULL" for column in table.columns)
    return spread.select("batch").mapInArrow(partition.unpack, schema)


def features(
    order_lines: DataFrame, products: DataFrame, as_ofs: Sequence[date], categories: Sequence[str]
) -> dict[Table, DataFrame]:
    """The rows of each features table as of each date, from rows of the silver tables."""
    packed = packed_features(packed_lines(order_lines, products), as_ofs, categories)
    return {table: features_of(packed, table) for table in FEATURES}


def _of(lines: DataFrame, column: str, parts: int) -> DataFrame:
    rows = lines.where(F.col("spread_by").isin("", column))
    return (rows.coalesce(1) if parts == 1 else rows.repartition(parts, "bucket")).select("batch")


def _ddl(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())


def _number(day: date) -> int:
    return day.toordinal() - _EPOCH


def _part() -> int:
    context = TaskContext.get()
    return context.partitionId() if context else 0
