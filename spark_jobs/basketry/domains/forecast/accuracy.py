"""Sets forecasts whose horizon is over beside what was sold, so that a champion that decays is seen."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.forecast import core, metrics
from basketry.domains.forecast.series import HORIZONS
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.retail.coverage import check_delivered
from basketry.tables import FORECAST_ACCURACY, FORECAST_OUTCOMES, ORDER_LINES, PRODUCT_FORECASTS

_KEPT = ("as_of", "level", "department", "category", "product_id", "demand_class", "low_90", "high_90", "model_version")


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Judge the forecasts of each horizon that ends on --as-of; without any there is nothing to judge."""
    written, lines = 0, []
    inputs = lake.versions(ORDER_LINES, PRODUCT_FORECASTS)  # first: what comes meanwhile came late
    for horizon in (7 * weeks for weeks in HORIZONS):
        made_on = arguments.as_of - timedelta(days=horizon)
        judged = _judged(lake, made_on, horizon)
        if judged is None:
            lines.append(f"{horizon} days: nothing was forecast as of {made_on}: nothing to judge")
            continue
        outcomes = _outcomes(judged, made_on, horizon)
        lines += [_told(row) for row in outcomes if not row[3]]
        if not arguments.dry_run:
            written += _write(lake, judged, outcomes, made_on, horizon)
    return JobReport(
        written, written, tuple(lines), as_of=arguments.as_of, input_versions=inputs, dry_run=arguments.dry_run
    )


def _judged(lake: Lakehouse, made_on: date, horizon: int) -> DataFrame | None:
    """Rows of gold.forecast_accuracy; None when nothing was forecast, BadInputError while the horizon is not delivered."""
    if not lake.exists(PRODUCT_FORECASTS):
        return None
    made = lake.read(PRODUCT_FORECASTS).where(F.col("as_of") == F.lit(made_on))
    made = made.where((F.col("first_day") == 1) & (F.col("last_day") == horizon) & F.col("revenue").isNotNull())
    if made.isEmpty():
        return None
    until = made_on + timedelta(days=horizon)
    check_delivered(lake, until)
    lines = core.known_lines(lake.read(ORDER_LINES), until)
    sold = (F.col("line_kind") == "sale") & (F.col("net_amount") > 0) & (F.col("days_ago") < horizon)
    came = lines.where(sold).groupBy("product_id").agg(F.sum("net_amount").cast("double").alias("observed"))
    products = made.where("level = 'product'").join(came, "product_id", "left").fillna(0.0, ["observed"])
    above = made.where("level <> 'product'").join(_above(products), ["level", "department"])
    columns = [*_KEPT, F.col("revenue").alias("predicted"), "observed"]
    return products.select(*columns).unionByName(above.select(*columns)).withColumn("horizon_days", F.lit(horizon))


def _above(products: DataFrame) -> DataFrame:
    """What the products that were forecast sold, by department (as it was then) and in all."""
    by_department = products.groupBy("department").agg(F.sum("observed").alias("observed"))
    total = products.agg(F.sum("observed").alias("observed")).select(F.lit("").alias("department"), "observed")
    level = F.lit("department").alias("level")
    return by_department.select(level, "department", "observed").unionByName(
        total.select(F.lit("total").alias("level"), "department", "observed")
    )


def _outcomes(judged: DataFrame, made_on: date, horizon: int) -> list[tuple[object, ...]]:
    """Rows of gold.forecast_outcomes, from sums that Spark makes: a line a class, and '' for all."""
    error = F.col("predicted") - F.col("observed")
    inside = F.col("observed").between(F.col("low_90"), F.col("high_90"))
    sums = (
        judged.where("level = 'product'")
        .groupBy("model_version", "demand_class")
        .agg(
            F.count(F.lit(1)).alias("rows"),
            F.sum("observed").alias("observed"),
            F.sum(F.abs(error)).alias("absolute"),
            F.sum(error).alias("signed"),
            F.sum(error * error).alias("squared"),
            F.sum(inside.cast("double")).alias("inside"),
        )
    )
    frame = sums.toPandas()
    total = frame.drop(columns="demand_class").groupby("model_version", as_index=False).sum().assign(demand_class="")
    return list(_rows(pd.concat([frame, total], ignore_index=True), made_on, horizon))


def _rows(sums: pd.DataFrame, made_on: date, horizon: int) -> Iterator[tuple[object, ...]]:
    ones: list[Any] = sums.sort_values("demand_class").to_dict("records")
    for one in ones:
        kept = (one[name] for name in ("rows", "observed", "absolute", "signed", "squared"))
        table = np.array([[*kept, 0.0, 0.0]], dtype=float)
        found = {name: float(metric(table)[0]) for name, metric in metrics.METRICS.items()}
        wape, bias = (None if math.isnan(found[name]) else found[name] for name in ("wape", "bias"))
        yield (
            made_on,
            horizon,
            f"days_{horizon}",
            one["demand_class"],
            int(one["rows"]),
            wape,
            found["rmse"],
            bias,
            float(one["inside"] / one["rows"]),
            one["model_version"],
        )


def _write(lake: Lakehouse, judged: DataFrame, outcomes: list[tuple[object, ...]], made_on: date, horizon: int) -> int:
    where = f"as_of = DATE'{made_on}' AND horizon_days = {horizon}"
    written = lake.replace(FORECAST_ACCURACY, judged, where)
    lake.record(FORECAST_OUTCOMES, outcomes, where)
    return written


def _told(row: tuple[object, ...]) -> str:
    made_on, horizon, _, _, products, wape, _, bias, inside, version = row
    quality = (
        "nothing was sold" if wape is None else f"WAPE {wape:.3f}, bias {bias:+.3f}, 90 % interval covers {inside:.1%}"
    )
    return f"{horizon} days from {made_on}, version {version}, {products:,} products: {quality}"
