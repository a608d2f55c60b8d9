"""How buyers follow the price: elasticities with their errors, none where the price hardly moved, and what-if.

ln(units) = a + e ln(price) by ordinary least squares over the weeks of a product, after the mean of all other products of
the same week is taken out of ln(units), so that a season is not mistaken for a price. A category pools its products, each around
its own means. Sums are all that is needed, so Spark makes them and no series is ever moved.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from basketry.domains.decisions.rules import DecisionRules
from basketry.metrics.pricing import WhatIf, what_if

_MIN_DEGREES_OF_FREEDOM = 3
_DECIMALS = 9
"""Of the results: beyond them the order shows in which Spark added the rows, which is not the same twice."""
LEVELS = {"product": ("category", "product_id"), "category": ("category",)}


def price_weeks(lines: DataFrame) -> DataFrame:
    """Return one row per product and week with a sale that was paid for: category, product_id, log_price, log_units.

    A price of 0 says nothing and is left out. log_units is less the mean of all other products of the week.

    Args:
        lines: category, product_id, weeks_ago, amount and units of sales.
    """
    weeks = lines.groupBy("category", "product_id", "weeks_ago").agg(
        F.sum("amount").cast("double").alias("amount"), F.sum("units").cast("double").alias("units")
    )
    paid = weeks.where((F.col("amount") > 0) & (F.col("units") > 0))
    units, week = F.log("units"), Window.partitionBy("weeks_ago")
    others = F.try_divide(F.sum(units).over(week) - units, F.count(F.lit(1)).over(week) - 1)
    return paid.select(
        "category",
        "product_id",
        F.log(F.col("amount") / F.col("units")).alias("log_price"),
        (units - F.coalesce(others, F.lit(0.0))).alias("log_units"),
    )


def price_response(weeks: DataFrame, rules: DecisionRules) -> DataFrame:
    """Return the rows of gold.price_response without as_of: products and categories whose price moved enough.

    Args:
        weeks: The result of `price_weeks`.
        rules: How much it must have moved, over how many weeks.
    """
    own = weeks.groupBy("category", "product_id").agg(
        F.count(F.lit(1)).alias("weeks"), *(_spread(left, right).alias(name) for name, (left, right) in _SUMS.items())
    )
    pooled = own.groupBy("category").agg(
        F.sum("weeks").alias("weeks"), F.count(F.lit(1)).alias("means"), *(F.sum(name).alias(name) for name in _SUMS)
    )
    products = _regression(own.withColumn("means", F.lit(1)), "product", rules)
    categories = _regression(pooled.withColumn("product_id", F.lit("")), "category", rules)
    return products.unionByName(categories)


_SUMS = {
    "price_price": ("log_price", "log_price"),
    "price_units": ("log_price", "log_units"),
    "units_units": ("log_units", "log_units"),
}


def _spread(left: str, right: str) -> Column:
    """Return the sum of products around the means."""
    return F.covar_pop(left, right) * F.count(F.lit(1))


def _regression(sums: DataFrame, level: str, rules: DecisionRules) -> DataFrame:
    freedom = F.col("weeks") - F.col("means") - 1
    elasticity = F.try_divide(F.col("price_units"), F.col("price_price"))
    residual = F.greatest(F.col("units_units") - elasticity * F.col("price_units"), F.lit(0.0))
    usable = sums.where((F.col("weeks") >= rules.price.least_weeks) & (freedom >= _MIN_DEGREES_OF_FREEDOM)).withColumn(
        "price_spread", F.sqrt(F.greatest(F.col("price_price"), F.lit(0.0)) / F.col("weeks"))
    )
    measures = {
        "price_spread": F.col("price_spread"),
        "elasticity": elasticity,
        "standard_error": F.sqrt(residual / freedom / F.col("price_price")),
    }
    return usable.where(F.col("price_spread") >= rules.price.least_spread).select(
        F.lit(level).alias("level"),
        "category",
        "product_id",
        "weeks",
        *(F.round(value, _DECIMALS).alias(name) for name, value in measures.items()),
    )


__all__ = ["WhatIf", "price_response", "price_weeks", "what_if"]
