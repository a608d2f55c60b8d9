"""Simulated shoppers of the demo: on its last day they look around, and respond to the offers that they are shown.

They have tastes that nobody is told (`tools.demo.offer_shoppers`); what the stream gets is files of events, as of real
shoppers. A day's files are written once: events that were delivered are never delivered again.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import numpy as np

from basketry.domains.offers.policy import BESIDE
from basketry.domains.offers.records import DAY, Records, to_messages
from basketry.domains.offers.shop import PRODUCT_COLUMNS, Assortment
from basketry.tables import CUSTOMERS, OFFER_BATCHES, OFFER_DECISIONS, PRODUCTS
from tools.demo.offer_shoppers import HOUR, ShopperWorld, Showings, select_records
from tools.show.tables import arrow, rows_of

SHOPPERS = 400
_SEED = 7
_SECONDS_TO_DELIVERY = 60.0


def look_around(lake: Path, landing: Path, catalog: str, day: date) -> None:
    """Deliver what shoppers do on the day, one file per hour."""
    world = _world(lake, catalog, day)
    activity = world.activity(0)
    hours = ((activity.at - world.start) // HOUR).astype(int)
    for hour in np.unique(hours).tolist():
        _deliver(landing / f"simulated-{day}-{hour:02}.jsonl", select_records(activity, np.flatnonzero(hours == hour)))


def respond(lake: Path, landing: Path, catalog: str, day: date) -> None:
    """Deliver the responses to what was shown on the day."""
    world = _world(lake, catalog, day)
    responses = world.responses(_showings(lake, catalog, day, world.shop))
    if len(responses):
        _deliver(landing / f"simulated-{day}-responses.jsonl", responses)


def waiting(lake: Path, landing: Path, catalog: str) -> int:
    """Count the events that were delivered and not yet read by the stream."""
    delivered = sum(path.read_text().count("\n") for path in landing.glob("*.jsonl"))
    read = rows_of(lake, catalog, OFFER_BATCHES, "SELECT coalesce(sum(records), 0)::BIGINT FROM t") or [(0,)]
    return delivered - int(read[0][0])


def _world(lake: Path, catalog: str, day: date) -> ShopperWorld:
    """Make shoppers with the same tastes every day and other visits."""
    shop = Assortment.from_rows(arrow(lake, catalog, PRODUCTS).select(PRODUCT_COLUMNS))
    query = f"SELECT customer_id FROM t ORDER BY customer_id LIMIT {SHOPPERS}"  # noqa: S608
    shoppers = [name for (name,) in rows_of(lake, catalog, CUSTOMERS, query)]
    start = datetime.combine(day, time(), UTC).timestamp()
    return replace(ShopperWorld.create(shop, shoppers, days=1, start=start, seed=_SEED), seed=day.toordinal())


def _showings(lake: Path, catalog: str, day: date, shop: Assortment) -> Showings:
    query = """SELECT decision_id || '/' || slot, customer_id, product_id, features, discount, epoch(decided_at) FROM t
               WHERE product_id IS NOT NULL AND decided_at >= ? AND decided_at < ? ORDER BY ALL"""
    start = datetime.combine(day, time(), UTC)
    end = datetime.fromtimestamp(start.timestamp() + DAY, UTC)
    rows = rows_of(lake=lake, catalog=catalog, tables=OFFER_DECISIONS, query=query, values=[start, end])
    shown = [row for row in rows if row[0].startswith(f"e{day.toordinal()}-")]
    return Showings(
        offers=[row[0] for row in shown],
        shoppers=[row[1] for row in shown],
        product=np.array([shop.position[row[2]] for row in shown], dtype=np.int64),
        beside=np.array([row[3][BESIDE] for row in shown], dtype=np.float64),
        discount=np.array([row[4] for row in shown], dtype=np.float64),
        at=np.array([row[5] for row in shown], dtype=np.float64),
    )


def _deliver(file: Path, records: Records) -> None:
    """Write the file once, as delivered a minute after its last event; renamed when whole, so none is read half written."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    part.write_text("".join(f"{line}\n" for line in to_messages(records)))
    at = float(records.at.max()) + _SECONDS_TO_DELIVERY
    os.utime(part, (at, at))
    part.rename(file)
