"""What is delivered, judged: every record gets exactly one fate. Arrays in the order of delivery; no reads, no writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import Assortment, Flags, Floats, Ints
from basketry.tables import LARGEST

ACTIVITY = ("view", "cart", "purchase")
RESPONSES = ("offer_click", "offer_purchase")
KINDS = (*ACTIVITY, *RESPONSES)
DECIDED_KINDS = ("view", "cart")

GOOD, DUPLICATE, LATE = "good", "duplicate", "late"
"""Fates; any other text is the reason for which the record is quarantined."""

MINUTE, DAY = 60.0, 86_400.0


@dataclass(frozen=True)
class Records:
    """Delivered records as read, in order; what could not be read is empty, nan or -1.

    ids, kinds, shoppers, products, offers: texts ('' where missing). at: event time, delivered: time of delivery (seconds);
    day: local day of the event from 1970. revenue: of a response. problem: what made the record unreadable, '' for nothing.
    """

    ids: Sequence[str]
    kinds: Sequence[str]
    shoppers: Sequence[str]
    products: Sequence[str]
    offers: Sequence[str]
    at: Floats
    delivered: Floats
    day: Ints
    revenue: Floats
    problem: Sequence[str]

    def __len__(self) -> int:
        """Number of records."""
        return len(self.ids)


def lines_of(records: Records) -> list[str]:
    """The messages that say so, one JSON object each."""
    found = []
    for place, identity in enumerate(records.ids):
        at = datetime.fromtimestamp(float(records.at[place]), UTC).isoformat()
        message = {
            "event_id": identity,
            "event_type": records.kinds[place],
            "occurred_at": at,
            "customer_id": records.shoppers[place],
            "product_id": records.products[place],
            "offer_id": records.offers[place],
        }
        if not np.isnan(records.revenue[place]):
            message["revenue"] = str(records.revenue[place])
        found.append(json.dumps({name: value for name, value in message.items() if value}))
    return found


@dataclass(frozen=True)
class Judged:
    """fate: of each record; newest: greatest event time up to and with each record; product: its position, -1 for none.

    known: ids that were accepted, before and here; responses add theirs when they are accepted.
    """

    fate: list[str]
    newest: Floats
    product: Ints
    known: set[str]


def judge(records: Records, shop: Assortment, settings: OfferSettings, seen: frozenset[str], newest: float) -> Judged:
    """The fate of every record but of responses to offers nobody made, which only the decisions tell.

    seen: ids among these records that were accepted before; newest: greatest event time of all batches before.
    """
    product = np.array([shop.position.get(name, -1) for name in records.products], dtype=np.int64)
    fate = [
        problem or _problem(kind, identity, shopper, offer)
        for problem, kind, identity, shopper, offer in zip(
            records.problem, records.kinds, records.ids, records.shoppers, records.offers, strict=True
        )
    ]
    _judge_times(fate, records, settings)
    for place in np.flatnonzero(product < 0).tolist():
        if not fate[place] and (records.kinds[place] in ACTIVITY):
            fate[place] = "product_id:unknown"
    known = _judge_duplicates(fate, records, seen)
    times = np.where(_are(fate, ""), records.at, -np.inf)
    before = np.maximum.accumulate(np.r_[newest, times])
    late = _are(fate, "") & (records.at < before[:-1] - settings.late_minutes * MINUTE)
    for place in np.flatnonzero(late).tolist():
        fate[place] = LATE if records.kinds[place] in ACTIVITY else ""
    return Judged([text or GOOD for text in fate], before[1:], product, known)


def _problem(kind: str, identity: str, shopper: str, offer: str) -> str:
    if not identity:
        return "event_id:missing"
    if kind not in KINDS:
        return "event_type:unknown_value" if kind else "event_type:missing"
    if not shopper:
        return "customer_id:missing"
    return "offer_id:missing" if kind in RESPONSES and not offer else ""


def _judge_times(fate: list[str], records: Records, settings: OfferSettings) -> None:
    is_late, is_early = out_of_time(records, settings)
    reasons = (
        (np.isnan(records.at), "occurred_at:not_a_time"),
        (is_early, "occurred_at:in_the_future"),
        (is_late, "occurred_at:too_old"),
        ((records.revenue < 0) | (records.revenue > LARGEST), "revenue:not_an_amount"),
    )
    for where, reason in reasons:
        for place in np.flatnonzero(where).tolist():
            fate[place] = fate[place] or reason


def out_of_time(records: Records, settings: OfferSettings) -> tuple[Flags, Flags]:
    """Whether each record is older, and whether it is newer than its delivery allows; one without a time is neither."""
    oldest, newest = records.delivered - settings.oldest_days * DAY, records.delivered + settings.ahead_minutes * MINUTE
    return records.at < oldest, records.at > newest


def _judge_duplicates(fate: list[str], records: Records, seen: frozenset[str]) -> set[str]:
    known = set(seen)
    for place, identity in enumerate(records.ids):
        if not fate[place] and records.kinds[place] in ACTIVITY:
            if identity in known:
                fate[place] = DUPLICATE
            known.add(identity)
    return known


def _are(fate: Sequence[str], wanted: str) -> Flags:
    return np.array([text == wanted for text in fate], dtype=bool)
