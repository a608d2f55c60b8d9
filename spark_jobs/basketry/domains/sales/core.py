"""Sales measures of products, categories, departments and the whole catalog: DataFrames in, DataFrames out.

What counts: order lines of kind `sale` or `return` whose status is not `cancelled`, up to and including the as-of date.
Fees and adjustments are no sales. A sale that came back later still counts as a sale on its own day; what came back
counts as a return on the day of the return line. What each measure means is said in `basketry.tables`.

    order lines ─ counted_lines ─┬─ daily_totals ─┬─ product_periods ─ sales_by_product ┐
    reviews ──── counted_reviews ┘                │                                     ├ each for day, week, month, year
    order lines ─ counted_lines ── visits ────────┴─ level_periods ─── sales_rollup ────┘

Amounts are summed up by day first, and days to the periods that are asked for. Orders and customers cannot be summed up:
they are told apart among the visits of each of these periods alone, so a day's run looks at a year only for the year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.retail.business_calendar import (
    begins_before_column,
    is_partial_column,
    period_end_column,
    period_start_column,
)
from basketry.retail.order_lines import amount, counted, named, rated, scaled
from basketry.tables import DISCOUNTS, GRAINS, MONEY, ORDER_LINES, PRODUCTS, REVIEWS, SALES, SALES_ROLLUP, UNITS, Table

NO_PRODUCT = "Unknown product"
"""product_id of a sale whose line names no product."""

_AMOUNTS = {"gross_revenue": MONEY, **dict.fromkeys(DISCOUNTS, MONEY), "returns_amount": MONEY}
_AMOUNTS |= {"units_sold": UNITS, "units_returned": UNITS}
_SUMS = (*_AMOUNTS, "lines", "rating_sum", "ratings")
_WHO = ("sale_order", "sale_customer")
_PERIOD = ("grain", "period_start")
_MET = ("is_order", "who")

Periods = Mapping[str, Sequence[date] | None]
"""By grain the first days of the periods that are asked for: None for all, no grain for none."""


class Extent(NamedTuple):
    """The days that the data fill: from the first day of any line that counts to the as-of date."""

    first_day: date
    as_of: date


LEVELS: dict[str, tuple[str, ...]] = {
    "category": ("department", "category"),
    "department": ("department",),
    "total": (),
}
"""Levels of the roll-up tables, finest first, each with the columns that name a row of it; the others are ''."""

COUNTED_COLUMNS: dict[Table, tuple[str, ...]] = {
    ORDER_LINES: (
        "order_id",
        "customer_id",
        "product_id",
        "order_date",
        "line_kind",
        "status",
        "quantity",
        "list_amount",
        *DISCOUNTS,
        "net_amount",
    ),
    PRODUCTS: ("product_id", "name", "brand", "department", "category"),
    REVIEWS: ("product_id", "rating", "reviewed_on"),
}
"""The columns of each input that a sales table depends on: a change of any other column changes no sales."""


def counted_lines(order_lines: DataFrame, products: DataFrame, as_of: date) -> DataFrame:
    """The lines that count up to `as_of`, one row each, with department, category and the line's part in each sum.

    order_lines, products: rows of the silver tables. Amounts and units come as integers in units of 1/10,000;
    `sale_order` and `sale_customer` are null on returns.
    """
    sale = F.col("line_kind") == "sale"
    lines = order_lines.where(counted() & (F.col("order_date") <= F.lit(as_of))).select(
        F.col("order_date").alias("day"),
        F.coalesce("product_id", F.lit(NO_PRODUCT)).alias("product_id"),
        F.when(sale, F.col("order_id")).alias("sale_order"),
        F.when(sale, F.col("customer_id")).alias("sale_customer"),
        F.lit(1).cast("bigint").alias("lines"),
        _part(sale, F.col("list_amount"), "gross_revenue"),
        *(_part(sale, F.col(name), name) for name in DISCOUNTS),
        _part(~sale, -F.col("net_amount"), "returns_amount"),
        _part(sale, F.col("quantity"), "units_sold"),
        _part(~sale, -F.col("quantity"), "units_returned"),
    )
    return _with_category(lines, products)


def first_counted_day(order_lines: DataFrame) -> date | None:
    """The first day of any line that counts, whatever the as-of date; None when none does."""
    first: date | None = order_lines.where(counted()).agg(F.min("order_date")).collect()[0][0]
    return first


def counted_reviews(reviews: DataFrame, products: DataFrame, as_of: date) -> DataFrame:
    """The reviews up to `as_of`: day, product_id, department, category, rating_sum, ratings (one row a review).

    A rating off the scale, which an older release let in, is no rating: its mean would not fit the column.
    """
    given = reviews.where(rated() & (F.col("reviewed_on") <= F.lit(as_of))).select(
        F.col("reviewed_on").alias("day"),
        "product_id",
        F.col("rating").cast("bigint").alias("rating_sum"),
        F.lit(1).cast("bigint").alias("ratings"),
    )
    return _with_category(given, products)


def daily_totals(lines: DataFrame, reviews: DataFrame) -> DataFrame:
    """What can be summed up: rows of a (day, product_id, department, category), from counted lines and reviews."""
    frames = [rows.groupBy("day", "product_id", *LEVELS["category"]).agg(*_summed(rows)) for rows in (lines, reviews)]
    return frames[0].unionByName(frames[1], allowMissingColumns=True)


def visits(lines: DataFrame) -> DataFrame:
    """What must be told apart: day, product_id, department, category, order and customer of counted lines that are sales."""
    sales = lines.where(F.col("sale_order").isNotNull())
    return sales.select("day", "product_id", *LEVELS["category"], *_WHO)


def product_periods(totals: DataFrame, visit_rows: DataFrame, periods: Periods) -> DataFrame:
    """Sums and counts of each product in each of the periods: a row a (grain, period_start, product_id).

    totals: from `daily_totals`; visit_rows: from `visits`. grain is its place in GRAINS.
    """
    counts = _counted_once(_met(visit_rows, periods, ("product_id",)), ("product_id",))
    return _found(_in_periods(totals, periods), counts, ("product_id",))


def level_periods(totals: DataFrame, visit_rows: DataFrame, periods: Periods) -> DataFrame:
    """Sums and counts of each level in each of the periods: a row a (grain, period_start, level, department, category)."""
    met, counts = _met(visit_rows, periods, LEVELS["category"]), []
    for level, names in LEVELS.items():
        # Who was met in a department was met in one of its categories: each level is told from the one below.
        met = met.select(*_PERIOD, *names, *_MET).distinct()
        counts.append(_counted_once(met, names).withColumns(_row_of(level)))
    every = _exploded(
        _in_periods(totals, periods),
        [F.struct(*(column.alias(name) for name, column in _row_of(level).items())) for level in LEVELS],
    )
    return _found(every, reduce(DataFrame.unionByName, counts), ("level", *LEVELS["category"]))


def sales_by_product(found: DataFrame, products: DataFrame, grain: str, extent: Extent) -> DataFrame:
    """Sales of each product that was sold or returned in a period, one row a (period, product): table SALES[grain].

    found: from `product_periods`; extent: the days that the data fill. A product that silver.products does not know keeps
    its id and has no name; one without a category is `Uncategorised`.
    """
    names = products.select("product_id", F.col("name").alias("product"), "brand", *LEVELS["category"])
    known = _measures(found, grain, extent).join(names, "product_id", "left").withColumns(_category_columns())
    return known.select(*SALES[grain].column_names)


def sales_rollup(found: DataFrame, grain: str, extent: Extent) -> DataFrame:
    """Sales of each category, each department and the whole catalog in a period: table SALES_ROLLUP[grain].

    found: from `level_periods`; extent: the days that the data fill. Orders and customers are counted distinct on each
    level: an order of two categories counts once in their department. Ratings are all reviews of the level's products in
    the period, sold in it or not.
    """
    return _measures(found, grain, extent).select(*SALES_ROLLUP[grain].column_names)


def _part(counts: Column, value: Column, name: str) -> Column:
    return scaled(F.when(counts, value)).alias(name)


def _category_columns() -> dict[str, Column]:
    return {name: named(name) for name in LEVELS["category"]}


def _with_category(rows: DataFrame, products: DataFrame) -> DataFrame:
    tree = products.select("product_id", *LEVELS["category"])
    return rows.join(tree, "product_id", "left").withColumns(_category_columns())


def _summed(rows: DataFrame) -> list[Column]:
    return [F.sum(name).alias(name) for name in _SUMS if name in rows.columns]


def _in_periods(rows: DataFrame, periods: Periods) -> DataFrame:
    """Each row once for each of the periods that its day is in, with `grain` and `period_start` in place of the day."""
    found = []
    for place, grain in enumerate(GRAINS):
        start, first_days = period_start_column(F.col("day"), grain), periods.get(grain, ())
        wanted = F.lit(True) if first_days is None else start.isin(*first_days)
        found.append(F.when(wanted, F.struct(F.lit(place).alias("grain"), start.alias("period_start"))))
    return _exploded(rows, found).drop("day")


def _row_of(level: str) -> dict[str, Column]:
    """What names a row of the level: the columns that do not are ''."""
    names = {name: F.col(name) if name in LEVELS[level] else F.lit("") for name in LEVELS["category"]}
    return {"level": F.lit(level), **names}


def _met(visit_rows: DataFrame, periods: Periods, keys: Sequence[str]) -> DataFrame:
    """Every order and every customer once a period and keys: `who`, and whether that is an order."""
    who = [F.struct(F.lit(name == "sale_order").alias("is_order"), F.col(name).alias("who")) for name in _WHO]
    rows = _exploded(_in_periods(visit_rows, periods), who).where("who IS NOT NULL")
    return rows.select(*_PERIOD, *keys, *_MET).distinct()


def _counted_once(met: DataFrame, keys: Sequence[str]) -> DataFrame:
    """How many orders and customers, by period and keys."""
    is_order = F.col("is_order")
    counts = [F.count_if(which).alias(name) for name, which in (("orders", is_order), ("customers", ~is_order))]
    return met.groupBy(*_PERIOD, *keys).agg(*counts)


def _exploded(rows: DataFrame, structs: Sequence[Column]) -> DataFrame:
    """Each row once for each struct that is not null, whose fields come in place of columns of the same name."""
    several = rows.withColumn("_one", F.explode(F.array(*structs))).where("_one IS NOT NULL")
    fields = several.select("_one.*").columns
    return several.select(*(name for name in rows.columns if name not in fields), "_one.*")


def _found(rows: DataFrame, counts: DataFrame, keys: Sequence[str]) -> DataFrame:
    """Sums and counts of the keys in each period that has a line. rows: to be summed up."""
    of = [*_PERIOD, *keys]
    sums = rows.groupBy(*of).agg(*_summed(rows)).where("lines > 0")
    # A period with nothing but returns has no visit.
    return sums.join(counts, of, "left").fillna(0, ["orders", "customers"])


def _measures(found: DataFrame, grain: str, extent: Extent) -> DataFrame:
    """The rows of a grain, turned back into money, units and means."""
    exact = {name: amount(F.col(name), kind) for name, kind in _AMOUNTS.items()}
    return found.where(F.col("grain") == GRAINS.index(grain)).withColumns(exact).withColumns(_derived(grain, extent))


def _derived(grain: str, extent: Extent) -> dict[str, Column]:
    last_day = period_end_column(F.col("period_start"), grain)
    paid = reduce(lambda rest, name: rest - F.col(name), DISCOUNTS, F.col("gross_revenue")).cast(MONEY)
    return {
        "period_end": last_day,
        "is_partial": is_partial_column(last_day, extent.as_of)
        | begins_before_column(F.col("period_start"), extent.first_day),
        "net_revenue": (paid - F.col("returns_amount")).cast(MONEY),
        # A price that does not fit, of amounts without units beside it, is none; it must not end all sales.
        "average_price": F.try_divide(paid, F.nullif("units_sold", F.lit(0))).try_cast(MONEY),
        "average_rating": (F.col("rating_sum").cast(MONEY) / F.nullif("ratings", F.lit(0))).cast("decimal(5,4)"),
        "ratings": F.coalesce("ratings", F.lit(0).cast("bigint")),
    }
