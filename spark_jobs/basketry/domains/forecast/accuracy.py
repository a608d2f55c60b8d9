"""Sets forecasts whose horizon is over beside what was sold, so that a champion that decays is noticed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.domains.forecast import core, metrics
from basketry.domains.forecast.series import HORIZONS
from basketry.jobs import DatedArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.sql import as_of_predicate
from basketry.retail.coverage import check_delivered
from basketry.tables import FORECAST_ACCURACY, FORECAST_OUTCOMES, ORDER_LINES, PRODUCT_FORECASTS

_COPIED = (
    "as_of",
    "level",
    "department",
    "category",
    "product_id",
    "demand_class",
    "low_90",
    "high_90",
    "model_version",
)


@dataclass(frozen=True)
class _Horizon:
    """Forecasts of one horizon that is over.

    Attributes:
        made_on: The as-of date of the forecasts.
        days: The days that they forecast.
    """

    made_on: date
    days: int

    @property
    def last_day(self) -> date:
        """The last day that was forecast."""
        return self.made_on + timedelta(days=self.days)

    @property
    def where(self) -> str:
        """The condition, as SQL, on its rows."""
        return f"{as_of_predicate(self.made_on)} AND horizon_days = {self.days}"


def run(lake: Lakehouse, arguments: DatedArguments) -> JobReport:
    """Evaluate the forecasts of each horizon that ends on --as-of; without any there is nothing to evaluate."""
    written = 0
    summary: list[str] = []
    inputs = lake.versions(ORDER_LINES, PRODUCT_FORECASTS)  # first: what comes meanwhile came late
    for days in (7 * weeks for weeks in HORIZONS):
        horizon = _Horizon(arguments.as_of - timedelta(days=days), days)
        rows = _accuracy_rows(lake, horizon)
        if rows is None:
            summary.append(f"{days} days: nothing was forecast as of {horizon.made_on}: nothing to judge")
            continue
        outcomes = _outcomes(rows, horizon)
        summary += [_sentence(row) for row in outcomes if not row[3]]
        if not arguments.dry_run:
            written += lake.replace(FORECAST_ACCURACY, rows, horizon.where)
            lake.record(FORECAST_OUTCOMES, outcomes, horizon.where)
    return JobReport(
        rows_in=written,
        rows_out=written,
        summary=tuple(summary),
        as_of=arguments.as_of,
        input_versions=inputs,
        dry_run=arguments.dry_run,
    )


def _accuracy_rows(lake: Lakehouse, horizon: _Horizon) -> DataFrame | None:
    """Make the rows of gold.forecast_accuracy; None when nothing was forecast.

    Raises:
        BadInputError: The horizon is not delivered yet.
    """
    if not lake.exists(PRODUCT_FORECASTS):
        return None
    made = lake.read(PRODUCT_FORECASTS).where(F.col("as_of") == F.lit(horizon.made_on))
    made = made.where((F.col("first_day") == 1) & (F.col("last_day") == horizon.days) & F.col("revenue").isNotNull())
    if made.isEmpty():
        return None
    check_delivered(lake, horizon.last_day)
    lines = core.known_lines(lake.read(ORDER_LINES), horizon.last_day)
    sold = (F.col("line_kind") == "sale") & (F.col("net_amount") > 0) & (F.col("days_ago") < horizon.days)
    sales = lines.where(sold).groupBy("product_id").agg(F.sum("net_amount").cast("double").alias("observed"))
    products = made.where("level = 'product'").join(sales, "product_id", "left").fillna(0.0, ["observed"])
    above = made.where("level <> 'product'").join(_above(products), ["level", "department"])
    columns: list[str | Column] = [*_COPIED, F.col("revenue").alias("predicted"), "observed"]
    rows = products.select(*columns).unionByName(above.select(*columns))
    return rows.withColumn("horizon_days", F.lit(horizon.days))


def _above(products: DataFrame) -> DataFrame:
    """Sum what the products that were forecast sold, by department (as it was then) and in all."""
    by_department = products.groupBy("department").agg(F.sum("observed").alias("observed"))
    total = products.agg(F.sum("observed").alias("observed")).select(F.lit("").alias("department"), "observed")
    level = F.lit("department").alias("level")
    return by_department.select(level, "department", "observed").unionByName(
        total.select(F.lit("total").alias("level"), "department", "observed")
    )


def _outcomes(rows: DataFrame, horizon: _Horizon) -> list[tuple[object, ...]]:
    """Make the rows of gold.forecast_outcomes from sums that Spark makes: one per demand class, and '' for all."""
    error = F.col("predicted") - F.col("observed")
    inside = F.col("observed").between(F.col("low_90"), F.col("high_90"))
    sums = (
        F.count(F.lit(1)).alias("rows"),
        F.sum("observed").alias("observed"),
        F.sum(F.abs(error)).alias("absolute"),
        F.sum(error).alias("signed"),
        F.sum(error * error).alias("squared"),
        F.sum(inside.cast("double")).alias("inside"),
    )
    frame = rows.where("level = 'product'").groupBy("model_version", "demand_class").agg(*sums).toPandas()
    total = frame.drop(columns="demand_class").groupby("model_version", as_index=False).sum().assign(demand_class="")
    return list(_outcome_rows(pd.concat([frame, total], ignore_index=True), horizon))


def _outcome_rows(sums: pd.DataFrame, horizon: _Horizon) -> Iterator[tuple[object, ...]]:
    records: list[Any] = sums.sort_values("demand_class").to_dict("records")
    for record in records:
        values = (record[name] for name in ("rows", "observed", "absolute", "signed", "squared"))
        table = np.array([[*values, 0.0, 0.0]], dtype=float)
        measured = {name: float(metric(table)[0]) for name, metric in metrics.METRICS.items()}
        wape, bias = (None if math.isnan(measured[name]) else measured[name] for name in ("wape", "bias"))
        yield (
            horizon.made_on,
            horizon.days,
            f"days_{horizon.days}",
            record["demand_class"],
            int(record["rows"]),
            wape,
            measured["rmse"],
            bias,
            float(record["inside"] / record["rows"]),
            record["model_version"],
        )


def _sentence(row: tuple[object, ...]) -> str:
    made_on, days, _, _, products, wape, _, bias, inside, version = row
    quality = (
        "nothing was sold" if wape is None else f"WAPE {wape:.3f}, bias {bias:+.3f}, 90 % interval covers {inside:.1%}"
    )
    return f"{days} days from {made_on}, version {version}, {products:,} products: {quality}"
