"""A micro-batch: read, judge, decide, write, each table once, whatever is killed when.

Every table is written under the checkpoint's name and the batch's number, which Delta keeps with the commit: what was
written before a crash is not written again. Where the stream stands is written last, so a batch that was cut off is done
again from the same memory, decides the same, and only adds what is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame

from basketry.domains.offers import incoming
from basketry.domains.offers.cache import PopularProducts
from basketry.domains.offers.engine import Engine, Shown
from basketry.domains.offers.memory import NEVER
from basketry.domains.offers.records import RESPONSES, Records, out_of_time
from basketry.domains.offers.rows import Batch
from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import EPOCH
from basketry.lake.lakehouse import Lakehouse, declared_schema
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
_SHOWN = (
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


@dataclass
class Stream:
    """What micro-batches are done with. checkpoint: folder; done: number of the last batch that is wholly written, if any.

    totals: counts of ops.offer_batches of this run; days: local days that anything was written for.
    """

    lake: Lakehouse
    engine: Engine
    popular: PopularProducts
    time_zone: str
    checkpoint: Path
    done: int = -1
    totals: Counter[str] = field(default_factory=Counter)
    days: set[int] = field(default_factory=set)
    _name: str = ""

    @property
    def name(self) -> str:
        """The checkpoint's own: Spark notes it there before the first batch. A new checkpoint has a new one."""
        if not self._name:
            self._name = str(json.loads((self.checkpoint / "metadata").read_text())["id"])
        return self._name

    def resume(self, stored_by: str | None, number: int) -> None:
        """Take up from a stored state. stored_by: name of the checkpoint whose batch of that number it is of."""
        if stored_by is not None and (self.checkpoint / "metadata").exists() and stored_by == self.name:
            self.done = number

    def __call__(self, frame: DataFrame, number: int) -> None:
        """Do a micro-batch, unless it was done."""
        if number <= self.done:
            return
        table = incoming.read(frame, self.time_zone)
        batch = self._decided(table, f"{self.name}:{number}")
        self._write(batch, number)
        self.done = number

    def _decided(self, table: pa.Table, name: str) -> Batch:
        records = incoming.records(table)
        popular = self.popular.current()
        self.engine.use(popular)
        outcome = self.engine.process(records, self._seen(records, name), self._earlier(records, name))
        rows = incoming.row_numbers(table, is_kafka=bool(self.lake.settings.offer_events))
        return Batch(table, records, rows, outcome, self.engine.shop, name, popular.source)

    def _write(self, batch: Batch, number: int) -> None:
        counts = batch.counts(self.engine.knowledge.position)
        self._put(OFFER_EVENTS, batch.events(), number)
        self._put(OFFER_DECISIONS, batch.decisions(), number)
        self._put(OFFER_RESPONSES, batch.responses(), number)
        self._quarantine(batch)
        self._put(OFFER_BATCHES, self._ledger(batch, counts), number)
        state = {"checkpoint": [self.name], "number": [number], "content": [self.engine.memory.to_bytes()]}
        self.lake.put_once(OFFER_STATE, pa.table(state), self._writer, number, instead=True)
        self.totals.update(counts)
        self.days.update(
            batch.records.day[[place for place, fate in enumerate(batch.outcome.fate) if fate == "good"]].tolist()
        )

    @property
    def _writer(self) -> str:
        return f"offers/{self.name}"

    def _put(self, table: Table, rows: pa.Table, number: int) -> None:
        if len(rows):
            self.lake.put_once(table, rows, self._writer, number)

    def _ledger(self, batch: Batch, counts: dict[str, int]) -> pa.Table:
        newest = max(self.engine.memory.newest, float(NEVER))
        values: dict[str, Any] = {
            "batch": batch.name,
            **counts,
            "newest": int(newest * 1e6),
            "policy_version": batch.outcome.version,
        }
        rows = pa.table({name: [value] for name, value in values.items()})
        newest_at = rows["newest"].cast(pa.timestamp("us", tz="UTC"))
        return rows.set_column(rows.schema.get_field_index("newest"), "newest", newest_at)

    def _quarantine(self, batch: Batch) -> None:
        refused = batch.refused()
        if not refused:
            return
        rows = [self._set_aside(batch, place, reason) for place, reason in refused]
        self.lake.insert(QUARANTINE, self.lake.spark.createDataFrame(rows, declared_schema(QUARANTINE)))

    def _set_aside(self, batch: Batch, place: int, reason: str) -> tuple[object, ...]:
        origin: str = batch.table["origin"][place].as_py()
        delivered: datetime = batch.table["delivered_at"][place].as_py()
        checksum = hashlib.sha256(f"{self.lake.catalog}/{origin}".encode()).hexdigest()
        content = batch.table["content"][place].as_py()
        row = int(batch.row_numbers[place])
        return checksum, row, incoming.FEED, origin, delivered, [reason], content, "open", _CONTRACT

    def _seen(self, records: Records, name: str) -> frozenset[str]:
        """Ids of this batch that an earlier one has accepted. This batch's own rows are those of a try that was cut off."""
        ids = [identity for identity in records.ids if identity]
        found = self.lake.matching(
            OFFER_EVENTS,
            ["event_id", "batch"],
            {"event_id": ids},
            {"event_date": first_day(records, 1, self.engine.settings)},
        )
        return frozenset(row["event_id"] for row in found.to_pylist() if row["batch"] != name)

    def _earlier(self, records: Records, name: str) -> dict[str, Shown]:
        """The offers of earlier batches that are answered here, with the responses they already have."""
        answered = {
            offer for offer, kind in zip(records.offers, records.kinds, strict=True) if kind in RESPONSES and offer
        }
        if not answered:
            return {}
        settings = self.engine.settings
        since = {"event_date": first_day(records, settings.respond_days + 1, settings)}
        decisions = {offer.rpartition("/")[0] for offer in answered}
        rows = self.lake.matching(OFFER_DECISIONS, _SHOWN, {"decision_id": decisions}, since)
        found = {
            f"{row['decision_id']}/{row['slot']}": shown
            for row in rows.to_pylist()
            if row["batch"] != name and (shown := _shown(row, self.engine)) is not None
        }
        responses = self.lake.matching(
            OFFER_RESPONSES, ["offer_id", "response", "batch"], {"offer_id": answered}, since
        )
        for row in responses.to_pylist():
            if row["batch"] != name and row["offer_id"] in found:
                found[row["offer_id"]].kinds.add(f"offer_{row['response']}")
        return found


def _shown(row: dict[str, Any], engine: Engine) -> Shown | None:
    product = engine.shop.position.get(row["product_id"] or "", -1)
    if product < 0:
        return None
    offers = engine.memory.offers
    return Shown(
        row["decided_at"].timestamp(),
        row["customer_id"],
        product,
        int(engine.shop.category[product]),
        offers.index(row["offer"]) if row["offer"] in offers else -1,
        row["discount"],
        row["price"],
        np.array(row["features"]),
        row["audience"] == "control",
    )


def first_day(records: Records, before: int, settings: OfferSettings) -> date:
    """So many days before the first record whose time can be; what a clock gone wrong says is set aside in any case."""
    is_late, is_early = out_of_time(records, settings)
    days = records.day[~(np.isnan(records.at) | is_late | is_early)]
    return EPOCH + timedelta(days=int(days.min()) - before if len(days) else 0)


def days_of(numbers: Iterable[int]) -> list[date]:
    """Dates of days counted from 1970, sorted."""
    return [EPOCH + timedelta(days=number) for number in sorted(numbers)]
