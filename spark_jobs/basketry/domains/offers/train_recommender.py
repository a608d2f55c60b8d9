"""Learns recommendations from purchases, judges them on the newest days, and registers them as challenger."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pyspark.sql import functions as F
from threadpoolctl import threadpool_limits

from basketry import registry
from basketry.domains.offers import recommender
from basketry.domains.offers.recommender import Purchases, Recommender
from basketry.domains.offers.settings import load_settings
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning import tracking, versions
from basketry.retail.coverage import check_delivered
from basketry.tables import ORDER_LINES

MODEL = "recommendations"
HISTORY_DAYS, _TESTED_DAYS = 365, 28
_FEWEST = 20
"""Shoppers below whom nothing can be judged."""


@dataclass(frozen=True)
class Version:
    """A registered version."""

    number: str
    recommender: Recommender


def load(name: str, number: str) -> Version:
    """A version by its number; ModelGoneError when it cannot be had, RegistryDownError when nobody answers."""
    return Version(number, tracking.load_state(name, number, recommender.restored))


KIND: versions.Kind[Version] = versions.Kind(MODEL, load, "train_recommendations")


def purchases(lake: Lakehouse, first: date, last: date) -> Purchases:
    """Of known shoppers from the first day to the last, both included."""
    lines = lake.read(ORDER_LINES).where("line_kind = 'sale' AND status <> 'cancelled'")
    lines = lines.where("product_id IS NOT NULL AND customer_id IS NOT NULL")
    days = lines.where(F.col("order_date").between(F.lit(first), F.lit(last)))
    rows = days.groupBy("customer_id", "product_id").agg(F.countDistinct("order_id").alias("orders")).toArrow()
    return Purchases.of(*(rows[name].to_pylist() for name in ("customer_id", "product_id", "orders")))


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Learn as of --as-of and register the challenger; with --dry-run leave nothing behind."""
    seed = load_settings(lake.settings.include).seed
    name = registry.registered_name(lake.catalog, MODEL)
    number = registry.alias_version(name, registry.CHAMPION)
    champion = None if number is None else load(name, number).recommender
    as_of: date = arguments.as_of
    check_delivered(lake, as_of)
    border = as_of - timedelta(days=_TESTED_DAYS)
    older = purchases(lake, as_of - timedelta(days=HISTORY_DAYS), border)
    newest = purchases(lake, border + timedelta(days=1), as_of)
    measured = judged(older, newest, champion, seed)
    learned = recommender.fit(purchases(lake, as_of - timedelta(days=HISTORY_DAYS), as_of), seed)
    version = None
    if not arguments.dry_run:
        tags = {"basketry.as_of": as_of.isoformat(), "basketry.champion_version": number or ""}
        record = tracking.Record({"seed": seed, "products": len(learned.products)}, measured, tags)
        version = tracking.register(lake, MODEL, record, lambda: _log_model(learned))
    lines = tuple(f"{metric}: {value:.4f}" for metric, value in sorted(measured.items()) if "versus" not in metric)
    return JobReport(
        len(older.shoppers),
        0,
        lines,
        as_of=as_of,
        input_versions={ORDER_LINES.full_name: lake.version(ORDER_LINES) or 0},
        details={"champion": number or ""},
        model_version=version,
        dry_run=arguments.dry_run,
    )


def judged(older: Purchases, newest: Purchases, champion: Recommender | None, seed: int) -> dict[str, float]:
    """Learned from the older purchases, judged on the newest; BadInputError when too few shoppers bought in both.

    On one core, so that the seed decides all.
    """
    with threadpool_limits(1):  # sums that several cores share out are rounded otherwise on another machine
        return _judged(older, newest, champion, seed)


def _judged(older: Purchases, newest: Purchases, champion: Recommender | None, seed: int) -> dict[str, float]:
    both = sorted(set(older.shoppers) & set(newest.shoppers))
    if len(both) < _FEWEST:
        raise BadInputError(
            f"{len(both)} shoppers bought in the last {_TESTED_DAYS} days and before, and {_FEWEST} are needed: load more"
            " order lines or wait."
        )
    learned = recommender.fit(older, seed)
    products = learned.products
    place, later_place = ({name: at for at, name in enumerate(one.shoppers)} for one in (older, newest))
    rows, later_rows = [place[name] for name in both], [later_place[name] for name in both]
    later = newest.over(products)[later_rows]

    def hits(top: Any) -> dict[str, Any]:
        """How well recommendations foresee the newest days."""
        return recommender.hits(top, later)

    rivals = {
        "naive/popular": hits(recommender.popular(older, products)[rows]),
        "naive/bought_before": hits(recommender.bought_before(older, products)[rows]),
    }
    if champion is not None:
        its = champion.top(older.over(champion.products)[rows])
        rivals["champion"] = recommender.hits(its, newest.over(champion.products)[later_rows])
    found = recommender.metrics(hits(learned.top(older.over(products)[rows])), rivals, seed=seed)
    return found | {"tested_shoppers": float(len(both))}


def _log_model(learned: Recommender) -> str:
    from basketry.domains.offers.serving import ServedRecommender

    columns = {"customer_id": "string", "product_id": "string", "orders": "long"}
    return tracking.log_state(MODEL, ServedRecommender(learned.state()), columns, ("numpy", "pandas", "scipy"))
