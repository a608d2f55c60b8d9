"""Forecasts every product as of a day, one group of products at a time, and makes all levels add up.

::

    weekly rows ─ groupBy(hash of the product) ─ base forecasts ─┬─ sums by department ─┐
    weekly revenue by department ─ own forecasts of departments ─┴──────── reconcile ───┴─ factors ─ rows

Only a group of products and a matrix of departments are ever held in memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.forecast import core, forecast_rows, sales_history
from basketry.domains.forecast.forecaster import TOO_LITTLE, Forecaster, fallback_forecaster
from basketry.domains.forecast.reconcile import Reconciled, reconcile
from basketry.domains.forecast.sales_history import SalesHistory
from basketry.domains.forecast.series import WEEKS_AHEAD, Floats, Texts, panel_of
from basketry.domains.forecast.settings import ForecastSettings, load_settings
from basketry.domains.forecast.tracking import LOADER, ForecastVersion
from basketry.jobs.forecast import ForecastArguments
from basketry.lake.change_feed import InputDependency, all_rows
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning import versions
from basketry.tables import ORDER_LINES, PRODUCT_FEATURES, PRODUCT_FORECASTS, PRODUCTS, REVIEWS

FALLBACK = "fallback"
INPUTS = (
    InputDependency(
        ORDER_LINES,
        ("order_id", "product_id", "order_date", "line_kind", "status", "quantity", "list_amount", "net_amount"),
        core.is_forecast_line,
    ),
    InputDependency(REVIEWS, ("product_id", "rating", "reviewed_on"), all_rows, day="reviewed_on"),
)
"""What forecasts read, except the department and category of products and their stock: these are taken as of today, and a
forecast is not made again because a product moved."""

SALES_INPUTS = INPUTS[:1]
"""What was sold: all that the accuracy of a forecast is judged by."""

LEAST_TRAINING_WEEKS = 16
"""A younger catalog than this is forecast by its categories: there is nothing to test a model on."""

_BASE = (
    "product_id string, department string, category string, demand_class string, method string, basis string,"
    " weekly array<double>"
)


@dataclass(frozen=True)
class GroupForecasts:
    """Forecasts of departments and the total.

    Attributes:
        names: The departments.
        reconciled: The reconciled forecasts, in the order of names.
    """

    names: Texts
    reconciled: Reconciled


def run(lake: Lakehouse, arguments: ForecastArguments) -> JobReport:
    """Write the features and forecasts as of --as-of, each in one commit."""
    settings = load_settings(lake.settings.include)
    as_of = arguments.as_of
    inputs = lake.versions(ORDER_LINES, PRODUCTS, REVIEWS)  # first: what comes meanwhile came late
    history = sales_history.read_history(lake, as_of, settings)
    version, note = _version(lake, arguments.model, as_of, history, settings=settings)
    written = 0 if arguments.dry_run else _write(lake, history, version, as_of, settings=settings)
    lines = [f"{history.products:,} products with {history.weeks} complete weeks, forecast by version {version.number}"]
    return JobReport(
        rows_in=history.products,
        rows_out=written,
        summary=(*lines, *([note] if note else [])),
        as_of=as_of,
        input_versions=inputs,
        details={"note": note, "weeks": history.weeks},
        model_version=version.number,
        dry_run=arguments.dry_run,
    )


def _version(
    lake: Lakehouse, wanted: str, as_of: date, history: SalesHistory, *, settings: ForecastSettings
) -> tuple[ForecastVersion, str]:
    """Return the version that forecasts, and why it is not the champion, if so."""
    if history.weeks >= LEAST_TRAINING_WEEKS:
        [resolved] = versions.resolve(lake, LOADER, wanted, [as_of])
        return resolved.version, resolved.note
    if history.weeks >= settings.history.least_weeks:
        panel, reason = sales_history.training_panel(history, settings), "forecast by category"
    else:
        panel = panel_of(sales_history.weekly_rows(history).limit(0).toPandas(), WEEKS_AHEAD)
        reason = "too little history"
    fallback = ForecastVersion(FALLBACK, fallback_forecaster(panel, as_of, settings))
    return fallback, f"{history.weeks} complete weeks: {reason}"


def _write(
    lake: Lakehouse, history: SalesHistory, version: ForecastVersion, as_of: date, *, settings: ForecastSettings
) -> int:
    reviews = lake.read_or_empty(REVIEWS)
    features = core.product_features(history.lines, reviews, history.tree, first_sale=history.first_sale, as_of=as_of)
    lake.replace_day(PRODUCT_FEATURES, features, as_of)
    short = history.weeks < settings.history.least_weeks
    with (
        lake.cached(sales_history.weekly_rows(history)) as weekly,
        lake.cached(base_forecasts(weekly, version.forecaster, history, settings, short=short)) as base,
    ):
        groups = _group_forecasts(weekly, base, version.forecaster, history.weeks)
        rows = _rows(lake, base, groups, version).withColumn("as_of", F.lit(as_of))
        return lake.replace_day(PRODUCT_FORECASTS, rows, as_of)


def base_forecasts(
    weekly: DataFrame, forecaster: Forecaster, history: SalesHistory, settings: ForecastSettings, *, short: bool = False
) -> DataFrame:
    """Forecast products before they are reconciled, one group of products per task.

    Args:
        weekly: Rows of `sales_history.weekly_rows`.
        forecaster: The forecaster.
        history: What was sold, for the number of products and weeks.
        settings: How forecasts are made.
        short: There is too little history: every forecast is missing.
    """
    groups = max(1, math.ceil(history.products / settings.scoring.products_a_group))
    weeks = max(history.weeks, 1)

    def forecast(part: pd.DataFrame) -> pd.DataFrame:
        """Forecast the products of one group, before they are reconciled."""
        from threadpoolctl import threadpool_limits

        panel = panel_of(part, weeks)
        with threadpool_limits(1):  # Spark already runs one task per core
            made = forecaster.base(panel)
        values = np.full_like(made.weekly, np.nan) if short else made.weekly
        return pd.DataFrame(
            {
                "product_id": panel.products,
                "department": panel.departments,
                "category": panel.categories,
                "demand_class": made.classes,
                "method": made.methods,
                "basis": TOO_LITTLE if short else made.basis,
                "weekly": list(values),
            }
        )

    group = F.pmod(F.xxhash64("product_id"), F.lit(groups))
    return weekly.groupBy(group.alias("group")).applyInPandas(forecast, _BASE)


def _group_forecasts(weekly: DataFrame, base: DataFrame, forecaster: Forecaster, weeks: int) -> GroupForecasts:
    """Reconcile departments and the total, from matrices of departments."""
    sold = weekly.where("weeks_ago >= 0").groupBy("department", "weeks_ago").agg(F.sum("revenue").alias("revenue"))
    revenue = sold.toPandas()
    sums = [F.sum(F.nanvl(F.col("weekly")[week], F.lit(0.0))).alias(f"w{week}") for week in range(WEEKS_AHEAD)]
    below = base.groupBy("department").agg(*sums).orderBy("department").toPandas()
    names = below["department"].to_numpy(dtype=object)
    history = np.zeros((len(names), max(weeks, 1)))
    rows = pd.Index(names).get_indexer(pd.Index(revenue["department"]))
    columns = history.shape[1] - 1 - revenue["weeks_ago"].to_numpy(dtype=np.intp)
    history[rows, columns] = revenue["revenue"]
    departments, total = forecaster.group_forecasts(history)
    products: Floats = below[[f"w{week}" for week in range(WEEKS_AHEAD)]].to_numpy(dtype=np.float64)
    return GroupForecasts(names, reconcile(products, departments, total, forecaster.variances))


def _rows(lake: Lakehouse, base: DataFrame, groups: GroupForecasts, version: ForecastVersion) -> DataFrame:
    """Make the rows of gold.product_forecasts, without the as-of date."""
    forecaster = version.forecaster
    factors = {str(name): factor for name, factor in zip(groups.names, groups.reconciled.factors, strict=True)}

    def final(parts: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Make the reconciled rows of each part."""
        for part in parts:
            yield forecast_rows.product_rows(part, factors, forecaster)

    products = base.mapInPandas(final, forecast_rows.SCHEMA)
    group_rows = forecast_rows.group_rows(groups.names, groups.reconciled, forecaster)
    above = lake.spark.createDataFrame(pa.Table.from_pandas(group_rows, preserve_index=False))
    return products.unionByName(above).withColumn("model_version", F.lit(version.number))
