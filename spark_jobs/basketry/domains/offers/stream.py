"""A micro-batch: read, validate, decide, write, each table once, whatever is killed when.

Every table is written under the checkpoint's name and the batch's number, which Delta keeps with the commit: what was
written before a crash is not written again. Where the stream stands is written last, so a batch that was cut off is done
again from the same memory, decides the same, and only adds what is missing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame

from basketry.domains.offers.batch_tables import MicroBatch
from basketry.domains.offers.cache import PopularityCache
from basketry.domains.offers.engine import Engine
from basketry.domains.offers.forgotten import ForgottenShoppers
from basketry.domains.offers.memory import NEVER
from basketry.domains.offers.messages import FEED, parse_records, read_messages
from basketry.domains.offers.outcomes import ShownOffer
from basketry.domains.offers.progress import Position
from basketry.domains.offers.records import RESPONSES, Records, outside_time_limits
from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import EPOCH
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.schemas import declared_schema
from basketry.tables import (
    OFFER_BATCHES,
    OFFER_DECISIONS,
    OFFER_EVENTS,
    OFFER_RESPONSES,
    OFFER_STATE,
    QUARANTINE,
    Table,
)

_CONTRACT = "offers 1"
_SHOWN_COLUMNS = (
    "decision_id",
    "slot",
    "decided_at",
    "customer_id",
    "audience",
    "product_id",
    "offer",
    "discount",
    "price",
    "features",
    "batch",
)


@dataclass(kw_only=True)
class OfferStream:
    """Does micro-batches, one after another.

    Attributes:
        lake: The tables of the catalog.
        engine: What decides.
        popular: Popular products as they are now.
        forgotten: Who is forgotten as of now.
        time_zone: Time zone of the business day.
        checkpoint: Name of Spark's checkpoint.
    """

    lake: Lakehouse
    engine: Engine
    popular: PopularityCache
    forgotten: ForgottenShoppers
    time_zone: str
    checkpoint: str

    def __call__(self, frame: DataFrame, number: int) -> None:
        """Do the micro-batch after the last one that was done."""
        messages = self.forgotten.without_content(read_messages(frame, self.time_zone))
        self._write(self._decide(messages, Position(self.checkpoint, number).batch), number)

    def _decide(self, messages: pa.Table, name: str) -> MicroBatch:
        records = parse_records(messages)
        popular = self.popular.current()
        self.engine.use_popular(popular)
        outcome = self.engine.process(records, self._seen(records, name), self._earlier(records, name))
        return MicroBatch(
            table=messages,
            records=records,
            row_numbers=np.asarray(messages["place"], dtype=np.int64),
            outcome=outcome,
            shop=self.engine.shop,
            name=name,
            popular_from=popular.source,
        )

    def _write(self, batch: MicroBatch, number: int) -> None:
        counts = batch.counts(self.engine.knowledge.position)
        self._put(OFFER_EVENTS, batch.events(), number)
        self._put(OFFER_DECISIONS, batch.decisions(), number)
        self._put(OFFER_RESPONSES, batch.responses(), number)
        self._quarantine(batch)
        self._put(OFFER_BATCHES, self._ledger(batch, counts), number)
        state = {"checkpoint": [self.checkpoint], "number": [number], "content": [self.engine.memory.to_bytes()]}
        self.lake.append_once(OFFER_STATE, pa.table(state), self._writer, number, overwrite=True)

    @property
    def _writer(self) -> str:
        return f"offers/{self.checkpoint}"

    def _put(self, table: Table, rows: pa.Table, number: int) -> None:
        if len(rows):
            self.lake.append_once(table, rows, self._writer, number)

    def _ledger(self, batch: MicroBatch, counts: dict[str, int]) -> pa.Table:
        newest = max(self.engine.memory.newest, float(NEVER))
        values = {"batch": batch.name, **counts, "policy_version": batch.outcome.version}
        return pa.table(
            {
                **{name: [value] for name, value in values.items()},
                "newest": pa.array([round(newest * 1e6)], pa.int64()).cast(pa.timestamp("us", tz="UTC")),
                "days": pa.array([batch.days()], pa.list_(pa.date32())),
            }
        )

    def _quarantine(self, batch: MicroBatch) -> None:
        refused = batch.refused()
        if not refused:
            return
        rows = [self._quarantine_row(batch, position, reason) for position, reason in refused]
        self.lake.insert(QUARANTINE, self.lake.spark.createDataFrame(rows, declared_schema(QUARANTINE)))

    def _quarantine_row(self, batch: MicroBatch, position: int, reason: str) -> tuple[object, ...]:
        origin: str = batch.table["origin"][position].as_py()
        delivered: datetime = batch.table["delivered_at"][position].as_py()
        checksum = hashlib.sha256(f"{self.lake.catalog}/{origin}".encode()).hexdigest()
        content = batch.table["content"][position].as_py()
        row = int(batch.row_numbers[position])
        return checksum, row, FEED, origin, delivered, [reason], content, "open", _CONTRACT

    def _seen(self, records: Records, name: str) -> frozenset[str]:
        """Find the ids of this batch that an earlier one accepted; its own rows are those of a try that was cut off."""
        ids = [identity for identity in records.ids if identity]
        since = {"event_date": day_before_first_event(records, 1, self.engine.settings)}
        rows = self.lake.read_filtered(OFFER_EVENTS, ["event_id", "batch"], {"event_id": ids}, since)
        return frozenset(row["event_id"] for row in rows.to_pylist() if row["batch"] != name)

    def _earlier(self, records: Records, name: str) -> dict[str, ShownOffer]:
        """Read the offers of earlier batches that are answered here, with the responses they already have."""
        answered = {
            offer for offer, kind in zip(records.offers, records.kinds, strict=True) if kind in RESPONSES and offer
        }
        if not answered:
            return {}
        settings = self.engine.settings
        since = {"event_date": day_before_first_event(records, settings.events.respond_days + 1, settings)}
        decisions = {offer.rpartition("/")[0] for offer in answered}
        rows = self.lake.read_filtered(OFFER_DECISIONS, _SHOWN_COLUMNS, {"decision_id": decisions}, since)
        offers = {
            f"{row['decision_id']}/{row['slot']}": shown
            for row in rows.to_pylist()
            if row["batch"] != name and (shown := _shown_offer(row, self.engine)) is not None
        }
        responses = self.lake.read_filtered(
            OFFER_RESPONSES, ["offer_id", "response", "batch"], {"offer_id": answered}, since
        )
        for row in responses.to_pylist():
            if row["batch"] != name and row["offer_id"] in offers:
                offers[row["offer_id"]].kinds.add(f"offer_{row['response']}")
        return offers


def _shown_offer(row: dict[str, Any], engine: Engine) -> ShownOffer | None:
    """Restore an offer from a row of gold.offer_decisions; None where nothing was shown or the product is gone."""
    product = engine.shop.position.get(row["product_id"] or "", -1)
    if product < 0:
        return None
    offers = engine.memory.offers
    return ShownOffer(
        at=row["decided_at"].timestamp(),
        shopper=row["customer_id"],
        product=product,
        category=int(engine.shop.category[product]),
        offer=offers.index(row["offer"]) if row["offer"] in offers else -1,
        discount=row["discount"],
        price=row["price"],
        features=np.array(row["features"]),
        control=row["audience"] == "control",
    )


def day_before_first_event(records: Records, days_before: int, settings: OfferSettings) -> date:
    """Return the day so many days before the first record whose time can be.

    What a clock gone wrong says is quarantined in any case.
    """
    is_old, is_early = outside_time_limits(records, settings)
    days = records.day[~(np.isnan(records.at) | is_old | is_early)]
    return EPOCH + timedelta(days=int(days.min()) - days_before if len(days) else 0)
