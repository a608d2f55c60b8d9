"""Learns how buyers follow prices, and decides about every product that was forecast as of a day."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from datetime import date

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.decisions import core
from basketry.domains.decisions.prices import price_response, price_weeks
from basketry.domains.decisions.rules import Decisions, load_decisions
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse, declared_schema
from basketry.lake.report import JobReport
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


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Write price responses and decisions as of --as-of, each in one commit; the rules are proven before anything is read."""
    rules = load_decisions(lake.settings.include)
    as_of = arguments.as_of
    where = f"as_of = DATE'{as_of}'"
    inputs = lake.versions(ORDER_LINES, PRODUCTS, REVIEWS)  # first: what comes meanwhile came late
    forecasts = _forecasts(lake, as_of)
    check_delivered(lake, as_of)
    if arguments.dry_run:
        return JobReport(0, 0, ("the rules hold",), as_of=as_of, dry_run=True)
    features = lake.read(PRODUCT_FEATURES).where(where)
    response = price_response(price_weeks(_sales(lake, features, as_of)), rules).withColumn("as_of", F.lit(as_of))
    lake.replace(PRICE_RESPONSE, response, where)
    known = _known(lake, forecasts, features, lake.read(PRICE_RESPONSE).where(where))
    limits = core.bucket_limits(forecasts.select("predicted_revenue").toPandas()["predicted_revenue"], rules)
    lake.replace(PRODUCT_DECISIONS, _decided(known, rules, limits, as_of), where)
    return _report(lake, as_of, where, inputs)


def _forecasts(lake: Lakehouse, as_of: date) -> DataFrame:
    """The next 28 days of every product; BadInputError when the day was not forecast."""
    month = "level = 'product' AND first_day = 1 AND last_day = 28"
    found = lake.read(PRODUCT_FORECASTS).where(F.col("as_of") == F.lit(as_of)).where(month)
    if found.isEmpty():
        raise BadInputError(
            f"nothing of catalog {lake.catalog} is forecast as of {as_of}: run the job forecast for that day."
        )
    columns = ("product_id", "department", "category", "low_90", "high_90", "model_version")
    return found.select(*columns, F.col("revenue").alias("predicted_revenue"))


def _sales(lake: Lakehouse, features: DataFrame, as_of: date) -> DataFrame:
    """Paid amounts and units of sales, by week, with the category as the features know it."""
    lines = lake.read(ORDER_LINES).where("line_kind = 'sale' AND status <> 'cancelled' AND product_id IS NOT NULL")
    days_ago = F.date_diff(F.lit(as_of), F.col("order_date"))
    recent = lines.where((days_ago >= 0) & (days_ago < _PRICE_DAYS))
    categories = features.where("level = 'product'").select("product_id", "category")
    return recent.join(categories, "product_id").select(
        "category",
        "product_id",
        F.floor(days_ago / 7).alias("weeks_ago"),
        F.col("net_amount").alias("amount"),
        F.col("quantity").alias("units"),
    )


def _known(lake: Lakehouse, forecasts: DataFrame, features: DataFrame, response: DataFrame) -> DataFrame:
    """A row a product with all that `core.decide` looks at; the category's elasticity where a product has none."""
    own = response.where("level = 'product'").select("product_id", "elasticity", "standard_error")
    pooled = response.where("level = 'category'").select(
        "category", F.col("elasticity").alias("pooled"), F.col("standard_error").alias("pooled_error")
    )
    names = lake.read(PRODUCTS) if lake.exists(PRODUCTS) else lake.spark.createDataFrame([], declared_schema(PRODUCTS))
    facts = features.where("level = 'product'").select("product_id", *_FEATURES)
    joined = (
        forecasts.join(facts, "product_id", "left").join(own, "product_id", "left").join(pooled, "category", "left")
    )
    joined = joined.join(names.select("product_id", F.col("name").alias("product")), "product_id", "left")
    none = F.col("elasticity").isNull()
    together = {
        "standard_error": F.when(none, F.col("pooled_error")).otherwise(F.col("standard_error")),
        "elasticity": F.coalesce("elasticity", "pooled"),
        **{name: F.col(name).cast("double") for name in _FEATURES},
    }
    return joined.withColumns(together).drop("pooled", "pooled_error")


def _decided(known: DataFrame, rules: Decisions, limits: tuple[float, float], as_of: date) -> DataFrame:
    kept = [PRODUCT_DECISIONS.column(name) for name in core.KEPT]
    schema = ", ".join(f"{column.name} {column.type}" for column in kept)

    def decided(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Decisions of each part, by the rules and limits of this run."""
        for part in parts:
            if len(part):
                found = core.decide(part, rules, limits)
                yield found.astype(dict.fromkeys(_NUMBERS, "Float64"))  # null and not nan in the table

    return known.mapInPandas(decided, schema).withColumn("as_of", F.lit(as_of))


def _report(lake: Lakehouse, as_of: date, where: str, inputs: Mapping[str, int]) -> JobReport:
    counts = (
        lake.read(PRODUCT_DECISIONS).where(where).groupBy("action").count().orderBy(F.desc("count"), "action").collect()
    )
    told = lake.read(PRICE_RESPONSE).where(where).where("level = 'product'").count()
    total = sum(row["count"] for row in counts)
    listed = ", ".join(f"{row.action} {row['count']:,}" for row in counts)
    lines = (
        f"{total:,} products: {listed}",
        f"{told:,} products whose price moved enough to tell how buyers follow it",
    )
    details = {row.action: row["count"] for row in counts}
    return JobReport(total, total, lines, as_of=as_of, input_versions=inputs, details=details)
