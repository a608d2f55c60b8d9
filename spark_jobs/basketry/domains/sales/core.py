"""Sales measures of products, categories, departments and the whole catalog: DataFrames in, DataFrames out.

What counts: order lines of the kind `sale` or `return` whose status is not `cancelled`, up to and including the as-of date.
Fees and adjustments are no sales. A sale that came back later still counts as a sale on its own day; what came back
counts as a return on the day of the return line. What each measure means is said in `basketry.tables`.

    order lines ─ counted_lines ─┬─ daily_totals ─┬─ product_periods ─ sales_by_product ┐
    reviews ──── counted_reviews ┘                │                                     ├ each for day, week, month, year
    order lines ─ counted_lines ── visits ────────┴─ level_periods ─── sales_rollup ────┘

Amounts are summed up by day first, and days to the periods that are wanted. Orders and customers cannot be summed up:
distinct ones are counted among the visits of each of these periods alone, so a run for a day looks at a year only for the
year.
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
from basketry.retail.order_lines import category_or_default, is_counted, is_rated, to_decimal, to_units
from basketry.tables import DISCOUNTS, GRAINS, MONEY, ORDER_LINES, PRODUCTS, REVIEWS, SALES, SALES_ROLLUP, UNITS, Table

NO_PRODUCT = "Unknown product"
"""product_id of a sale whose line names no product."""

_AMOUNTS = {"gross_revenue": MONEY, **dict.fromkeys(DISCOUNTS, MONEY), "returns_amount": MONEY}
_AMOUNTS |= {"units_sold": UNITS, "units_returned": UNITS}
_SUMS = (*_AMOUNTS, "lines", "rating_sum", "ratings")
_VISITORS = ("sale_order", "sale_customer")
_PERIOD = ("grain", "period_start")
_VISITOR = ("is_order", "visitor")

Periods = Mapping[str, Sequence[date] | None]
"""The wanted periods of each grain by their first days: None for all periods, no entry for none."""


class DataExtent(NamedTuple):
    """The days for which there are data.

    Attributes:
        first_day: the first day of any line that counts.
        as_of: the as-of date.
    """

    first_day: date
    as_of: date


LEVELS: dict[str, tuple[str, ...]] = {
    "category": ("department", "category"),
    "department": ("department",),
    "total": (),
}
"""The levels of the roll-up tables, finest first, each with the columns that identify a row of it; the others are ''."""

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
    """Return the lines that count up to `as_of`, with department, category and the line's part in each sum.

    Args:
        order_lines: rows of silver.order_lines.
        products: rows of silver.products.
        as_of: the as-of date.

    Returns:
        One row per line. Amounts and units are integers in units of 1/10,000; `sale_order` and `sale_customer` are null
        on returns.
    """
    sale = F.col("line_kind") == "sale"
    lines = order_lines.where(is_counted() & (F.col("order_date") <= F.lit(as_of))).select(
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
    """Return the first day of any line that counts, whatever the as-of date, or None if no line does."""
    first: date | None = order_lines.where(is_counted()).agg(F.min("order_date")).collect()[0][0]
    return first


def counted_reviews(reviews: DataFrame, products: DataFrame, as_of: date) -> DataFrame:
    """Return the reviews up to `as_of`: day, product_id, department, category, rating_sum, ratings (one row per review).

    A rating off the scale, which an older release let in, is no rating: its mean would not fit the column.
    """
    ratings = reviews.where(is_rated() & (F.col("reviewed_on") <= F.lit(as_of))).select(
        F.col("reviewed_on").alias("day"),
        "product_id",
        F.col("rating").cast("bigint").alias("rating_sum"),
        F.lit(1).cast("bigint").alias("ratings"),
    )
    return _with_category(ratings, products)


def daily_totals(lines: DataFrame, reviews: DataFrame) -> DataFrame:
    """Sum up the counted lines and reviews by day, product_id, department and category."""
    frames = [rows.groupBy("day", "product_id", *LEVELS["category"]).agg(*_summed(rows)) for rows in (lines, reviews)]
    return frames[0].unionByName(frames[1], allowMissingColumns=True)


def visits(lines: DataFrame) -> DataFrame:
    """Return who bought what when: day, product_id, department, category, order and customer of counted sales."""
    sales = lines.where(F.col("sale_order").isNotNull())
    return sales.select("day", "product_id", *LEVELS["category"], *_VISITORS)


def product_periods(totals: DataFrame, visit_rows: DataFrame, periods: Periods) -> DataFrame:
    """Compute the sums and counts of each product in each wanted period.

    Args:
        totals: from `daily_totals`.
        visit_rows: from `visits`.
        periods: the wanted periods.

    Returns:
        One row per grain (its index in GRAINS), period_start and product_id.
    """
    keys = ("product_id",)
    counts = _count_visitors(_distinct_visitors(visit_rows, periods, keys), keys)
    return _sums_and_counts(_by_period(totals, periods), counts, keys)


def level_periods(totals: DataFrame, visit_rows: DataFrame, periods: Periods) -> DataFrame:
    """Compute the sums and counts of each level in each wanted period.

    Args:
        totals: from `daily_totals`.
        visit_rows: from `visits`.
        periods: the wanted periods.

    Returns:
        One row per grain (its index in GRAINS), period_start, level, department and category.
    """
    visitors, counts = _distinct_visitors(visit_rows, periods, LEVELS["category"]), []
    for level, names in LEVELS.items():
        # A visitor of a department is one of its categories' visitors: each level is counted from the one below it.
        visitors = visitors.select(*_PERIOD, *names, *_VISITOR).distinct()
        counts.append(_count_visitors(visitors, names).withColumns(_level_keys(level)))
    keys_of_levels = [
        F.struct(*(column.alias(name) for name, column in _level_keys(level).items())) for level in LEVELS
    ]
    totals_of_levels = _explode(_by_period(totals, periods), keys_of_levels)
    return _sums_and_counts(totals_of_levels, reduce(DataFrame.unionByName, counts), ("level", *LEVELS["category"]))


def sales_by_product(periods: DataFrame, products: DataFrame, grain: str, extent: DataExtent) -> DataFrame:
    """Compute the rows of SALES[grain]: the sales of each product that was sold or returned in a period.

    A product that silver.products does not know keeps its id and has no name; one without a category is `Uncategorised`.

    Args:
        periods: from `product_periods`.
        products: rows of silver.products.
        grain: one of GRAINS.
        extent: the days for which there are data.
    """
    names = products.select("product_id", F.col("name").alias("product"), "brand", *LEVELS["category"])
    sales = _measures(periods, grain, extent).join(names, "product_id", "left").withColumns(_category_columns())
    return sales.select(*SALES[grain].column_names)


def sales_rollup(periods: DataFrame, grain: str, extent: DataExtent) -> DataFrame:
    """Compute the rows of SALES_ROLLUP[grain]: the sales of each category, department and the catalog in a period.

    Orders and customers are counted distinct on each level: an order of two categories counts once in their department.
    Ratings are all reviews of the level's products in the period, sold in it or not.

    Args:
        periods: from `level_periods`.
        grain: one of GRAINS.
        extent: the days for which there are data.
    """
    return _measures(periods, grain, extent).select(*SALES_ROLLUP[grain].column_names)


def _part(counts: Column, value: Column, name: str) -> Column:
    return to_units(F.when(counts, value)).alias(name)


def _category_columns() -> dict[str, Column]:
    return {name: category_or_default(name) for name in LEVELS["category"]}


def _with_category(rows: DataFrame, products: DataFrame) -> DataFrame:
    tree = products.select("product_id", *LEVELS["category"])
    return rows.join(tree, "product_id", "left").withColumns(_category_columns())


def _summed(rows: DataFrame) -> list[Column]:
    return [F.sum(name).alias(name) for name in _SUMS if name in rows.columns]


def _by_period(rows: DataFrame, periods: Periods) -> DataFrame:
    """Repeat each row for each wanted period that holds its day: `grain` and `period_start` take the place of `day`."""
    period_of_day = []
    for index, grain in enumerate(GRAINS):
        start, first_days = period_start_column(F.col("day"), grain), periods.get(grain, ())
        is_wanted = F.lit(True) if first_days is None else start.isin(*first_days)
        period = F.struct(F.lit(index).alias("grain"), start.alias("period_start"))
        period_of_day.append(F.when(is_wanted, period))
    return _explode(rows, period_of_day).drop("day")


def _level_keys(level: str) -> dict[str, Column]:
    """Return the columns that identify a row of the level; department and category are '' if they do not."""
    names = {name: F.col(name) if name in LEVELS[level] else F.lit("") for name in LEVELS["category"]}
    return {"level": F.lit(level), **names}


def _distinct_visitors(visit_rows: DataFrame, periods: Periods, keys: Sequence[str]) -> DataFrame:
    """Return every order and every customer once per period and keys: `visitor`, and whether it is an order."""
    visitors = [
        F.struct(F.lit(name == "sale_order").alias("is_order"), F.col(name).alias("visitor")) for name in _VISITORS
    ]
    rows = _explode(_by_period(visit_rows, periods), visitors).where("visitor IS NOT NULL")
    return rows.select(*_PERIOD, *keys, *_VISITOR).distinct()


def _count_visitors(visitors: DataFrame, keys: Sequence[str]) -> DataFrame:
    """Count the orders and customers by period and keys."""
    is_order = F.col("is_order")
    counts = [F.count_if(is_order).alias("orders"), F.count_if(~is_order).alias("customers")]
    return visitors.groupBy(*_PERIOD, *keys).agg(*counts)


def _explode(rows: DataFrame, structs: Sequence[Column]) -> DataFrame:
    """Repeat each row for each struct that is not null; its fields take the place of columns of the same name."""
    repeated = rows.withColumn("_struct", F.explode(F.array(*structs))).where("_struct IS NOT NULL")
    fields = repeated.select("_struct.*").columns
    return repeated.select(*(name for name in rows.columns if name not in fields), "_struct.*")


def _sums_and_counts(rows: DataFrame, counts: DataFrame, keys: Sequence[str]) -> DataFrame:
    """Sum up the rows by period and keys, if the period has a line, and join the counts."""
    by = [*_PERIOD, *keys]
    sums = rows.groupBy(*by).agg(*_summed(rows)).where("lines > 0")
    # A period with nothing but returns has no visit.
    return sums.join(counts, by, "left").fillna(0, ["orders", "customers"])


def _measures(periods: DataFrame, grain: str, extent: DataExtent) -> DataFrame:
    """Turn the sums of a grain back into money, units and means."""
    exact = {name: to_decimal(F.col(name), kind) for name, kind in _AMOUNTS.items()}
    return periods.where(F.col("grain") == GRAINS.index(grain)).withColumns(exact).withColumns(_derived(grain, extent))


def _derived(grain: str, extent: DataExtent) -> dict[str, Column]:
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
