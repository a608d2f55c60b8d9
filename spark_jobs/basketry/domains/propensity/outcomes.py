"""Says what came true of the scores of 30 days ago, so that a champion that decays is seen."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.propensity.dates import HORIZON
from basketry.domains.propensity.inputs import KEYS
from basketry.features.read import labels, pair_inputs
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning.evaluation import measures
from basketry.tables import ORDER_LINES, PRODUCTS, PROPENSITY_OUTCOMES, PROPENSITY_SCORES

ALL, REPEAT, EXPLORE = "all", "repeat", "explore"
_NULLABLE = ("average_precision", "roc_auc", "lift_top_decile")
_MEASURES = (*_NULLABLE, "log_loss", "expected_calibration_error")
_KEPT = ("model_version", "category", "audience", "customers", "buyers", *_MEASURES, "mean_predicted", "mean_observed")
_SCHEMA = ", ".join(
    f"{name} {'string' if name in _KEPT[:3] else 'bigint' if name in _KEPT[3:5] else 'double'}" for name in _KEPT
)


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Judge the scores of 30 days before --as-of; without any there is nothing to judge."""
    scored_on = arguments.as_of - timedelta(days=HORIZON)
    inputs = lake.versions(ORDER_LINES, PRODUCTS)  # first: what comes meanwhile came late
    judged = _judged(lake, scored_on)
    rows = [_row(scored_on, one) for one in (*judged, *_means(judged))]
    if rows and not arguments.dry_run:
        lake.record(PROPENSITY_OUTCOMES, rows, _where(scored_on, judged))
    everyone = sum(one["customers"] for one in judged if one["audience"] == ALL)
    return JobReport(
        everyone,
        len(rows),
        _summary(scored_on, _means(judged)),
        as_of=arguments.as_of,
        input_versions=inputs,
        dry_run=arguments.dry_run,
    )


def _judged(lake: Lakehouse, scored_on: date) -> list[dict[str, Any]]:
    """A line a version, category and audience; empty when nothing was scored that day."""
    if not lake.exists(PROPENSITY_SCORES):
        return []
    scores = lake.read(PROPENSITY_SCORES).where(F.col("as_of") == F.lit(scored_on))
    categories = sorted(row.category for row in scores.select("category").distinct().collect())
    if not categories:
        return []
    bought = labels(lake, [scored_on], categories, days=HORIZON).withColumn("bought", F.lit(1))
    before = pair_inputs(lake, [scored_on], categories, ["pair_days_ever"])
    together = scores.join(bought, list(KEYS), "left").join(before, list(KEYS), "left")
    return [row.asDict() for row in judge(together).collect()]


def judge(rows: DataFrame) -> DataFrame:
    """Metrics of each version and category, by audience: all, repeat, explore; an audience without customers has none.

    rows: model_version, category, probability, bought (1 or null), pair_days_ever (null: never).
    """

    def group(part: pd.DataFrame) -> pd.DataFrame:
        """What came true for one model version and category, by audience."""
        return pd.DataFrame(list(_audiences(part)), columns=list(_KEPT))

    columns = ("model_version", "category", "probability", "bought", "pair_days_ever")
    known = rows.select(*columns).fillna(0, ["bought", "pair_days_ever"])
    return known.groupBy("model_version", "category").applyInPandas(group, _SCHEMA)


def _audiences(part: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    repeat = part["pair_days_ever"] > 0
    version, category = part["model_version"].iloc[0], part["category"].iloc[0]
    for audience, rows in ((ALL, part), (REPEAT, part[repeat]), (EXPLORE, part[~repeat])):
        if len(rows):
            found = measures(rows["bought"], rows["probability"])
            head = (version, category, audience, len(rows), int(rows["bought"].sum()))
            yield (*head, *(found[name] for name in _MEASURES), rows["probability"].mean(), rows["bought"].mean())


def _means(judged: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The mean over the categories of each version and audience, under the category ''; counts are summed."""
    if not (frame := pd.DataFrame(judged, columns=list(_KEPT))).size:
        return []
    means = []
    for (version, audience), rows in frame.groupby(["model_version", "audience"]):
        counts = {name: int(rows[name].sum()) for name in ("customers", "buyers")}
        measured = {name: rows[name].mean() for name in (*_MEASURES, "mean_predicted", "mean_observed")}
        means.append({"model_version": version, "category": "", "audience": audience, **counts, **measured})
    return means


def _row(scored_on: date, one: dict[str, Any]) -> tuple[object, ...]:
    """In the declared order; what has no meaning is null."""
    values = {"as_of": scored_on, **one}
    known = {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()}
    return tuple(known[name] for name in PROPENSITY_OUTCOMES.column_names)


def _where(scored_on: date, judged: Iterable[dict[str, Any]]) -> str:
    versions = ", ".join(sorted({f"'{one['model_version']}'" for one in judged}))
    return f"as_of = DATE'{scored_on}' AND model_version IN ({versions})"


def _summary(scored_on: date, means: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    lines = tuple(
        f"version {one['model_version']} on {scored_on}: average precision {one['average_precision']:.4f},"
        f" predicted {one['mean_predicted']:.4f}, observed {one['mean_observed']:.4f}"
        for one in means
        if one["audience"] == ALL
    )
    return lines or (f"nothing was scored as of {scored_on}: nothing to judge",)
