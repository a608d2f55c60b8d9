"""Learns a policy from the decisions that were logged and registers it; its gate decides whether it goes live."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from basketry import registry
from basketry.domains.offers import learn, ope, read, tracking
from basketry.domains.offers.learn import Learned, Trained
from basketry.domains.offers.settings import OfferSettings, load_settings
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning.tracking import Record
from basketry.tables import OFFER_POPULAR, OFFER_TRAINING

_DAYS = 60
_FEWEST = 200
"""Decisions below which nothing can be learned; its gate wants many more."""


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Learn as of --as-of and register the challenger; with --dry-run leave nothing behind."""
    settings = load_settings(lake.settings.include)
    name = tracking.registered(lake)
    number = registry.alias_version(name, registry.CHAMPION)
    champion = None if number is None else tracking.load(name, number).learned
    trained = _trained(lake, arguments, settings, champion)
    version = None
    if not arguments.dry_run:
        tags = {"basketry.as_of": arguments.as_of.isoformat(), "basketry.champion_version": number or ""}
        record = Record(vars(settings) | {"offers": len(settings.offers)}, trained.metrics, tags)
        version = tracking.register(lake, trained.learned, record)
    known = {table.full_name: lake.version(table) for table in (OFFER_TRAINING, OFFER_POPULAR)}
    return JobReport(
        int(trained.metrics["decisions"]),
        0,
        _summary(trained),
        as_of=arguments.as_of,
        input_versions={table: found for table, found in known.items() if found is not None},
        details={"champion": number or ""},
        model_version=version,
        dry_run=arguments.dry_run,
    )


def _trained(
    lake: Lakehouse, arguments: argparse.Namespace, settings: OfferSettings, champion: Learned | None
) -> Trained:
    shop = read.assortment(lake)
    ranks = {row.product_id: -float(row["rank"]) for row in lake.read(OFFER_POPULAR).where("context = ''").collect()}
    since = F.lit(arguments.as_of - timedelta(days=_DAYS))
    rows = lake.read(OFFER_TRAINING).where(
        (F.col("event_date") <= F.lit(arguments.as_of)) & (F.col("event_date") > since)
    )
    lowest = min(ranks.values(), default=0.0) - 1
    logged = rows.toArrow()
    given = learn.examples(logged, shop.categories, {name: rank - lowest for name, rank in ranks.items()})
    if len(given) < _FEWEST:
        raise BadInputError(
            f"{len(given)} decisions of the {_DAYS} days up to {arguments.as_of} had a choice and {_FEWEST} are needed:"
            " wait until the DAG offers has made more."
        )
    trained = learn.train(given, shop.categories, settings, champion)
    measured = {**trained.metrics, **_effect(logged, settings), "decisions": float(len(given))}
    return Trained(trained.learned, measured, trained.tested)


def _effect(logged: pa.Table, settings: OfferSettings) -> dict[str, float]:
    """Clicks a decision that choosing has earned beyond the popular offer of the control group; nothing without one."""
    is_control = pc.equal(logged["audience"], "control").to_numpy(zero_copy_only=False)
    if is_control.all() or not is_control.any():
        return {}
    found = ope.incremental(
        logged["clicked"].to_numpy(), is_control, logged["customer_id"].to_pylist(), seed=settings.seed
    )
    return {
        "incremental_clicks": found.mean,
        "incremental_clicks/low": found.low,
        "incremental_clicks/high": found.high,
    }


def _summary(trained: Trained) -> tuple[str, ...]:
    found = trained.metrics
    return (
        f"{found['decisions']:,.0f} decisions, the newest {trained.tested:,} to test on"
        f" (worth {found['effective_sample_size']:,.0f}); they earned {found['logged_reward']:.4f} clicks each",
        *(
            f"{name}: {found[name]:.4f} ({found[f'{name}/low']:.4f} to {found[f'{name}/high']:.4f}),"
            f" popular {found[f'naive/popular/{name}']:.4f}"
            for name in ("reward_snips", "reward_dr")
        ),
        *_told(found),
    )


def _told(found: Mapping[str, float]) -> tuple[str, ...]:
    if "incremental_clicks" not in found:
        return ()
    mean, low, high = (found[f"incremental_clicks{end}"] for end in ("", "/low", "/high"))
    return (f"clicks a decision beyond the control group's: {mean:+.4f} ({low:+.4f} to {high:+.4f})",)
