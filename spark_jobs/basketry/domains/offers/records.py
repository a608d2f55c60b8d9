"""What is delivered, validated: every record gets exactly one fate. Arrays in the order of delivery; no reads, no writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import Assortment, Flags, Floats, Ints
from basketry.tables import MAX_MAGNITUDE

ACTIVITY = ("view", "cart", "purchase")
RESPONSES = ("offer_click", "offer_purchase")
KINDS = (*ACTIVITY, *RESPONSES)
DECIDED_KINDS = ("view", "cart")

GOOD, DUPLICATE, LATE = "good", "duplicate", "late"
"""Fates; any other text is the reason for which the record is quarantined."""

MINUTE, DAY = 60.0, 86_400.0


@dataclass(frozen=True, kw_only=True)
class Records:
    """Delivered records as read, in order; what could not be read is empty, nan or -1.

    Attributes:
        ids: Event ids, '' where missing, as all texts.
        kinds: Kinds of the events.
        shoppers: Customer ids.
        products: Product ids.
        offers: Ids of the offers that responses answer.
        at: Event time in seconds.
        delivered: Time of delivery in seconds.
        day: Local day of the event from 1970.
        revenue: Revenue of a response.
        problem: What made the record unreadable, '' for nothing.
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
        """Return the number of records."""
        return len(self.ids)


def to_messages(records: Records) -> list[str]:
    """Write records as the messages that deliver them, one JSON object each."""
    messages = []
    for position, identity in enumerate(records.ids):
        at = datetime.fromtimestamp(float(records.at[position]), UTC).isoformat()
        fields = {
            "event_id": identity,
            "event_type": records.kinds[position],
            "occurred_at": at,
            "customer_id": records.shoppers[position],
            "product_id": records.products[position],
            "offer_id": records.offers[position],
        }
        if not np.isnan(records.revenue[position]):
            fields["revenue"] = str(records.revenue[position])
        messages.append(json.dumps({name: value for name, value in fields.items() if value}))
    return messages


@dataclass(frozen=True)
class ValidatedRecords:
    """The outcome of validating records.

    Attributes:
        fate: Fate of each record.
        newest: Greatest event time up to and with each record.
        product: Position of each record's product, -1 for none.
        accepted_ids: Ids that were accepted, before and here; responses add theirs when they are accepted.
    """

    fate: list[str]
    newest: Floats
    product: Ints
    accepted_ids: set[str]


def validate_records(
    records: Records, shop: Assortment, settings: OfferSettings, *, seen: frozenset[str], newest: float
) -> ValidatedRecords:
    """Find the fate of every record but of responses to offers nobody made, which only the decisions tell.

    Args:
        records: The records in the order of delivery.
        shop: The products.
        settings: Settings of offers.
        seen: Ids among these records that were accepted before.
        newest: Greatest event time of all batches before.
    """
    product = np.array([shop.position.get(name, -1) for name in records.products], dtype=np.int64)
    fate = [problem or _find_problem(records, position) for position, problem in enumerate(records.problem)]
    _check_values(fate, records, settings)
    for position in np.flatnonzero(product < 0).tolist():
        if not fate[position] and (records.kinds[position] in ACTIVITY):
            fate[position] = "product_id:unknown"
    accepted_ids = _mark_duplicates(fate, records, seen)
    times = np.where(_are(fate, ""), records.at, -np.inf)
    newest_before = np.maximum.accumulate(np.r_[newest, times])
    is_late = _are(fate, "") & (records.at < newest_before[:-1] - settings.events.late_minutes * MINUTE)
    for position in np.flatnonzero(is_late).tolist():
        fate[position] = LATE if records.kinds[position] in ACTIVITY else ""
    return ValidatedRecords([text or GOOD for text in fate], newest_before[1:], product, accepted_ids)


def _find_problem(records: Records, position: int) -> str:
    """Name the first text that is missing or unknown, '' for none."""
    kind = records.kinds[position]
    if not records.ids[position]:
        return "event_id:missing"
    if kind not in KINDS:
        return "event_type:unknown_value" if kind else "event_type:missing"
    if not records.shoppers[position]:
        return "customer_id:missing"
    return "offer_id:missing" if kind in RESPONSES and not records.offers[position] else ""


def _check_values(fate: list[str], records: Records, settings: OfferSettings) -> None:
    """Refuse times and amounts that cannot be, unless a record is refused already."""
    is_old, is_early = outside_time_limits(records, settings)
    reasons = (
        (np.isnan(records.at), "occurred_at:not_a_time"),
        (is_early, "occurred_at:in_the_future"),
        (is_old, "occurred_at:too_old"),
        ((records.revenue < 0) | (records.revenue > MAX_MAGNITUDE), "revenue:not_an_amount"),
    )
    for applies, reason in reasons:
        for position in np.flatnonzero(applies).tolist():
            fate[position] = fate[position] or reason


def outside_time_limits(records: Records, settings: OfferSettings) -> tuple[Flags, Flags]:
    """Say of each record whether it is older, and whether it is newer than its delivery allows; without a time neither."""
    oldest = records.delivered - settings.events.oldest_days * DAY
    newest = records.delivered + settings.events.ahead_minutes * MINUTE
    return records.at < oldest, records.at > newest


def _mark_duplicates(fate: list[str], records: Records, seen: frozenset[str]) -> set[str]:
    """Mark activity whose id was accepted before; returns all accepted ids."""
    accepted = set(seen)
    for position, identity in enumerate(records.ids):
        if not fate[position] and records.kinds[position] in ACTIVITY:
            if identity in accepted:
                fate[position] = DUPLICATE
            accepted.add(identity)
    return accepted


def _are(fate: Sequence[str], wanted: str) -> Flags:
    return np.array([text == wanted for text in fate], dtype=bool)
