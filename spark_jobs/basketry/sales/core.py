"""Sales measures of products, categories, departments and the whole catalog: DataFrames in, DataFrames out.

What counts: order lines of kind `sale` or `return` whose status is not `cancelled`, up to and including the as-of date.
Fees and adjustments are no sales. A sale that came back later still counts as a sale on its own day; what came back
counts as a return on the day of the return line. What each measure means is said in `basketry.tables`.

    order lines ─ counted_lines ─┬─────────── daily_sales ─── sales_by_product
                                 └─ baskets ─ daily_rollup ── sales_rollup        (each for day, week, month, year)

A daily frame holds, per day and product (or level), whatever can be summed up to any period, so lines are looked at
once and not once a grain. Sums are kept in units of 1/10,000 as 64-bit integers: exact, and five times faster than
decimals. Distinct orders and customers become sums by counting each on the first of its days in a period.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from basketry.calendar import is_partial_column, period_end_column, period_start_column
from basketry.tables import GRAINS, MONEY, ORDER_LINES, PRODUCTS, REVIEWS, SALES, SALES_ROLLUP, UNITS, Table

UNCATEGORISED = "Uncategorised"
"""Department and category of a product that has none, so that its sales stay in every roll-up."""

NO_PRODUCT = "Unknown product"
"""product_id of a sale whose line names no product."""

DISCOUNTS = ("instore_discount", "campaign_coupon_discount", "manuf_coupon_discount", "manuf_coupon_match_discount")
_AMOUNTS = {"gross_revenue": MONEY, **dict.fromkeys(DISCOUNTS, MONEY), "returns_amount": MONEY}
_AMOUNTS |= {"units_sold": UNITS, "units_returned": UNITS}
_SCALE = 10_000
_SUMS = (*_AMOUNTS, "lines", "rating_sum", "ratings")
_COUNTED_ONCE = {"orders": "sale_order", "customers": "sale_customer"}

LEVELS: dict[str, tuple[str, ...]] = {
    "category": ("department", "category"),
    "department": ("department",),
    "total": (),
}
"""Levels of the roll-up tables, finest first, each with the columns that name a row of it; the others are ''."""

COUNTED_COLUMNS: dict[Table, tuple[str, ...]] = {
    ORDER_LINES: (
        "order_id", "customer_id", "product_id", "order_date", "line_kind", "status", "quantity",
        "list_amount", *DISCOUNTS, "net_amount",
    ),
    PRODUCTS: ("product_id", "name", "brand", "department", "category"),
    REVIEWS: ("product_id", "rating", "reviewed_on"),
}  # fmt: skip
"""The columns of each input that a sales table depends on: a change of any other column changes no sales."""


def counts_as_sales() -> Column:
    """Whether a row of silver.order_lines belongs to the sales tables at all."""
    return F.col("line_kind").isin("sale", "return") & (F.col("status") != "cancelled")


def counted_lines(order_lines: DataFrame, products: DataFrame, as_of: date) -> DataFrame:
    """The lines that count up to `as_of`, one row each, with department, category and the line's part in each sum.

    order_lines, products: rows of the silver tables. Amounts and units come as integers in units of 1/10,000;
    `sale_order` and `sale_customer` are null on returns.
    """
    sale = F.col("line_kind") == "sale"
    counted = order_lines.where(counts_as_sales() & (F.col("order_date") <= F.lit(as_of)))
    lines = counted.select(
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


def counted_reviews(reviews: DataFrame, products: DataFrame, as_of: date) -> DataFrame:
    """The reviews up to `as_of`: day, product_id, department, category, rating_sum, ratings (one row a review)."""
    counted = reviews.where(F.col("reviewed_on") <= F.lit(as_of)).select(
        F.col("reviewed_on").alias("day"),
        "product_id",
        F.col("rating").cast("bigint").alias("rating_sum"),
        F.lit(1).cast("bigint").alias("ratings"),
    )
    return _with_category(counted, products)


def baskets(lines: DataFrame) -> DataFrame:
    """Who bought in which category when: the distinct (day, department, category, order, customer) of counted lines."""
    sales = lines.where(F.col("sale_order").isNotNull())
    return sales.select("day", *LEVELS["category"], *_COUNTED_ONCE.values()).distinct()


def daily_sales(lines: DataFrame, reviews: DataFrame) -> DataFrame:
    """The daily frame of products: rows of a (day, product_id) to be summed up, from counted lines and reviews."""
    counted = _counted_once(lines, ("product_id",))
    return counted.unionByName(_totals(reviews, ("product_id",)), allowMissingColumns=True)


def daily_rollup(lines: DataFrame, basket_rows: DataFrame, reviews: DataFrame) -> DataFrame:
    """The daily frame of all levels: rows of a (day, level, department, category). basket_rows: from `baskets`."""
    frames = []
    for level, names in LEVELS.items():
        basket_rows = basket_rows.select("day", *names, *_COUNTED_ONCE.values()).distinct()
        frame = _counted_once(basket_rows, names)
        for rows in (lines, reviews):
            frame = frame.unionByName(_totals(rows, names), allowMissingColumns=True)
        blanks = {name: F.lit("") for name in LEVELS["category"] if name not in names}
        frames.append(frame.withColumns({"level": F.lit(level), **blanks}))
    return reduce(DataFrame.unionByName, frames)


def sales_by_product(daily: DataFrame, products: DataFrame, grain: str, as_of: date) -> DataFrame:
    """Sales of each product that was sold or returned in a period, one row a (period, product): table SALES[grain].

    daily: from `daily_sales`. A product that silver.products does not know keeps its id and has no name; one without
    a category is `Uncategorised`.
    """
    rows = _periods(daily, ("product_id",), grain, as_of)
    names = products.select("product_id", F.col("name").alias("product"), "brand", *LEVELS["category"])
    named = rows.join(names, "product_id", "left").withColumns(_category_columns())
    return named.select(*SALES[grain].column_names)


def sales_rollup(daily: DataFrame, grain: str, as_of: date) -> DataFrame:
    """Sales of each category, each department and the whole catalog in a period: table SALES_ROLLUP[grain].

    daily: from `daily_rollup`. Orders and customers are counted distinct on each level: an order of two categories
    counts once in their department. Ratings are all reviews of the level's products in the period, sold in it or not.
    """
    rows = _periods(daily, ("level", *LEVELS["category"]), grain, as_of)
    return rows.select(*SALES_ROLLUP[grain].column_names)


def _part(counts: Column, amount: Column, name: str) -> Column:
    return F.when(counts, (amount * _SCALE).cast("bigint")).otherwise(F.lit(0).cast("bigint")).alias(name)


def _category_columns() -> dict[str, Column]:
    # '' marks the coarser levels of a roll-up, so it can never be a category of its own.
    return {name: F.coalesce(F.nullif(F.trim(name), F.lit("")), F.lit(UNCATEGORISED)) for name in LEVELS["category"]}


def _with_category(rows: DataFrame, products: DataFrame) -> DataFrame:
    tree = products.select("product_id", *LEVELS["category"])
    return rows.join(tree, "product_id", "left").withColumns(_category_columns())


def _summed(rows: DataFrame) -> list[Column]:
    return [F.sum(name).alias(name) for name in _SUMS if name in rows.columns]


def _totals(rows: DataFrame, keys: Sequence[str]) -> DataFrame:
    return rows.groupBy("day", *keys).agg(*_summed(rows))


def _counted_once(rows: DataFrame, keys: Sequence[str]) -> DataFrame:
    """Totals a day, with a count of orders and of customers for each grain that can be summed over its days."""
    # Spread by the keys alone, which serves both windows and the sums: one shuffle in place of three.
    rows = rows.repartition(*keys) if keys else rows
    firsts: dict[str, Column] = {}
    for count, who in _COUNTED_ONCE.items():
        earlier = F.lag("day").over(Window.partitionBy(*keys, who).orderBy("day"))
        rows = rows.withColumn(f"earlier_{count}", earlier)
        firsts |= {f"{count}_{grain}": _is_first(who, f"earlier_{count}", grain) for grain in GRAINS}
    counts = [F.sum(first).alias(name) for name, first in firsts.items()]
    return rows.groupBy("day", *keys).agg(*_summed(rows), *counts)


def _is_first(who: str, earlier: str, grain: str) -> Column:
    """1 where this row is the first of its order or customer in the period, so that summing it counts distinct."""
    start, before = (period_start_column(F.col(day), grain) for day in ("day", earlier))
    return (F.col(who).isNotNull() & (F.col(earlier).isNull() | (before < start))).cast("bigint")


def _periods(daily: DataFrame, keys: Sequence[str], grain: str, as_of: date) -> DataFrame:
    """Daily rows summed up to periods and turned back into money, units and means; needs a line in the period."""
    start = period_start_column(F.col("day"), grain).alias("period_start")
    none = F.lit(0).cast("bigint")  # a period with nothing but returns has no basket
    counts = [F.coalesce(F.sum(f"{name}_{grain}"), none).alias(name) for name in _COUNTED_ONCE]
    sums = daily.groupBy(start, *keys).agg(*_summed(daily), *counts).where(F.col("lines") > 0)
    exact = {name: (F.col(name).cast("decimal(20,0)") / _SCALE).cast(kind) for name, kind in _AMOUNTS.items()}
    return sums.withColumns(exact).withColumns(_derived(grain, as_of))


def _derived(grain: str, as_of: date) -> dict[str, Column]:
    last_day = period_end_column(F.col("period_start"), grain)
    paid = reduce(lambda rest, name: rest - F.col(name), DISCOUNTS, F.col("gross_revenue")).cast(MONEY)
    return {
        "period_end": last_day,
        "is_partial": is_partial_column(last_day, as_of),
        "net_revenue": (paid - F.col("returns_amount")).cast(MONEY),
        "average_price": (paid / F.nullif("units_sold", F.lit(0))).cast(MONEY),
        "average_rating": (F.col("rating_sum").cast(MONEY) / F.nullif("ratings", F.lit(0))).cast("decimal(5,4)"),
        "ratings": F.coalesce("ratings", F.lit(0).cast("bigint")),
    }
