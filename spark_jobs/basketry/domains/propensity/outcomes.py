"""Compares the scores of 30 days ago with what was bought since, so that a champion that decays is seen."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.propensity.dates import HORIZON
from basketry.domains.propensity.inputs import KEYS
from basketry.features.read import pair_inputs, purchase_labels
from basketry.jobs import DatedArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.sql import as_of_predicate
from basketry.learning.evaluation import probability_metrics
from basketry.tables import ORDER_LINES, PRODUCTS, PROPENSITY_OUTCOMES, PROPENSITY_SCORES

ALL, REPEAT, EXPLORE = "all", "repeat", "explore"
_NULLABLE = ("average_precision", "roc_auc", "lift_top_decile")
_MEASURES = (*_NULLABLE, "log_loss", "expected_calibration_error")
_COLUMNS = (
    "model_version",
    "category",
    "audience",
    "customers",
    "buyers",
    *_MEASURES,
    "mean_predicted",
    "mean_observed",
)
_SCHEMA = ", ".join(
    f"{name} {'string' if name in _COLUMNS[:3] else 'bigint' if name in _COLUMNS[3:5] else 'double'}"
    for name in _COLUMNS
)


def run(lake: Lakehouse, arguments: DatedArguments) -> JobReport:
    """Evaluate the scores of 30 days before --as-of; without any there is nothing to evaluate."""
    scored_on = arguments.as_of - timedelta(days=HORIZON)
    inputs = lake.versions(ORDER_LINES, PRODUCTS)  # first: what comes meanwhile came late
    outcomes = _outcomes(lake, scored_on)
    means = _means(outcomes)
    rows = [_row(scored_on, outcome) for outcome in (*outcomes, *means)]
    if rows and not arguments.dry_run:
        lake.record(PROPENSITY_OUTCOMES, rows, _where(scored_on, outcomes))
    customers = sum(outcome["customers"] for outcome in outcomes if outcome["audience"] == ALL)
    return JobReport(
        rows_in=customers,
        rows_out=len(rows),
        summary=_summary(scored_on, means),
        as_of=arguments.as_of,
        input_versions=inputs,
        dry_run=arguments.dry_run,
    )


def _outcomes(lake: Lakehouse, scored_on: date) -> list[dict[str, Any]]:
    """Return one row per version, category and audience; empty when nothing was scored that day."""
    if not lake.exists(PROPENSITY_SCORES):
        return []
    scores = lake.read(PROPENSITY_SCORES).where(F.col("as_of") == F.lit(scored_on))
    categories = sorted(row.category for row in scores.select("category").distinct().collect())
    if not categories:
        return []
    bought = purchase_labels(lake, [scored_on], categories, days=HORIZON).withColumn("bought", F.lit(1))
    before = pair_inputs(lake, [scored_on], categories, ["pair_days_ever"])
    together = scores.join(bought, list(KEYS), "left").join(before, list(KEYS), "left")
    return [row.asDict() for row in evaluate_scores(together).collect()]


def evaluate_scores(rows: DataFrame) -> DataFrame:
    """Return the metrics of each version and category by audience: all, repeat, explore; an empty audience has none.

    Args:
        rows: model_version, category, probability, bought (1 or null) and pair_days_ever (null: never).
    """

    def evaluate_group(part: pd.DataFrame) -> pd.DataFrame:
        """Return what came true for one model version and category, by audience."""
        return pd.DataFrame(list(_audiences(part)), columns=list(_COLUMNS))

    columns = ("model_version", "category", "probability", "bought", "pair_days_ever")
    filled = rows.select(*columns).fillna(0, ["bought", "pair_days_ever"])
    return filled.groupBy("model_version", "category").applyInPandas(evaluate_group, _SCHEMA)


def _audiences(part: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    repeat = part["pair_days_ever"] > 0
    version, category = part["model_version"].iloc[0], part["category"].iloc[0]
    for audience, rows in ((ALL, part), (REPEAT, part[repeat]), (EXPLORE, part[~repeat])):
        if len(rows):
            metrics = probability_metrics(rows["bought"], rows["probability"])
            head = (version, category, audience, len(rows), int(rows["bought"].sum()))
            yield (*head, *(metrics[name] for name in _MEASURES), rows["probability"].mean(), rows["bought"].mean())


def _means(outcomes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the mean over the categories of each version and audience, under the category ''; counts are summed."""
    frame = pd.DataFrame(outcomes, columns=list(_COLUMNS))
    if not frame.size:
        return []
    means = []
    for (version, audience), rows in frame.groupby(["model_version", "audience"]):
        counts = {name: int(rows[name].sum()) for name in ("customers", "buyers")}
        averages = {name: rows[name].mean() for name in (*_MEASURES, "mean_predicted", "mean_observed")}
        means.append({"model_version": version, "category": "", "audience": audience, **counts, **averages})
    return means


def _row(scored_on: date, outcome: dict[str, Any]) -> tuple[object, ...]:
    """Return an outcome in the order of its table; what has no meaning is null."""
    values = {"as_of": scored_on, **outcome}
    nullable = {
        name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()
    }
    return tuple(nullable[name] for name in PROPENSITY_OUTCOMES.column_names)


def _where(scored_on: date, outcomes: Iterable[dict[str, Any]]) -> str:
    versions = ", ".join(sorted({f"'{outcome['model_version']}'" for outcome in outcomes}))
    return f"{as_of_predicate(scored_on)} AND model_version IN ({versions})"


def _summary(scored_on: date, means: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    lines = tuple(
        f"version {mean['model_version']} on {scored_on}: average precision {mean['average_precision']:.4f},"
        f" predicted {mean['mean_predicted']:.4f}, observed {mean['mean_observed']:.4f}"
        for mean in means
        if mean["audience"] == ALL
    )
    return lines or (f"nothing was scored as of {scored_on}: nothing to judge",)
