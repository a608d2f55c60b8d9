"""From order lines to weekly series, and to the features of products and categories: DataFrames in, DataFrames out.

What counts: order lines of kind `sale` that are not cancelled and name a product, up to and including the as-of date, by
the amount paid. Returns lower no series; they are a feature of their own.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.tables import MONEY, UNITS

UNCATEGORISED = "Uncategorised"
"""Department and category of a product that has none."""

NO_WEEK = -1
"""weeks_ago of the row that makes a product known which has not sold in the weeks that are read."""

_YEAR = 365
_LEVELS = {"product": ("department", "category", "product_id"), "category": ("department", "category")}


def counts() -> Column:
    """Whether a row of silver.order_lines counts for what is known of products and forecast."""
    kinds = F.col("line_kind").isin("sale", "return") & (F.col("status") != "cancelled")
    return kinds & F.col("product_id").isNotNull()


def known_lines(order_lines: DataFrame, products: DataFrame, as_of: date) -> DataFrame:
    """Sales and returns of products up to the day: `days_ago` (0 is the as-of date) and the product's place in the tree."""
    lines = order_lines.where(counts() & (F.col("order_date") <= F.lit(as_of)))
    tree = products.select(
        "product_id", *(F.coalesce(name, F.lit(UNCATEGORISED)).alias(name) for name in ("department", "category"))
    )
    joined = lines.join(tree, "product_id", "left").withColumn(
        "days_ago", F.date_diff(F.lit(as_of), F.col("order_date"))
    )
    return joined.fillna(UNCATEGORISED, ["department", "category"])


def weekly_sales(lines: DataFrame, weeks: int) -> DataFrame:
    """Rows for `series.panel_of`: a product and week with its sums over orders, and one of NO_WEEK a product.

    lines: of `known_lines`. weeks: how many to read.
    """
    sale = (F.col("line_kind") == "sale") & (F.col("net_amount") > 0) & (F.col("days_ago") < 7 * weeks)
    week = F.when(sale, F.floor(F.col("days_ago") / 7)).otherwise(NO_WEEK).cast("int")
    order = F.when(sale, F.col("order_id"))
    keys = ("product_id", "department", "category", "weeks_ago")
    orders = lines.withColumn("weeks_ago", week).groupBy(*keys, order.alias("order")).agg(
        F.sum(F.when(sale, F.col("net_amount")).otherwise(0)).cast("double").alias("amount"),
        F.sum(F.when(sale, F.col("quantity")).otherwise(0)).cast("double").alias("quantity"),
    )  # fmt: skip
    log = F.when(F.col("weeks_ago") != NO_WEEK, F.log("amount")).otherwise(0.0)
    return orders.groupBy(*keys).agg(
        F.sum("amount").alias("revenue"),
        F.count("order").alias("orders"),
        F.sum("quantity").alias("units"),
        F.max("amount").alias("largest_order"),
        F.sum(log).alias("log_sum"),
        F.sum(log * log).alias("log_square"),
    )


def complete_weeks(first_sale: date, as_of: date, most: int) -> int:
    """Whole weeks from the catalog's first sale to the as-of date, at most `most`."""
    return min(most, ((as_of - first_sale).days + 1) // 7)


def product_features(
    lines: DataFrame, reviews: DataFrame, products: DataFrame, first_sale: date, as_of: date
) -> DataFrame:
    """Rows of gold.product_features: a product ever sold or returned, and a category. lines: of `known_lines`."""
    seasons = (as_of - first_sale).days + 1 >= _YEAR
    rated = reviews.where(F.col("reviewed_on") <= F.lit(as_of)).select("product_id", "rating")
    stock = products.select("product_id", "units_available")
    levels = [_features(lines, rated, stock, level, seasons) for level in _LEVELS]
    return levels[0].unionByName(levels[1]).withColumn("as_of", F.lit(as_of))


def _features(lines: DataFrame, rated: DataFrame, stock: DataFrame, level: str, seasons: bool) -> DataFrame:
    keys = _LEVELS[level]
    found = lines.groupBy(*keys).agg(*_sums())
    tree = lines.select("product_id", "department", "category").distinct()
    ratings = rated.join(tree, "product_id").groupBy(*keys)
    found = found.join(
        ratings.agg(F.avg("rating").alias("average_rating"), F.count("rating").alias("ratings")), list(keys), "left"
    )
    if level == "product":
        found = found.join(stock, "product_id", "left")
    else:
        in_stock = stock.join(tree, "product_id").groupBy(*keys).agg(F.sum("units_available").alias("units_available"))
        found = found.join(in_stock, list(keys), "left").withColumn("product_id", F.lit(""))
    return found.select(F.lit(level).alias("level"), *_columns(seasons))


def _sale() -> Column:
    return F.col("line_kind") == "sale"


def _in_last(days: int, before: int = 0) -> Column:
    return (F.col("days_ago") >= before) & (F.col("days_ago") < before + days)


def _total(column: str, condition: Column) -> Column:
    return F.sum(F.when(condition, F.col(column)).otherwise(0))


def _sums() -> list[Column]:
    """Everything that the features are made of, in one pass."""
    sums = [_total("net_amount", _sale() & _in_last(days)).alias(f"revenue_{days}d") for days in (7, 28, 91, _YEAR)]
    sums.append(_total("net_amount", _sale() & _in_last(28, before=28)).alias("revenue_before_28d"))
    sums.append(_total("net_amount", _sale() & _in_last(28, before=_YEAR - 28)).alias("season"))
    for days in (28, 91):
        recent = _sale() & _in_last(days)
        sums.append(F.count_distinct(F.when(recent, F.col("order_id"))).alias(f"orders_{days}d"))
        sums.append(_total("quantity", recent).alias(f"units_{days}d"))
    sums.append(_total("list_amount", _sale() & _in_last(91)).alias("listed"))
    sums.append((-_total("net_amount", ~_sale() & _in_last(91))).alias("returns_91d"))
    sums.append((-_total("quantity", ~_sale() & _in_last(91))).alias("returned"))
    sums.append(F.min(F.when(_sale(), F.col("order_date"))).alias("first_sold_on"))
    sums.append(F.max(F.when(_sale(), F.col("order_date"))).alias("last_sold_on"))
    return sums


def _columns(seasons: bool) -> list[Column]:
    """The table's columns from the sums; a ratio over nothing is null."""
    kept = [F.col(name) for name in ("product_id", "department", "category", "first_sold_on", "last_sold_on")]
    money = [*(f"revenue_{days}d" for days in (7, 28, 91, _YEAR)), "revenue_before_28d", "returns_91d"]
    kept += [F.col(name).cast(MONEY).alias(name) for name in money]
    kept += [F.col(f"orders_{days}d") for days in (28, 91)]
    kept += [F.col(f"units_{days}d").cast(UNITS).alias(f"units_{days}d") for days in (28, 91)]
    for days in (28, 91):
        paid = F.col(f"revenue_{days}d") > 0
        kept.append(F.when(paid, _ratio(f"revenue_{days}d", f"units_{days}d")).alias(f"price_{days}d"))
    kept.append((1 - _ratio("revenue_91d", "listed")).alias("discount_depth_91d"))
    kept.append(_ratio("returned", "units_91d").alias("return_rate_91d"))
    kept += [F.col("average_rating"), F.coalesce("ratings", F.lit(0)).alias("ratings")]
    kept.append(_ratio("revenue_28d", "revenue_before_28d").alias("trend_28d"))
    season = _ratio("season", f"revenue_{_YEAR}d") * _YEAR / 28 if seasons else F.lit(None).cast("double")
    return [*kept, season.alias("seasonality_28d"), F.col("units_available").cast("bigint").alias("units_available")]


def _ratio(above: str, below: str) -> Column:
    """Division in doubles; null where nothing positive can be divided by."""
    divisor, dividend = F.col(below).cast("double"), F.col(above).cast("double")
    return F.when((divisor > 0) & (dividend >= 0), dividend / divisor)
