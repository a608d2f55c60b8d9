"""Forecasts every product as of a day, a group of products at a time, and makes all levels add up.

    weekly rows ─ groupBy(hash of the product) ─ base forecasts ─┬─ sums by department ─┐
    weekly revenue by department ─ own forecasts of departments ─┴──────── reconcile ───┴─ factors ─ rows

Only a group of products and a matrix of departments are ever held in memory.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.forecast import core, emit, rows
from basketry.domains.forecast.forecaster import TOO_LITTLE, Forecaster, fallback
from basketry.domains.forecast.reconcile import Agreed, reconcile
from basketry.domains.forecast.series import WEEKS_AHEAD, Floats, Texts, panel_of
from basketry.domains.forecast.settings import ForecastSettings, load_settings
from basketry.domains.forecast.tracking import KIND, Version
from basketry.lake.change_feed import Sight, everything
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning import versions
from basketry.tables import ORDER_LINES, PRODUCT_FEATURES, PRODUCT_FORECASTS, PRODUCTS, REVIEWS

FALLBACK = "fallback"
SEES = (
    Sight(
        ORDER_LINES,
        ("order_id", "product_id", "order_date", "line_kind", "status", "quantity", "list_amount", "net_amount"),
        core.counts,
    ),
    Sight(REVIEWS, ("product_id", "rating", "reviewed_on"), everything, day="reviewed_on"),
)
"""What forecasts look at. Not where products stand in the tree, nor their stock: both are taken as of today, and a forecast
is not made again because a product moved."""

LEAST_TRAINING_WEEKS = 16
"""A younger catalog than this is forecast by its categories: there is nothing to test a model on."""

_BASE = (
    "product_id string, department string, category string, demand_class string, method string, basis string,"
    " weekly array<double>"
)


@dataclass(frozen=True)
class Whole:
    """Departments in a fixed order, and what was agreed on for them and the total."""

    names: Texts
    agreed: Agreed


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Write the features and forecasts as of --as-of, each in one commit."""
    settings = load_settings(lake.settings.include)
    as_of = arguments.as_of
    inputs = lake.versions(ORDER_LINES, PRODUCTS, REVIEWS)  # first: what comes meanwhile came late
    found = rows.history(lake, as_of, settings)
    version, note = _version(lake, arguments.model, as_of, found, settings)
    written = 0 if arguments.dry_run else _write(lake, found, version, as_of, settings)
    lines = [f"{found.products:,} products with {found.weeks} complete weeks, forecast by version {version.number}"]
    return JobReport(
        found.products,
        written,
        (*lines, *([note] if note else [])),
        as_of=as_of,
        input_versions=inputs,
        details={"note": note, "weeks": found.weeks},
        model_version=version.number,
        dry_run=arguments.dry_run,
    )


def _version(
    lake: Lakehouse, wanted: str, as_of: date, found: rows.History, settings: ForecastSettings
) -> tuple[Version, str]:
    """The version that forecasts, and why it is not the champion, if so."""
    if found.weeks >= LEAST_TRAINING_WEEKS:
        [choice] = versions.choose(lake, KIND, wanted, [as_of])
        return choice.version, choice.note
    panel = rows.panel(found, settings) if found.weeks >= settings.least_weeks else None
    empty = panel or panel_of(rows.weekly(found).limit(0).toPandas(), WEEKS_AHEAD)
    what = "too little history" if panel is None else "forecast by category"
    return Version(FALLBACK, fallback(empty, as_of, settings)), f"{found.weeks} complete weeks: {what}"


def _write(lake: Lakehouse, found: rows.History, version: Version, as_of: date, settings: ForecastSettings) -> int:
    where = f"as_of = DATE'{as_of}'"
    reviews = rows.table_or_empty(lake, REVIEWS)
    features = core.product_features(found.lines, reviews, found.tree, found.first_sale, as_of)
    lake.replace(PRODUCT_FEATURES, features, where)
    weekly = rows.weekly(found).persist(StorageLevel.DISK_ONLY)
    short = found.weeks < settings.least_weeks
    try:
        base = base_forecasts(weekly, version.forecaster, found, settings, short=short)
        base = base.persist(StorageLevel.DISK_ONLY)
        whole = _whole(weekly, base, version.forecaster, found.weeks)
        written = lake.replace(PRODUCT_FORECASTS, _rows(lake, base, whole, version, as_of), where)
        base.unpersist()
    finally:
        weekly.unpersist()
    return written


def base_forecasts(
    weekly: DataFrame, forecaster: Forecaster, found: rows.History, settings: ForecastSettings, *, short: bool = False
) -> DataFrame:
    """Forecasts of products before they are reconciled, a group of products a task. short: none can be made."""
    groups = max(1, math.ceil(found.products / settings.products_a_group))
    weeks = max(found.weeks, 1)

    def forecast(part: pd.DataFrame) -> pd.DataFrame:
        """Weekly forecasts of the products of one part, before they are reconciled."""
        from threadpoolctl import threadpool_limits

        panel = panel_of(part, weeks)
        with threadpool_limits(1):  # Spark already runs a task a core
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


def _whole(weekly: DataFrame, base: DataFrame, forecaster: Forecaster, weeks: int) -> Whole:
    """Reconcile departments and the total, from matrices of departments."""
    sold = weekly.where("weeks_ago >= 0").groupBy("department", "weeks_ago").agg(F.sum("revenue").alias("revenue"))
    known = sold.toPandas()
    sums = [F.sum(F.nanvl(F.col("weekly")[week], F.lit(0.0))).alias(f"w{week}") for week in range(WEEKS_AHEAD)]
    below = base.groupBy("department").agg(*sums).orderBy("department").toPandas()
    names = below["department"].to_numpy(dtype=object)
    history = np.zeros((len(names), max(weeks, 1)))
    place = pd.Index(names).get_indexer(pd.Index(known["department"]))
    history[place, history.shape[1] - 1 - known["weeks_ago"].to_numpy(dtype=np.intp)] = known["revenue"]
    departments, total = forecaster.group_forecasts(history)
    products: Floats = below[[f"w{week}" for week in range(WEEKS_AHEAD)]].to_numpy(dtype=np.float64)
    return Whole(names, reconcile(products, departments, total, forecaster.variances))


def _rows(lake: Lakehouse, base: DataFrame, whole: Whole, version: Version, as_of: date) -> DataFrame:
    forecaster = version.forecaster
    factors = {str(name): factor for name, factor in zip(whole.names, whole.agreed.factors, strict=True)}

    def final(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Rows of the table for each part, reconciled."""
        for part in parts:
            yield emit.product_rows(part, factors, forecaster)

    products = base.mapInPandas(final, emit.SCHEMA)
    groups = pa.Table.from_pandas(emit.group_rows(whole.names, whole.agreed, forecaster), preserve_index=False)
    above = lake.spark.createDataFrame(groups)
    constant = {"as_of": F.lit(as_of), "model_version": F.lit(version.number)}
    return products.unionByName(above).withColumns(constant)
