"""Learns a policy from the decisions that were logged and registers it; its gate decides whether it goes live."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from basketry.domains.offers import policy_learning, tracking
from basketry.domains.offers.inputs import read_assortment
from basketry.domains.offers.ope import incremental_reward
from basketry.domains.offers.policy_learning import LearnedPolicy, TrainedPolicy
from basketry.domains.offers.settings import OfferSettings, load_settings
from basketry.errors import BadInputError
from basketry.jobs import DatedArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning.tracking import TrainingRecord
from basketry.learning.versions import champion_to_compare
from basketry.tables import OFFER_POPULAR, OFFER_TRAINING

_DAYS = 60
_FEWEST = 200
"""Decisions below which nothing can be learned; its gate wants many more."""


def run(lake: Lakehouse, arguments: DatedArguments) -> JobReport:
    """Learn as of --as-of and register the challenger; with --dry-run leave nothing behind."""
    settings = load_settings(lake.settings.include)
    comparison = champion_to_compare(lake, tracking.LOADER)
    champion, champion_tags = comparison
    trained = _train(lake, arguments, settings, champion.learned if champion else None)
    version = None
    if not arguments.dry_run:
        tags = {"basketry.as_of": arguments.as_of.isoformat(), **champion_tags}
        record = TrainingRecord(
            params=settings.leaves() | {"offers": len(settings.offers)}, metrics=trained.metrics, tags=tags
        )
        version = tracking.register_policy(lake, trained.learned, record)
    versions = {table.full_name: lake.version(table) for table in (OFFER_TRAINING, OFFER_POPULAR)}
    return JobReport(
        rows_in=int(trained.metrics["decisions"]),
        rows_out=0,
        summary=_summary(trained),
        as_of=arguments.as_of,
        input_versions={table: number for table, number in versions.items() if number is not None},
        details={"champion": champion.number if champion else ""},
        model_version=version,
        dry_run=arguments.dry_run,
    )


def _train(
    lake: Lakehouse, arguments: DatedArguments, settings: OfferSettings, champion: LearnedPolicy | None
) -> TrainedPolicy:
    shop = read_assortment(lake)
    ranks = {row.product_id: -float(row["rank"]) for row in lake.read(OFFER_POPULAR).where("context = ''").collect()}
    since = F.lit(arguments.as_of - timedelta(days=_DAYS))
    rows = lake.read(OFFER_TRAINING).where(
        (F.col("event_date") <= F.lit(arguments.as_of)) & (F.col("event_date") > since)
    )
    lowest = min(ranks.values(), default=0.0) - 1
    logged = rows.toArrow()
    popularity = {name: rank - lowest for name, rank in ranks.items()}
    examples = policy_learning.training_examples(logged, shop.categories, popularity)
    if len(examples) < _FEWEST:
        raise BadInputError(
            f"{len(examples)} decisions of the {_DAYS} days up to {arguments.as_of} had a choice and {_FEWEST} are needed:"
            " wait until the DAG offers has made more."
        )
    trained = policy_learning.train_policy(examples, shop.categories, settings, champion)
    metrics = {**trained.metrics, **_incremental_clicks(logged, settings), "decisions": float(len(examples))}
    return TrainedPolicy(trained.learned, metrics, trained.tested)


def _incremental_clicks(logged: pa.Table, settings: OfferSettings) -> dict[str, float]:
    """Estimate the clicks per decision beyond those of the control group, which is shown what is popular."""
    is_control = pc.equal(logged["audience"], "control").to_numpy(zero_copy_only=False)
    if is_control.all() or not is_control.any():
        return {}
    clicked, customers = logged["clicked"].to_numpy(), logged["customer_id"].to_pylist()
    lift = incremental_reward(clicked, is_control, customers, seed=settings.seed)
    return {"incremental_clicks": lift.mean, "incremental_clicks/low": lift.low, "incremental_clicks/high": lift.high}


def _summary(trained: TrainedPolicy) -> tuple[str, ...]:
    metrics = trained.metrics
    return (
        f"{metrics['decisions']:,.0f} decisions, the newest {trained.tested:,} to test on"
        f" (worth {metrics['effective_sample_size']:,.0f}); they earned {metrics['logged_reward']:.4f} clicks each",
        *(
            f"{name}: {metrics[name]:.4f} ({metrics[f'{name}/low']:.4f} to {metrics[f'{name}/high']:.4f}),"
            f" popular {metrics[f'naive/popular/{name}']:.4f}"
            for name in ("reward_snips", "reward_dr")
        ),
        *_control_line(metrics),
    )


def _control_line(metrics: Mapping[str, float]) -> tuple[str, ...]:
    if "incremental_clicks" not in metrics:
        return ()
    mean, low, high = (metrics[f"incremental_clicks{end}"] for end in ("", "/low", "/high"))
    return (f"clicks a decision beyond the control group's: {mean:+.4f} ({low:+.4f} to {high:+.4f})",)
