"""Offers of the console's lake: two weeks of decisions for shoppers, what they clicked and bought, and the sums by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from basketry import tables
from tests.kit.console.shop import SEED, Product
from tests.kit.console.tables import Rows, write

DAYS, EACH_DAY = 14, 160
CONTROL_SHARE = 0.2
CLICKS = {"treatment": 0.12, "control": 0.06}
"""How often an offer of each audience is clicked."""
BUYS = 0.3
"""How often what was clicked is bought."""


def make_offers(catalog: Path, items: list[Product], as_of: date) -> None:
    """Decisions, responses and performance until noon of the day after `as_of`."""
    draw = np.random.default_rng(SEED + 5)
    decisions: Rows = []
    responses: Rows = []
    sums: dict[tuple[datetime, str], dict[str, Any]] = {}
    for days_back in range(DAYS, -1, -1):
        morning = datetime(as_of.year, as_of.month, as_of.day, 9, tzinfo=UTC) + timedelta(days=1 - days_back)
        for number in range(EACH_DAY):
            item = items[int(draw.integers(len(items)))]
            audience = "control" if draw.random() < CONTROL_SHARE else "treatment"
            decided = morning + timedelta(minutes=int(draw.integers(180)))
            decision = _decision(item, f"E{days_back}-{number}", decided, audience)
            decisions.append(decision)
            row = sums.setdefault(
                (decided, item.category), {"shown": 0, "clicked": 0, "bought": 0, "revenue": Decimal(0)}
            )
            row["shown"] += 1
            if draw.random() < CLICKS[audience] * (1 + 0.02 * (DAYS - days_back)):
                row["clicked"] += 1
                responses.append(_response(decision, "click", Decimal(0)))
                if draw.random() < BUYS:
                    paid = Decimal(str(round(item.price, 2)))
                    row["bought"] += 1
                    row["revenue"] += paid
                    responses.append(_response(decision, "purchase", paid))
    performance = [
        {
            "event_date": minute.date(),
            "minute": minute,
            "category": category,
            **row,
            "rate": row["clicked"] / row["shown"],
        }
        for (minute, category), row in sums.items()
    ]
    write(catalog, tables.OFFER_DECISIONS, decisions)
    write(catalog, tables.OFFER_RESPONSES, responses)
    write(catalog, tables.OFFER_PERFORMANCE_MINUTE, performance)


def _decision(item: Product, event: str, decided: datetime, audience: str) -> dict[str, Any]:
    return {
        "decision_id": event,
        "slot": 1,
        "decided_at": decided,
        "event_date": decided.date(),
        "customer_id": f"C{int(event.rpartition('-')[2]) % 150 + 1:05d}",
        "audience": audience,
        "product_id": item.product_id,
        "category": item.category,
        "offer": "ten_percent",
        "discount": 0.1,
        "price": item.price,
        "probability": 0.4,
        "expected_response": CLICKS[audience],
        "reason": "recommended" if audience == "treatment" else "popular",
        "considered": 8,
        "excluded": [],
        "candidates": [],
        "policy_version": "2",
        "popular_from": "delta",
        "batch": "c/1",
    }


def _response(decision: dict[str, Any], response: str, revenue: Decimal) -> dict[str, Any]:
    return {
        "offer_id": f"{decision['decision_id']}/1",
        "response": response,
        "event_id": f"{decision['decision_id']}-{response}",
        "responded_at": decision["decided_at"] + timedelta(minutes=1),
        "event_date": decision["event_date"],
        "decided_at": decision["decided_at"],
        "customer_id": decision["customer_id"],
        "audience": decision["audience"],
        "product_id": decision["product_id"],
        "category": decision["category"],
        "revenue": revenue,
        "batch": "c/1",
    }
