"""From order lines to weekly series, and to the features of products and categories: DataFrames in, DataFrames out.

What counts: order lines of kind `sale` that are not cancelled and name a product, up to and including the as-of date, by
the amount paid. Returns lower no series; they are a feature of their own.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.retail.order_lines import (
    UNCATEGORISED,
    category_or_default,
    from_units,
    is_counted,
    is_rated,
    to_decimal,
    to_units,
)
from basketry.tables import MAX_MAGNITUDE, MONEY, UNITS

NO_WEEK = -1
"""weeks_ago of a row for a product that has not sold in the weeks that are read."""

_YEAR = 365
_QUARTER = 91
_TREE = ("department", "category")
_MONEY = (*(f"revenue_{days}d" for days in (7, 28, _QUARTER, _YEAR)), "revenue_before_28d", "returns_91d")
_ORDERS = ("orders_28d", "orders_91d")
_UNITS = ("units_28d", "units_91d")
_ADDITIVE = (*_MONEY, *_UNITS, "season", "listed", "returned", "rating_sum", "ratings", "units_available")
"""Columns of a category that are the sums of those of its products."""


def is_forecast_line() -> Column:
    """Return whether a row of silver.order_lines counts for the features of products and for forecasts."""
    return is_counted() & F.col("product_id").isNotNull()


def known_lines(order_lines: DataFrame, as_of: date) -> DataFrame:
    """Select sales and returns of products up to a day, with `days_ago` (0 is the as-of date)."""
    lines = order_lines.where(is_forecast_line() & (F.col("order_date") <= F.lit(as_of)))
    return lines.withColumn("days_ago", F.date_diff(F.lit(as_of), F.col("order_date")))


def with_categories(rows: DataFrame, products: DataFrame) -> DataFrame:
    """Add the department and category of each row's product, as the catalog has them today."""
    tree = products.select("product_id", *map(category_or_default, _TREE))
    return rows.join(tree, "product_id", "left").fillna(UNCATEGORISED, list(_TREE))


def weekly_sales(lines: DataFrame, products: DataFrame, weeks: int) -> DataFrame:
    """Sum orders for `series.panel_of`: one row per product and week, and one of NO_WEEK per product that has one.

    Args:
        lines: Lines of `known_lines`.
        products: Rows of silver.products.
        weeks: How many weeks to read.
    """
    sale = _sale() & (F.col("net_amount") > 0) & _in_last(7 * weeks)
    week = F.when(sale, F.floor(F.col("days_ago") / 7)).otherwise(NO_WEEK).cast("int")
    keys = ("product_id", "weeks_ago")
    amounts = {name: F.when(sale, F.col(name)) for name in ("net_amount", "quantity")}
    orders = lines.groupBy("product_id", week.alias("weeks_ago"), F.when(sale, F.col("order_id")).alias("order")).agg(
        *(from_units(F.sum(to_units(amount))).alias(name) for name, amount in amounts.items())
    )
    log = F.when(F.col("weeks_ago") != NO_WEEK, F.log("net_amount")).otherwise(0.0)
    sums = (
        F.sum("net_amount").alias("revenue"),
        F.count("order").alias("orders"),
        F.sum("quantity").alias("units"),
        F.max("net_amount").alias("largest_order"),
        F.sum(log).alias("log_sum"),
        F.sum(log * log).alias("log_square"),
    )
    return with_categories(orders.groupBy(*keys).agg(*sums), products)


def complete_weeks(first_sale: date, as_of: date, most: int) -> int:
    """Count whole weeks from the catalog's first sale to the as-of date, at most `most`."""
    return min(most, ((as_of - first_sale).days + 1) // 7)


def product_features(
    lines: DataFrame, reviews: DataFrame, products: DataFrame, *, first_sale: date, as_of: date
) -> DataFrame:
    """Make the rows of gold.product_features: one per product ever sold or returned, and one per category.

    All lines are read once, those of the last 91 days once more per level, to tell orders apart.

    Args:
        lines: Lines of `known_lines`.
        reviews: Rows of silver.reviews.
        products: Rows of silver.products.
        first_sale: The day of the catalog's first sale.
        as_of: The last day that is read.
    """
    ratings = (
        reviews.where(is_rated() & (F.col("reviewed_on") <= F.lit(as_of)))
        .groupBy("product_id")
        .agg(F.sum("rating").alias("rating_sum"), F.count("rating").alias("ratings"))
    )
    sums = _daily(lines).groupBy("product_id").agg(*_sums(as_of)).join(ratings, "product_id", "left")
    # An older release let in more than any shop has; what is no number of units must not overflow a category's sum.
    units = F.col("units_available")
    stock = products.select(
        "product_id", F.when(units.between(-MAX_MAGNITUDE, MAX_MAGNITUDE), units).alias("units_available")
    )
    of_product = with_categories(sums.join(stock, "product_id", "left"), products)
    orders = lines.where(_sale() & _in_last(_QUARTER)).select("product_id", "order_id", "days_ago")
    seasons = (as_of - first_sale).days + 1 >= _YEAR
    of_category, category_orders = _sum_categories(of_product), with_categories(orders, products)
    product_rows = _level("product", of_product, orders, ("product_id",), seasons=seasons)
    category_rows = _level("category", of_category, category_orders, _TREE, seasons=seasons)
    return product_rows.unionByName(category_rows).withColumn("as_of", F.lit(as_of))


def _daily(lines: DataFrame) -> DataFrame:
    """Sum lines to one row per product and day, in units of 1/10,000; `sales` counts lines that are no returns."""
    parts = {
        "paid": F.when(_sale(), F.col("net_amount")),
        "units": F.when(_sale(), F.col("quantity")),
        "list": F.when(_sale(), F.col("list_amount")),
        "paid_back": F.when(~_sale(), -F.col("net_amount")),
        "came_back": F.when(~_sale(), -F.col("quantity")),
    }
    sums = [F.sum(to_units(part)).alias(name) for name, part in parts.items()]
    return lines.groupBy("product_id", "days_ago").agg(*sums, F.count_if(_sale()).alias("sales"))


def _sum_categories(of_product: DataFrame) -> DataFrame:
    """Sum the products of each category."""
    sums = [F.sum(name).alias(name) for name in _ADDITIVE]
    days = [F.min("first_sold_on").alias("first_sold_on"), F.max("last_sold_on").alias("last_sold_on")]
    return of_product.groupBy(*_TREE).agg(*sums, *days).withColumn("product_id", F.lit(""))


def _level(level: str, sums: DataFrame, orders: DataFrame, keys: tuple[str, ...], *, seasons: bool) -> DataFrame:
    """Make the rows of a level from its sums, and from the lines of its recent orders."""
    newest = orders.groupBy(*keys, "order_id").agg(F.min("days_ago").alias("days_ago"))
    counted_orders = newest.groupBy(*keys).agg(
        *(F.count_if(F.col("days_ago") < days).alias(f"orders_{days}d") for days in (28, _QUARTER))
    )
    joined = sums.join(counted_orders, list(keys), "left").fillna(0, list(_ORDERS))
    return joined.select(F.lit(level).alias("level"), *_columns(seasons))


def _sale() -> Column:
    return F.col("line_kind") == "sale"


def _in_last(days: int, before: int = 0) -> Column:
    return (F.col("days_ago") >= before) & (F.col("days_ago") < before + days)


def _total(name: str, days: int, before: int = 0) -> Column:
    return F.sum(F.when(_in_last(days, before), F.col(name)).otherwise(0))


def _sums(as_of: date) -> list[Column]:
    """List everything that the features of a product are made of, from its days."""
    sums = {f"revenue_{days}d": _total("paid", days) for days in (7, 28, _QUARTER, _YEAR)}
    sums |= {"revenue_before_28d": _total("paid", 28, before=28), "season": _total("paid", 28, before=_YEAR - 28)}
    sums |= {f"units_{days}d": _total("units", days) for days in (28, _QUARTER)}
    sums |= {"listed": _total("list", _QUARTER), "returns_91d": _total("paid_back", _QUARTER)}
    sums["returned"] = _total("came_back", _QUARTER)
    sold = F.when(F.col("sales") > 0, F.col("days_ago"))
    sums |= {
        "first_sold_on": F.date_sub(F.lit(as_of), F.max(sold)),
        "last_sold_on": F.date_sub(F.lit(as_of), F.min(sold)),
    }
    return [column.alias(name) for name, column in sums.items()]


def _columns(seasons: bool) -> list[Column]:
    """List the table's columns from the sums; a ratio over nothing is null."""
    columns = [F.col(name) for name in ("product_id", "department", "category", "first_sold_on", "last_sold_on")]
    columns += [to_decimal(F.col(name), MONEY).alias(name) for name in _MONEY]
    columns += [F.col(name) for name in _ORDERS]
    columns += [to_decimal(F.col(name), UNITS).alias(name) for name in _UNITS]
    for days in (28, 91):
        paid = F.col(f"revenue_{days}d") > 0
        columns.append(F.when(paid, _ratio(f"revenue_{days}d", f"units_{days}d")).alias(f"price_{days}d"))
    columns.append((1 - _ratio("revenue_91d", "listed")).alias("discount_depth_91d"))
    columns.append(_ratio("returned", "units_91d").alias("return_rate_91d"))
    columns += [
        (F.col("rating_sum") / F.col("ratings")).alias("average_rating"),
        F.coalesce("ratings", F.lit(0)).alias("ratings"),
    ]
    columns.append(_ratio("revenue_28d", "revenue_before_28d").alias("trend_28d"))
    season = _ratio("season", f"revenue_{_YEAR}d") * _YEAR / 28 if seasons else F.lit(None).cast("double")
    return [*columns, season.alias("seasonality_28d"), F.col("units_available").cast("bigint").alias("units_available")]


def _ratio(above: str, below: str) -> Column:
    """Divide in doubles; null where there is nothing positive to divide by."""
    divisor, dividend = F.col(below).cast("double"), F.col(above).cast("double")
    return F.when((divisor > 0) & (dividend >= 0), dividend / divisor)
