"""From logged decisions to a version that decides: trained, registered, adopted by the stream; and recommendations likewise."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType

from basketry import registry
from basketry.domains.offers import recommend, recommender, train_recommender
from basketry.domains.offers.aggregates import training_rows
from basketry.domains.offers.champion import PRIOR, new_champion
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.schemas import declared_schema
from basketry.learning import tracking
from basketry.registry.models import RECOMMENDATIONS_MODEL
from basketry.tables import (
    OFFER_DECISIONS,
    OFFER_POPULAR,
    OFFER_RECOMMENDATIONS,
    OFFER_RESPONSES,
    OFFER_TRAINING,
    ORDER_LINES,
    Table,
)
from basketry.warehouse import local_delta
from tests.kit.jobs import run_job
from tests.kit.lake import frame
from tests.kit.offers import ExplorationLog, fill, opened, rows, settings, shop
from tests.kit.registry import let_in
from tests.kit.rows import order_line

pytestmark = pytest.mark.slow

AS_OF = date(2026, 1, 5)
LAST_DAY = date(2025, 12, 31)
"""The day of the orders; later days are not delivered."""


def logged(lake: Lakehouse) -> pa.Table:
    """Rows of gold.offer_training from a simulated shop that explored at random."""
    rows_of_training = ExplorationLog(
        settings(at_most=1, control_share=0.2, a_day=50, a_category_a_day=50)
    ).rows_of_training
    rows_of_training = rows_of_training.append_column("bought", pa.array([0] * len(rows_of_training), pa.int32()))
    rows_of_training = rows_of_training.append_column(
        "revenue", pa.array([0] * len(rows_of_training), pa.int32()).cast(pa.decimal128(18, 4))
    )
    return rows_of_training.select(OFFER_TRAINING.column_names)


def test_a_policy_that_was_promoted_decides(lake: Lakehouse, registry_home: Path) -> None:
    """Too few decisions are said so; a challenger with its metrics; the stream goes on from what the champion learned."""
    fill(lake)
    before = opened(lake)
    assert before.engine.version == "prior"
    lake.append_once(OFFER_TRAINING, logged(lake).slice(0, 50), "test", 1)
    with pytest.raises(BadInputError, match="200 are needed"):
        run_job(lake, "train_offer_policy", as_of=AS_OF)
    lake.append_once(OFFER_TRAINING, logged(lake), "test", 2, overwrite=True)
    report = run_job(lake, "train_offer_policy", as_of=AS_OF)
    name = registry.registered_name("demo", "offer_policy")
    assert registry.alias_version(name, registry.CHALLENGER) == report.model_version == "1"
    metrics = registry.version_run(name, "1").metrics
    assert {"reward_dr", "effective_sample_size", "versus/naive/popular/reward_snips/low"} <= set(metrics)
    assert metrics["incremental_clicks/low"] < metrics["incremental_clicks"] < metrics["incremental_clicks/high"]
    assert any("beyond the control group's" in line for line in report.summary)
    assert opened(lake).engine.version == "prior"
    let_in(lake, "offer_policy", "1")
    after = opened(lake).engine
    assert after.version == after.memory.version == "1"
    assert after.memory.live.moment.tolist() != before.engine.memory.live.moment.tolist()


def test_without_the_registry_what_decided_last_goes_on(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow is down: no run of the stream fails for that."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    for decided_last in ("4", PRIOR):
        assert new_champion(lake, decided_last) is None


def test_recommendations_come_from_the_champion_and_popular_products_always(
    lake: Lakehouse, registry_home: Path
) -> None:
    """Without a champion only what is popular; with one twelve products a shopper, best first."""
    fill(lake)
    run_job(lake, "recommend", as_of=LAST_DAY)
    popular = rows(lake, OFFER_POPULAR)
    assert (popular[popular.context == ""]["rank"].tolist()) == list(range(1, 25))
    assert not lake.exists(OFFER_RECOMMENDATIONS)
    older = train_recommender.read_purchases(lake, date(2025, 1, 1), AS_OF)
    learned = recommender.Recommender(older.products, np.ones((len(older.products), 2)))
    record = tracking.TrainingRecord(
        params={}, metrics={}, tags={"basketry.as_of": "2026-01-05", "basketry.champion_version": ""}
    )
    number = tracking.register_challenger(
        lake, RECOMMENDATIONS_MODEL, record, lambda: train_recommender._log_model(learned)
    )
    let_in(lake, RECOMMENDATIONS_MODEL.name, number)
    report = run_job(lake, "recommend", as_of=LAST_DAY)
    found = rows(lake, OFFER_RECOMMENDATIONS)
    assert len(found) == 12 * len(older.shoppers) and report.model_version == number
    assert found.groupby("customer_id")["score"].is_monotonic_decreasing.all()


def test_a_run_of_an_old_day_leaves_what_offers_choose_from(lake: Lakehouse, registry_home: Path) -> None:
    """The tables of now keep the newest day, the run says so and ends well; the same day again and a later one replace them."""
    fill(lake)
    run_job(lake, "recommend", as_of=LAST_DAY)
    before = lake.version(OFFER_POPULAR)
    report = run_job(lake, "recommend", as_of=date(2025, 12, 20))
    assert lake.version(OFFER_POPULAR) == before and report.rows_out == 0
    assert report.summary[0] == (
        "gold.offer_popular stays as of 2025-12-31: 2025-12-20 is an older day, and offers choose from the newest"
    )
    assert run_job(lake, "recommend", as_of=LAST_DAY).rows_out > 0 and lake.version(OFFER_POPULAR) != before
    later = order_line("later", "1", date(2026, 1, 2), "someone", product=shop().products[0])
    lake.merge(ORDER_LINES, frame(lake.spark, ORDER_LINES, [later]))
    run_job(lake, "recommend", as_of=date(2026, 1, 2))
    assert set(rows(lake, OFFER_POPULAR)["as_of"]) == {date(2026, 1, 2)}


def test_what_is_stored_of_a_day_to_come_is_replaced(lake: Lakehouse, registry_home: Path) -> None:
    """Rows as of 2062, of a run by hand that was let through once, do not keep out the days that are."""
    fill(lake)
    run_job(lake, "recommend", as_of=LAST_DAY)
    ahead = lake.read(OFFER_POPULAR).withColumn("as_of", F.lit(date(2062, 11, 28))).localCheckpoint()
    lake.replace(OFFER_POPULAR, ahead, "true")
    run_job(lake, "recommend", as_of=LAST_DAY)
    assert set(rows(lake, OFFER_POPULAR)["as_of"]) == {LAST_DAY}


def test_popular_products_of_a_run_that_was_killed_after_making_the_table(lake: Lakehouse) -> None:
    """A table without its first rows is filled, once: else every shopper would be told that nothing is popular."""
    fill(lake)
    local_delta.create(lake.path(OFFER_POPULAR), OFFER_POPULAR)
    recommend.ensure_popular(lake)
    assert len(rows(lake, OFFER_POPULAR)) > 24
    filled = lake.version(OFFER_POPULAR)
    recommend.ensure_popular(lake)
    assert lake.version(OFFER_POPULAR) == filled


def test_training_rows_have_the_responses_that_came_in_time(lake: Lakehouse) -> None:
    """A click within the time counts, a later one does not; no response is 0, not missing."""
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    base = {
        "slot": 1,
        "decided_at": at,
        "event_date": at.date(),
        "customer_id": "s1",
        "audience": "treatment",
        "discount": 0.1,
        "price": 1.0,
        "probability": 0.5,
        "expected_response": 0.1,
        "reason": "popular",
        "considered": 1,
        "excluded": {},
        "candidates": [],
        "policy_version": "prior",
        "popular_from": "delta",
        "batch": "b",
        "product_id": "P1",
        "category": "C",
    }
    made = [{**base, "decision_id": name} for name in ("in time", "late", "never")]
    answers = [
        {
            "offer_id": f"{name}/1",
            "response": "click",
            "event_id": name,
            "responded_at": at + timedelta(minutes=minutes),
            "event_date": at.date(),
            "decided_at": at,
            "customer_id": "s1",
            "audience": "treatment",
            "product_id": "P1",
            "category": "C",
            "revenue": 0,
            "batch": "b",
        }
        for name, minutes in (("in time", 120), ("late", 121))
    ]
    frames = [
        lake.spark.createDataFrame(
            [tuple(row.get(name) if name != "revenue" else None for name in table.column_names) for row in data],
            _nullable(table),
        )
        for table, data in ((OFFER_DECISIONS, made), (OFFER_RESPONSES, answers))
    ]
    found = {row.decision_id: row.clicked for row in training_rows(*frames, settle_minutes=120).collect()}
    assert found == {"in time": 1, "late": 0, "never": 0}


def _nullable(table: Table) -> StructType:
    return StructType([StructField(one.name, one.dataType, True) for one in declared_schema(table)])
