"""Fits a challenger to the customers as of a day, compares it with the champion, tests expectations, and registers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry import registry
from basketry.domains.rfm import core, holdout, model, plots, tracking
from basketry.domains.rfm.settings import RfmSettings, load_settings
from basketry.domains.rfm.values import FREQUENCY, MONETARY, VALUES
from basketry.errors import BadInputError
from basketry.features.read import first_sale_date
from basketry.jobs import DatedArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning.evaluation import Interval
from basketry.learning.versions import champion_version
from basketry.registry.models import RFM_MODEL
from basketry.retail.coverage import check_delivered
from basketry.retail.sampling import sample_customers
from basketry.tables import ORDER_LINES


@dataclass(frozen=True)
class TrainingSet:
    """What is learned from.

    Attributes:
        values: Customers' values as of the day.
        counts: What was counted on the way, and how much of it was left out.
        share: The share of customers that were sampled.
    """

    values: pd.DataFrame
    counts: Mapping[str, int]
    share: float


@dataclass(frozen=True, kw_only=True)
class RfmFit:
    """A fit that is done, before anything of it is stored.

    Attributes:
        training: What was learned from.
        trained: The fitted model.
        version: The version to be stored.
        holdout_result: How the expectations did in the holdout; None where they could not be tested.
        champion: The model that assigns now, if it can be compared with.
        champion_problem: Why it cannot, if so.
        input_versions: The versions of the inputs.
    """

    training: TrainingSet
    trained: model.TrainedRfmModel
    version: tracking.RfmVersion
    holdout_result: holdout.HoldoutResult | None
    champion: tracking.RfmVersion | None
    champion_problem: str
    input_versions: Mapping[str, int]


def run(lake: Lakehouse, arguments: DatedArguments) -> JobReport:
    """Fit as of --as-of and register the challenger; with --dry-run fit and report, but leave nothing behind."""
    settings = load_settings(lake.settings.include)
    fit = _fit(lake, arguments.as_of, settings)
    record = _record(lake, arguments, settings, fit)
    number = None if arguments.dry_run else tracking.register_rfm_version(lake, record)
    return JobReport(
        rows_in=sum(fit.training.counts.values()),
        rows_out=0,
        summary=_summary(fit, number),
        as_of=arguments.as_of,
        input_versions=fit.input_versions,
        details={"counts": dict(fit.training.counts), "clusters": fit.trained.clusters.k},
        model_version=number,
        dry_run=arguments.dry_run,
    )


def _fit(lake: Lakehouse, as_of: date, settings: RfmSettings) -> RfmFit:
    champion, champion_problem = _champion(lake)  # first: the registry may be down
    first_day = first_sale_date(lake)
    check_delivered(lake, as_of)
    versions = {ORDER_LINES.full_name: lake.version(ORDER_LINES) or 0}
    customer_days = core.customer_days(lake.read(ORDER_LINES, versions[ORDER_LINES.full_name]), as_of)
    with lake.cached(customer_days) as days:
        training = training_set(days, as_of, settings)
        trained = model.train_rfm_model(training.values, settings, champion)
        expectations, result = _expectations(days, training, as_of, first_day=first_day, settings=settings)
    version = tracking.RfmVersion(
        number="",
        trained_as_of=as_of,
        window_days=settings.window_days,
        scoring=trained.scoring,
        expectations=expectations,
        pipeline=trained.pipeline,
    )
    return RfmFit(
        training=training,
        trained=trained,
        version=version,
        holdout_result=result,
        champion=champion,
        champion_problem=champion_problem,
        input_versions=versions,
    )


def _champion(lake: Lakehouse) -> tuple[tracking.RfmVersion | None, str]:
    """Return the model that assigns now, and why it cannot be compared with, if so."""
    number = champion_version(lake, RFM_MODEL)
    if number is None:
        return None, ""
    try:
        return tracking.LOADER.load(lake, number), ""
    except registry.ModelGoneError as error:
        return None, error.message


def training_set(days: DataFrame, as_of: date, settings: RfmSettings) -> TrainingSet:
    """Return the customers to learn from, out of `core.customer_days`.

    Raises:
        BadInputError: Nobody spent anything.
    """
    positive = days.where("spend > 0")
    row = days.agg(
        F.count(F.lit(1)).alias("days"),
        F.count_if(F.col("spend") <= 0).alias("days_dropped"),
        F.count_distinct("customer_id").alias("customers_ever"),
    ).collect()[0]
    values = core.customer_values(positive, as_of, settings.window_days)
    customers = values.count()
    if not customers:
        raise BadInputError(
            f"no customer has a purchase date with positive spend in the {settings.window_days} days up to {as_of}:"
            " load order lines of these days, or look at what was returned."
        )
    share = min(1.0, settings.clusters.customers / customers)
    frame = _frame(sample_customers(values, share))
    return TrainingSet(frame, {**row.asDict(), "customers": customers}, share)


def _expectations(
    days: DataFrame, training: TrainingSet, as_of: date, *, first_day: date, settings: RfmSettings
) -> tuple[holdout.Expectations, holdout.HoldoutResult | None]:
    """Fit both models to everything; they may show what they foretold better than the naive rate in the holdout."""
    expectations = holdout.fit_expectations(training.values, holdout.DAYS_AHEAD)
    before = as_of - timedelta(days=holdout.DAYS_AHEAD)
    if (before - first_day).days < holdout.DAYS_AHEAD:
        return expectations, None  # nothing to learn from before the holdout
    result = holdout_result(days, before, training.share, settings)
    return replace(expectations, shown=() if result is None else result.better), result


def holdout_result(days: DataFrame, before: date, share: float, settings: RfmSettings) -> holdout.HoldoutResult | None:
    """Compare expectations as of the day before the holdout with what came true in it; None when there is nobody."""
    positive = days.where("spend > 0")
    history = core.customer_values(positive.where(F.col("order_date") <= F.lit(before)), before, settings.window_days)
    after = core.bought_after(positive, before, before + timedelta(days=holdout.DAYS_AHEAD))
    joined = sample_customers(history, share).join(after, "customer_id", "left").fillna(0, ["dates", "spend"])
    frame = _frame(joined, "dates", "spend")
    if frame.empty:
        return None
    actual = {holdout.PURCHASES: frame["dates"].to_numpy(), holdout.SPEND: frame["spend"].to_numpy()}
    return holdout.evaluate_holdout(frame, actual, holdout.DAYS_AHEAD, resamples=settings.bootstrap, seed=settings.seed)


def _frame(values: DataFrame, *more: str) -> pd.DataFrame:
    """Return customers' values as doubles, in a fixed order."""
    columns = values.select("customer_id", *core.input_doubles(), *(F.col(name).cast("double") for name in more))
    frame: pd.DataFrame = columns.toArrow().to_pandas().sort_values("customer_id", ignore_index=True)
    return frame.rename(columns=lambda name: name.removeprefix("x_"))


def _record(lake: Lakehouse, arguments: DatedArguments, settings: RfmSettings, fit: RfmFit) -> tracking.RfmRecord:
    trained, values = fit.trained, fit.training.values
    curves = model.cluster_curves(trained.choice)
    names = settings.grid.segments(trained.scoring.scores(values))
    sizes = {name: int((names == name).sum()) for name in settings.grid.names}
    holdout_metrics = fit.holdout_result.metrics if fit.holdout_result else {}
    metrics = {**trained.metrics, **holdout_metrics, **_curve_metrics(curves)}
    sample = values.sample(min(settings.pictures, len(values)), random_state=settings.seed)
    figures = plots.segment_figures(
        trained.scoring.capped(sample),
        trained.assigned[sample.index],
        curves=curves,
        chosen=trained.clusters.k,
        sizes=sizes,
        seed=settings.seed,
    )
    return tracking.RfmRecord(
        version=fit.version,
        params=_params(settings, fit),
        metrics={name: value for name, value in metrics.items() if np.isfinite(value)},
        tags=_tags(lake, arguments, fit),
        documents={"evaluation.json": {"curves": curves, "reason": trained.choice.reason, "sizes": sizes}},
        texts={"centroids.csv": centroids(values, trained.assigned, names).to_csv(index=False)},
        figures=figures,
    )


def centroids(values: pd.DataFrame, clusters: Any, names: Any) -> pd.DataFrame:
    """Return the mean of each cluster's members in real units, how many they are, and their commonest named segment."""
    grouped = values.assign(cluster=clusters, segment=names).groupby("cluster")
    means = grouped[list(VALUES)].mean().round(2)
    means["customers"] = grouped.size()
    means["mostly"] = grouped["segment"].agg(lambda column: column.value_counts().sort_index().idxmax())
    return means.reset_index()


def _curve_metrics(curves: Mapping[str, Any]) -> dict[str, float]:
    return {
        f"clusters_{int(k)}/{name}": value
        for name in ("stability", "silhouette")
        for k, value in zip(curves["k"], curves[name], strict=True)
    }


def _params(settings: RfmSettings, fit: RfmFit) -> dict[str, object]:
    scoring = fit.trained.scoring
    return {
        **{f"settings.{name}": value for name, value in settings.leaves().items() if name != "segments"},
        **{f"edges.{name}": " ".join(f"{edge:g}" for edge in edges) for name, edges in scoring.edges.items()},
        **{f"cap.{name}": value for name, value in scoring.caps.items()},
        **{f"counts.{name}": value for name, value in fit.training.counts.items()},
        **{f"version.{name}": value for name, value in fit.input_versions.items()},
        "clusters.kept_from_champion": fit.trained.keeps_k,
        "expectations.shown": " ".join(fit.version.expectations.shown) or "none",
    }


def _tags(lake: Lakehouse, arguments: DatedArguments, fit: RfmFit) -> dict[str, str]:
    tags = {
        "basketry.catalog": lake.catalog,
        "basketry.model": RFM_MODEL.name,
        "basketry.as_of": str(arguments.as_of),
        "basketry.run_id": str(arguments.run_id),
        "basketry.champion_version": fit.champion.number if fit.champion else "",
    }
    return tags | ({"basketry.champion_problem": fit.champion_problem} if fit.champion_problem else {})


def _summary(fit: RfmFit, number: str | None) -> tuple[str, ...]:
    trained, counts, values = fit.trained, fit.training.counts, fit.training.values
    caps = trained.scoring.caps
    beyond = {name: int((values[name] > cap).sum()) for name, cap in caps.items()}
    as_before = ", as many as before" if trained.keeps_k else ""
    lines = [
        f"{counts['customers']:,} customers; {counts['days_dropped']:,} of {counts['days']:,} days dropped:"
        " no positive spend",
        f"beyond the cap: {beyond[FREQUENCY]:,} by frequency ({caps[FREQUENCY]:g}), {beyond[MONETARY]:,} by spend"
        f" ({caps[MONETARY]:g})",
        trained.choice.reason,
        f"{trained.clusters.k} clusters, silhouette {_interval_text(trained.silhouette)},"
        f" stability {_interval_text(trained.stability)}{as_before}",
        _comparison_text(trained.comparison, fit.champion_problem),
        f"expectations shown: {', '.join(fit.version.expectations.shown) or 'none, the naive rate is as good'}",
    ]
    return (*lines, f"version {number} is the challenger" if number else "nothing is registered")


def _interval_text(interval: Interval) -> str:
    return f"{interval.mean:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def _comparison_text(comparison: model.RefitComparison | None, champion_problem: str) -> str:
    if comparison is None:
        return f"not compared: {champion_problem}" if champion_problem else "there is no champion to compare with"
    return (
        f"against version {comparison.champion} on the same customers: adjusted Rand index"
        f" {comparison.stability.adjusted_rand_index:.3f}, {comparison.stability.changed_share:.1%} changed cluster without"
        " doing anything"
    )
