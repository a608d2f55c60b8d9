"""Fits a challenger to the customers as of a day, sets it beside the champion, judges expectations, and registers it."""

from __future__ import annotations

import argparse
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
from basketry.features.read import first_sale
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning.evaluation import Interval
from basketry.retail.coverage import check_delivered
from basketry.retail.sampling import sampled
from basketry.tables import ORDER_LINES


@dataclass(frozen=True)
class Base:
    """What is learned from: customers' values as of the day, what was left out on the way, and the share sampled."""

    values: pd.DataFrame
    counts: Mapping[str, int]
    share: float


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Fit as of --as-of and register the challenger; with --dry-run fit and report, but leave nothing behind."""
    settings = load_settings(lake.settings.include)
    champion, problem = _champion(lake)  # first: the registry may be down
    first = first_sale(lake)
    check_delivered(lake, arguments.as_of)
    versions = {ORDER_LINES.full_name: lake.version(ORDER_LINES) or 0}
    days = core.customer_days(lake.read(ORDER_LINES, versions[ORDER_LINES.full_name]), arguments.as_of).persist()
    try:
        base = base_of(days, arguments.as_of, settings)
        trained = model.train(base.values, settings, champion)
        expectations, judged = _expectations(days, base, arguments.as_of, first, settings)
    finally:
        days.unpersist()
    version = tracking.Version(
        "", arguments.as_of, settings.window_days, trained.scoring, expectations, trained.pipeline
    )
    record = _record(lake, arguments, settings, Fit(base, trained, version, judged, champion, problem, versions))
    number = None if arguments.dry_run else tracking.register(lake, record)
    return JobReport(
        sum(base.counts.values()),
        0,
        _summary(base, trained, version, problem, number),
        as_of=arguments.as_of,
        input_versions=versions,
        details={"counts": dict(base.counts), "clusters": trained.clusters.k},
        model_version=number,
        dry_run=arguments.dry_run,
    )


def _champion(lake: Lakehouse) -> tuple[tracking.Version | None, str]:
    """The model that assigns now, and why it cannot be compared with, if so."""
    number = registry.alias_version(tracking.registered(lake), registry.CHAMPION)
    if number is None:
        return None, ""
    try:
        return tracking.load(tracking.registered(lake), number), ""
    except registry.ModelGoneError as error:
        return None, error.message


def base_of(days: DataFrame, as_of: date, settings: RfmSettings) -> Base:
    """The customers to learn from. days: from `core.customer_days`; BadInputError when nobody spent anything."""
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
    share = min(1.0, settings.customers / customers)
    frame = _frame(sampled(values, share))
    return Base(frame, {**row.asDict(), "customers": customers}, share)


def _expectations(
    days: DataFrame, base: Base, as_of: date, first: date, settings: RfmSettings
) -> tuple[holdout.Expectations, holdout.Judgement | None]:
    """Both models fitted to everything, showing what they foretold better than the naive rate in the holdout."""
    found = holdout.fitted(base.values, holdout.DAYS_AHEAD)
    before = as_of - timedelta(days=holdout.DAYS_AHEAD)
    if (before - first).days < holdout.DAYS_AHEAD:
        return found, None  # nothing to learn from before the holdout
    judged = judge(days, before, base.share, settings)
    return replace(found, shown=() if judged is None else judged.better), judged


def judge(days: DataFrame, before: date, share: float, settings: RfmSettings) -> holdout.Judgement | None:
    """Expectations as of the day before the holdout against what came true in it; None when nobody can be judged."""
    positive = days.where("spend > 0")
    history = core.customer_values(positive.where(F.col("order_date") <= F.lit(before)), before, settings.window_days)
    after = core.bought_after(positive, before, before + timedelta(days=holdout.DAYS_AHEAD))
    joined = sampled(history, share).join(after, "customer_id", "left").fillna(0, ["dates", "spend"])
    frame = _frame(joined, "dates", "spend")
    if frame.empty:
        return None
    actual = {holdout.PURCHASES: frame["dates"].to_numpy(), holdout.SPEND: frame["spend"].to_numpy()}
    return holdout.judge(frame, actual, holdout.DAYS_AHEAD, resamples=settings.bootstrap, seed=settings.seed)


def _frame(values: DataFrame, *more: str) -> pd.DataFrame:
    """Customers' values as doubles, in a fixed order."""
    columns = values.select("customer_id", *core.doubles(), *(F.col(name).cast("double") for name in more))
    frame: pd.DataFrame = columns.toArrow().to_pandas().sort_values("customer_id", ignore_index=True)
    return frame.rename(columns=lambda name: name.removeprefix("x_"))


@dataclass(frozen=True)
class Fit:
    """A fit that is done, before anything of it is stored."""

    base: Base
    trained: model.Trained
    version: tracking.Version
    judged: holdout.Judgement | None
    champion: tracking.Version | None
    problem: str
    versions: Mapping[str, int]


def _record(lake: Lakehouse, arguments: argparse.Namespace, settings: RfmSettings, fit: Fit) -> tracking.Record:
    trained, values = fit.trained, fit.base.values
    curves = model.curves(trained.choice)
    names = settings.grid.segments(trained.scoring.scores(values))
    sizes = {name: int((names == name).sum()) for name in settings.grid.names}
    metrics = {**trained.metrics, **(fit.judged.metrics if fit.judged else {}), **_curve_metrics(curves)}
    sample = values.sample(min(settings.pictures, len(values)), random_state=settings.seed)
    shown = trained.scoring.capped(sample)
    return tracking.Record(
        version=fit.version,
        example=values,
        params=_params(settings, fit),
        metrics={name: value for name, value in metrics.items() if np.isfinite(value)},
        tags=_tags(lake, arguments, fit),
        documents={"evaluation.json": {"curves": curves, "reason": trained.choice.reason, "sizes": sizes}},
        texts={"centroids.csv": centroids(values, trained.assigned, names).to_csv(index=False)},
        figures=plots.figures(shown, trained.assigned[sample.index], curves, trained.clusters.k, sizes, settings.seed),
    )


def centroids(values: pd.DataFrame, clusters: Any, names: Any) -> pd.DataFrame:
    """Mean of each cluster's members in real units, how many they are, and the named segment that most of them have."""
    grouped = values.assign(cluster=clusters, segment=names).groupby("cluster")
    found = grouped[list(VALUES)].mean().round(2)
    found["customers"] = grouped.size()
    found["mostly"] = grouped["segment"].agg(lambda column: column.value_counts().sort_index().idxmax())
    return found.reset_index()


def _curve_metrics(curves: Mapping[str, Any]) -> dict[str, float]:
    return {
        f"clusters_{int(k)}/{name}": curves[name][place]
        for place, k in enumerate(curves["k"])
        for name in ("stability", "silhouette")
    }


def _params(settings: RfmSettings, fit: Fit) -> dict[str, object]:
    scoring = fit.trained.scoring
    return {
        **{f"settings.{name}": value for name, value in vars(settings).items() if name != "grid"},
        **{f"edges.{name}": " ".join(f"{edge:g}" for edge in edges) for name, edges in scoring.edges.items()},
        **{f"cap.{name}": value for name, value in scoring.caps.items()},
        **{f"counts.{name}": value for name, value in fit.base.counts.items()},
        **{f"version.{name}": value for name, value in fit.versions.items()},
        "clusters.kept_from_champion": fit.trained.kept_k,
        "expectations.shown": " ".join(fit.version.expectations.shown) or "none",
    }


def _tags(lake: Lakehouse, arguments: argparse.Namespace, fit: Fit) -> dict[str, str]:
    tags = {
        "basketry.catalog": lake.catalog,
        "basketry.model": tracking.MODEL,
        "basketry.as_of": str(arguments.as_of),
        "basketry.run_id": str(arguments.run_id),
        "basketry.champion_version": fit.champion.number if fit.champion else "",
    }
    return tags | ({"basketry.champion_problem": fit.problem} if fit.problem else {})


def _summary(
    base: Base, trained: model.Trained, version: tracking.Version, problem: str, number: str | None
) -> tuple[str, ...]:
    caps, values = trained.scoring.caps, base.values
    beyond = {name: int((values[name] > cap).sum()) for name, cap in caps.items()}
    lines = [
        f"{base.counts['customers']:,} customers; {base.counts['days_dropped']:,} of {base.counts['days']:,} days dropped:"
        " no positive spend",
        f"beyond the cap: {beyond[FREQUENCY]:,} by frequency ({caps[FREQUENCY]:g}), {beyond[MONETARY]:,} by spend"
        f" ({caps[MONETARY]:g})",
        trained.choice.reason,
        f"{trained.clusters.k} clusters, silhouette {_ends(trained.silhouette)}, stability {_ends(trained.stability)}"
        + (", as many as before" * trained.kept_k),
        _told(trained, problem),
        f"expectations shown: {', '.join(version.expectations.shown) or 'none, the naive rate is as good'}",
    ]
    return (*lines, f"version {number} is the challenger" if number else "nothing is registered")


def _ends(measured: Interval) -> str:
    return f"{measured.mean:.3f} ({measured.low:.3f} to {measured.high:.3f})"


def _told(trained: model.Trained, problem: str) -> str:
    if trained.comparison is None:
        return f"not compared: {problem}" if problem else "there is no champion to compare with"
    one = trained.comparison
    return (
        f"against version {one.champion} on the same customers: adjusted Rand index"
        f" {one.stability.adjusted_rand_index:.3f}, {one.stability.changed_share:.1%} changed cluster without doing anything"
    )
