"""Learns how buyers follow prices, and decides about every product that was forecast as of a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.decisions import core
from basketry.domains.decisions.prices import price_response, price_weeks
from basketry.domains.decisions.rules import DecisionRules, load_decision_rules
from basketry.errors import BadInputError
from basketry.jobs import DatedArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.sql import as_of_predicate
from basketry.retail.coverage import check_delivered
from basketry.tables import (
    ORDER_LINES,
    PRICE_RESPONSE,
    PRODUCT_DECISIONS,
    PRODUCT_FEATURES,
    PRODUCT_FORECASTS,
    PRODUCTS,
    REVIEWS,
)

_PRICE_DAYS = 728
"""Two years: older prices say little about buyers of today."""

_NUMBERS = ("predicted_revenue", "low_90", "high_90", "expected_worth")
_FEATURES = (
    "revenue_28d",
    "price_28d",
    "price_91d",
    "units_available",
    "average_rating",
    "return_rate_91d",
    "trend_28d",
    "discount_depth_91d",
)


def run(lake: Lakehouse, arguments: DatedArguments) -> JobReport:
    """Write price responses and decisions as of --as-of, each in one commit; the rules are proven before anything is read."""
    rules = load_decision_rules(lake.settings.include)
    as_of = arguments.as_of
    where = as_of_predicate(as_of)
    inputs = lake.versions(ORDER_LINES, PRODUCTS, REVIEWS)  # first: what comes meanwhile came late
    forecasts = _forecasts(lake, as_of)
    check_delivered(lake, as_of)
    if arguments.dry_run:
        return JobReport(rows_in=0, rows_out=0, summary=("the rules hold",), as_of=as_of, dry_run=True)
    features = lake.read(PRODUCT_FEATURES).where(where)
    response = price_response(price_weeks(_sales(lake, features, as_of)), rules).withColumn("as_of", F.lit(as_of))
    lake.replace_day(PRICE_RESPONSE, response, as_of)
    products = _products(lake, forecasts, features, lake.read(PRICE_RESPONSE).where(where))
    limits = core.bucket_limits(forecasts.select("predicted_revenue").toPandas()["predicted_revenue"], rules)
    lake.replace_day(PRODUCT_DECISIONS, _decide(products, rules, limits, as_of), as_of)
    return _report(lake, as_of, where, inputs)


def _forecasts(lake: Lakehouse, as_of: date) -> DataFrame:
    """Return the next 28 days of every product.

    Raises:
        BadInputError: The day was not forecast.
    """
    month = "level = 'product' AND first_day = 1 AND last_day = 28"
    forecasts = lake.read(PRODUCT_FORECASTS).where(F.col("as_of") == F.lit(as_of)).where(month)
    if forecasts.isEmpty():
        raise BadInputError(
            f"nothing of catalog {lake.catalog} is forecast as of {as_of}: run the job forecast for that day."
        )
    columns = ("product_id", "department", "category", "low_90", "high_90", "model_version")
    return forecasts.select(*columns, F.col("revenue").alias("predicted_revenue"))


def _sales(lake: Lakehouse, features: DataFrame, as_of: date) -> DataFrame:
    """Return paid amounts and units of sales, by week, with the category that the features have."""
    lines = lake.read(ORDER_LINES).where("line_kind = 'sale' AND status <> 'cancelled' AND product_id IS NOT NULL")
    days_ago = F.date_diff(F.lit(as_of), F.col("order_date"))
    recent = lines.where((days_ago >= 0) & (days_ago < _PRICE_DAYS))
    categories = features.where("level = 'product'").select("product_id", "category")
    columns = (
        F.col("category"),
        F.col("product_id"),
        F.floor(days_ago / 7).alias("weeks_ago"),
        F.col("net_amount").alias("amount"),
        F.col("quantity").alias("units"),
    )
    return recent.join(categories, "product_id").select(*columns)


def _products(lake: Lakehouse, forecasts: DataFrame, features: DataFrame, response: DataFrame) -> DataFrame:
    """Return one row per product for `core.decide_products`; with the category's elasticity where a product has none."""
    own = response.where("level = 'product'").select("product_id", "elasticity", "standard_error")
    pooled = response.where("level = 'category'").select(
        "category", F.col("elasticity").alias("pooled"), F.col("standard_error").alias("pooled_error")
    )
    names = lake.read_or_empty(PRODUCTS)
    facts = features.where("level = 'product'").select("product_id", *_FEATURES)
    joined = (
        forecasts.join(facts, "product_id", "left").join(own, "product_id", "left").join(pooled, "category", "left")
    )
    joined = joined.join(names.select("product_id", F.col("name").alias("product")), "product_id", "left")
    has_none = F.col("elasticity").isNull()
    columns = {
        "standard_error": F.when(has_none, F.col("pooled_error")).otherwise(F.col("standard_error")),
        "elasticity": F.coalesce("elasticity", "pooled"),
        **{name: F.col(name).cast("double") for name in _FEATURES},
    }
    return joined.withColumns(columns).drop("pooled", "pooled_error")


def _decide(products: DataFrame, rules: DecisionRules, limits: tuple[float, float], as_of: date) -> DataFrame:
    columns = [PRODUCT_DECISIONS.column(name) for name in core.DECISION_COLUMNS]
    schema = ", ".join(f"{column.name} {column.type}" for column in columns)

    def decide_parts(parts: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Yield the decisions of each part, by the rules and limits of this run."""
        for part in parts:
            if len(part):
                decisions = core.decide_products(part, rules, limits)
                yield decisions.astype(dict.fromkeys(_NUMBERS, "Float64"))  # null and not nan in the table

    return products.mapInPandas(decide_parts, schema).withColumn("as_of", F.lit(as_of))


def _report(lake: Lakehouse, as_of: date, where: str, inputs: Mapping[str, int]) -> JobReport:
    decisions = lake.read(PRODUCT_DECISIONS).where(where)
    counts = decisions.groupBy("action").count().orderBy(F.desc("count"), "action").collect()
    responding = lake.read(PRICE_RESPONSE).where(where).where("level = 'product'").count()
    total = sum(row["count"] for row in counts)
    listed = ", ".join(f"{row.action} {row['count']:,}" for row in counts)
    return JobReport(
        rows_in=total,
        rows_out=total,
        summary=(
            f"{total:,} products: {listed}",
            f"{responding:,} products whose price moved enough to tell how buyers follow it",
        ),
        as_of=as_of,
        input_versions=inputs,
        details={row.action: row["count"] for row in counts},
    )
