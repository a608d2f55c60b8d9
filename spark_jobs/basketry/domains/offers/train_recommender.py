"""Learns recommendations from purchases, evaluates them on the newest days, and registers them as challenger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pyspark.sql import functions as F
from threadpoolctl import threadpool_limits

from basketry.domains.offers import recommender
from basketry.domains.offers.recommender import PurchaseMatrix, Recommender
from basketry.domains.offers.settings import load_settings
from basketry.errors import BadInputError
from basketry.jobs import DatedArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.learning import tracking, versions
from basketry.registry.models import RECOMMENDATIONS_MODEL
from basketry.retail.coverage import check_delivered
from basketry.tables import ORDER_LINES

HISTORY_DAYS, _TESTED_DAYS = 365, 28
_FEWEST = 20
"""Shoppers below whose number nothing can be evaluated."""


@dataclass(frozen=True)
class RecommenderVersion:
    """A registered version of the recommender.

    Attributes:
        number: Its number in the registry.
        recommender: The model.
    """

    number: str
    recommender: Recommender


LOADER: versions.ModelLoader[RecommenderVersion] = versions.ModelLoader(
    RECOMMENDATIONS_MODEL, lambda number, state: RecommenderVersion(number, recommender.recommender_from_state(state))
)


def read_purchases(lake: Lakehouse, first: date, last: date) -> PurchaseMatrix:
    """Read the purchases of identified shoppers from the first day to the last, both included."""
    sales = lake.read(ORDER_LINES).where("line_kind = 'sale' AND status <> 'cancelled'")
    sales = sales.where("product_id IS NOT NULL AND customer_id IS NOT NULL")
    days = sales.where(F.col("order_date").between(F.lit(first), F.lit(last)))
    rows = days.groupBy("customer_id", "product_id").agg(F.countDistinct("order_id").alias("orders")).toArrow()
    return PurchaseMatrix.from_rows(*(rows[name].to_pylist() for name in ("customer_id", "product_id", "orders")))


def run(lake: Lakehouse, arguments: DatedArguments) -> JobReport:
    """Learn as of --as-of and register the challenger; with --dry-run leave nothing behind."""
    seed = load_settings(lake.settings.include).seed
    comparison = versions.champion_to_compare(lake, LOADER)
    champion, champion_tags = comparison
    as_of: date = arguments.as_of
    check_delivered(lake, as_of)
    border = as_of - timedelta(days=_TESTED_DAYS)
    older = read_purchases(lake, as_of - timedelta(days=HISTORY_DAYS), border)
    newest = read_purchases(lake, border + timedelta(days=1), as_of)
    metrics = evaluate_recommender(older, newest, champion.recommender if champion else None, seed)
    learned = recommender.fit_recommender(read_purchases(lake, as_of - timedelta(days=HISTORY_DAYS), as_of), seed)
    version = None
    if not arguments.dry_run:
        tags = {"basketry.as_of": as_of.isoformat(), **champion_tags}
        record = tracking.TrainingRecord(
            params={"seed": seed, "products": len(learned.products)}, metrics=metrics, tags=tags
        )
        version = tracking.register_challenger(lake, RECOMMENDATIONS_MODEL, record, lambda: _log_model(learned))
    lines = tuple(f"{metric}: {value:.4f}" for metric, value in sorted(metrics.items()) if "versus" not in metric)
    return JobReport(
        rows_in=len(older.shoppers),
        rows_out=0,
        summary=lines,
        as_of=as_of,
        input_versions={ORDER_LINES.full_name: lake.version(ORDER_LINES) or 0},
        details={"champion": champion.number if champion else ""},
        model_version=version,
        dry_run=arguments.dry_run,
    )


def evaluate_recommender(
    older: PurchaseMatrix, newest: PurchaseMatrix, champion: Recommender | None, seed: int
) -> dict[str, float]:
    """Learn from the older purchases and evaluate on the newest, on one core, so that the seed decides all.

    Args:
        older: Purchases to learn from.
        newest: Purchases to evaluate on.
        champion: What is compared, beside what is popular and what was bought before.
        seed: Seed of the learning and of the intervals.

    Raises:
        BadInputError: Too few shoppers bought in both.
    """
    with threadpool_limits(1):  # sums that several cores share out are rounded otherwise on another machine
        return _evaluate(older, newest, champion, seed)


def _evaluate(
    older: PurchaseMatrix, newest: PurchaseMatrix, champion: Recommender | None, seed: int
) -> dict[str, float]:
    both = sorted(set(older.shoppers) & set(newest.shoppers))
    if len(both) < _FEWEST:
        raise BadInputError(
            f"{len(both)} shoppers bought in the last {_TESTED_DAYS} days and before, and {_FEWEST} are needed: load more"
            " order lines or wait."
        )
    learned = recommender.fit_recommender(older, seed)
    products = learned.products
    rows, later_rows = _rows_of(older, both), _rows_of(newest, both)
    later = newest.counts_of(products)[later_rows]
    ours = recommender.recall_and_ndcg(learned.top(older.counts_of(products)[rows]), later)
    rivals = {
        "naive/popular": recommender.recall_and_ndcg(recommender.most_popular(older, products)[rows], later),
        "naive/bought_before": recommender.recall_and_ndcg(recommender.bought_before(older, products)[rows], later),
    }
    if champion is not None:
        top = champion.top(older.counts_of(champion.products)[rows])
        rivals["champion"] = recommender.recall_and_ndcg(top, newest.counts_of(champion.products)[later_rows])
    return recommender.recommendation_metrics(ours, rivals, seed=seed) | {"tested_shoppers": float(len(both))}


def _rows_of(purchases: PurchaseMatrix, shoppers: Sequence[str]) -> list[int]:
    row = {name: number for number, name in enumerate(purchases.shoppers)}
    return [row[name] for name in shoppers]


def _log_model(learned: Recommender) -> str:
    columns = {"customer_id": "string", "product_id": "string", "orders": "long"}
    return tracking.log_state(RECOMMENDATIONS_MODEL, learned.state(), columns, ("numpy", "pandas", "scipy"))
