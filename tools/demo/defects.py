"""Defects as real deliveries have them, put in at a known rate; each says which reasons the contract must report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tools.demo.feeds import Feed, Row
from tools.demo.manifest import DUPLICATE, GOOD, QUARANTINED

Spoil = Callable[[Feed, Row, int], Row | str]


@dataclass(frozen=True, kw_only=True)
class DefectKind:
    """One way in which a row goes wrong.

    Attributes:
        name: Its name.
        reasons: All reasons that ingest must report.
        spoil: Makes the bad row.
        fate: What must become of the row.
        weight: How often it happens, relative to the others.
        only: A column and the text that it must have, if the defect makes sense for such rows only.
    """

    name: str
    reasons: tuple[str, ...]
    spoil: Spoil
    fate: str = QUARANTINED
    weight: float = 1.0
    only: tuple[str, str] | None = None

    def fits(self, feed: Feed, row: Row) -> bool:
        """Say whether this defect makes sense for a row."""
        return self.only is None or row[feed.columns.index(self.only[0])] == self.only[1]


def _cell(column: str, *values: object) -> Spoil:
    """Return a defect that puts one of the values into the column."""

    def spoil(feed: Feed, row: Row, pick: int) -> Row:
        """Replace one cell by a bad value."""
        changed = list(row)
        changed[feed.columns.index(column)] = values[pick % len(values)]
        return changed

    return spoil


def _change(column: str, change: Callable[[str], object]) -> Spoil:
    """Return a defect that changes the text of the column."""

    def spoil(feed: Feed, row: Row, pick: int) -> Row:
        """Change one cell."""
        changed = list(row)
        position = feed.columns.index(column)
        changed[position] = change(str(row[position]))
        return changed

    return spoil


def _both(first: Spoil, second: Spoil) -> Spoil:
    """Return a defect that is two, one after the other."""

    def spoil(feed: Feed, row: Row, pick: int) -> Row | str:
        """Spoil the row twice."""
        once = first(feed, row, pick)
        return once if isinstance(once, str) else second(feed, once, pick)

    return spoil


def _add_fields(feed: Feed, row: Row, pick: int) -> Row:
    return [*row, "", f"SEE NOTE {pick % 90 + 10}"]


def _drop_fields(feed: Feed, row: Row, pick: int) -> Row:
    return row[: len(row) - 1 - pick % 3]


def _tear_json(feed: Feed, row: Row, pick: int) -> str:
    return f'{{"{feed.columns[0]}":"{row[0]}","{feed.columns[1]}":"{str(row[1])[: 1 + pick % 4]}'


def _repeat(feed: Feed, row: Row, pick: int) -> Row:
    return list(row)


_SALE = ("Type", "SALE")
_TWICE = DefectKind(name="delivered_twice", reasons=(), spoil=_repeat, fate=DUPLICATE)

_ORDER_LINES = (
    DefectKind(name="quantity_in_words", reasons=("quantity:not_a_number",), spoil=_cell("Qty", "two", "1 ea", "#N/A")),
    DefectKind(
        name="amount_with_letter",
        reasons=("net_amount:not_a_number",),
        spoil=_change("Net Amount", lambda text: f"{text[:-1]}O"),
    ),
    DefectKind(
        name="amount_error_cell",
        reasons=("list_amount:not_a_number",),
        spoil=_cell("List Amount", "#VALUE!", "#REF!", "n/a"),
    ),
    DefectKind(name="amount_missing", reasons=("list_amount:missing",), spoil=_cell("List Amount", "")),
    DefectKind(
        name="day_that_is_none", reasons=("order_date:not_a_date",), spoil=_cell("Business Date", "02/30/2026", "TODAY")
    ),
    DefectKind(
        name="day_in_the_far_future",
        reasons=("date_plausible",),
        spoil=_change("Business Date", lambda text: f"{text[:6]}2206"),
    ),
    DefectKind(
        name="time_that_is_none",
        reasons=("ordered_at:not_a_timestamp",),
        spoil=_change("Order Time", lambda text: f"{text[:10]} 25:61:00"),
    ),
    DefectKind(
        name="status_unknown", reasons=("status:unknown_value",), spoil=_cell("Status", "PENDNG", "On Hold", "?")
    ),
    DefectKind(name="order_missing", reasons=("order_id:missing",), spoil=_cell("Order No", "")),
    DefectKind(name="product_missing", reasons=("product_named",), spoil=_cell("Item Code", "")),
    DefectKind(
        name="list_amount_negative",
        reasons=("amounts_add_up", "sale_not_negative"),
        spoil=_change("List Amount", lambda text: f"-{text}"),
        only=_SALE,
    ),
    DefectKind(
        name="discount_forgotten",
        reasons=("amounts_add_up",),
        spoil=_change("Net Amount", lambda text: f"{float(text) + 1.37:.2f}"),
        weight=1.5,
    ),
    DefectKind(
        name="quantity_and_status",
        reasons=("quantity:not_a_number", "status:unknown_value"),
        spoil=_both(_cell("Qty", "x"), _cell("Status", "ERR")),
        weight=0.7,
    ),
    DefectKind(name="too_many_fields", reasons=("row:too_many_fields",), spoil=_add_fields),
    DefectKind(name="too_few_fields", reasons=("row:too_few_fields",), spoil=_drop_fields),
    DefectKind(name="delivered_twice", reasons=(), spoil=_repeat, fate=DUPLICATE, weight=2.0),
    DefectKind(
        name="blanks_around_product",
        reasons=(),
        spoil=_change("Item Code", lambda text: f" {text} "),
        fate=GOOD,
        weight=2.0,
    ),
)

KINDS: dict[str, tuple[DefectKind, ...]] = {
    "order_lines": _ORDER_LINES,
    "customers": (
        DefectKind(name="number_missing", reasons=("customer_id:missing",), spoil=_cell("Customer No", "")),
        DefectKind(
            name="day_that_is_none",
            reasons=("joined_on:not_a_date",),
            spoil=_cell("Customer Since", "00/00/0000", "unknown"),
        ),
        DefectKind(
            name="marital_status_unknown", reasons=("marital_status:unknown_value",), spoil=_cell("Marital Status", "X")
        ),
        DefectKind(name="too_few_fields", reasons=("row:too_few_fields",), spoil=_drop_fields),
    ),
    "products": (
        DefectKind(name="code_missing", reasons=("product_id:missing",), spoil=_cell("Item Code", None)),
        DefectKind(
            name="price_in_words",
            reasons=("list_price:not_a_number",),
            spoil=_cell("Retail Price", "call for price", "TBD"),
        ),
        DefectKind(name="price_zero", reasons=("price_positive",), spoil=_cell("Retail Price", 0)),
        _TWICE,
    ),
    "campaign_members": (
        DefectKind(name="customer_missing", reasons=("customer_id:missing",), spoil=_cell("customer_no", "")),
        _TWICE,
    ),
    "coupons": (DefectKind(name="item_missing", reasons=("product_id:missing",), spoil=_cell("item_code", "")), _TWICE),
    "redemptions": (
        DefectKind(
            name="day_that_is_none",
            reasons=("redeemed_on:not_a_date",),
            spoil=_cell("Redeemed On", "last week", "13/13/2026"),
        ),
        DefectKind(name="customer_missing", reasons=("customer_id:missing",), spoil=_cell("Customer No", None)),
        _TWICE,
    ),
    "reviews": (
        DefectKind(name="six_stars", reasons=("rating_in_range",), spoil=_cell("stars", 6, 0, 11)),
        DefectKind(name="stars_in_words", reasons=("rating:not_an_integer",), spoil=_cell("stars", "five", "****")),
        DefectKind(name="item_missing", reasons=("product_id:missing",), spoil=_cell("item", None)),
        DefectKind(name="torn_line", reasons=("row:not_json",), spoil=_tear_json),
    ),
    "events": (
        DefectKind(
            name="time_that_is_none",
            reasons=("occurred_at:not_a_timestamp",),
            spoil=_cell("at", "0000-00-00T00:00:00Z", "now"),
        ),
        DefectKind(
            name="action_unknown", reasons=("event_type:unknown_value",), spoil=_cell("action", "hover", "VIEW?")
        ),
        DefectKind(name="torn_line", reasons=("row:not_json",), spoil=_tear_json),
        _TWICE,
    ),
}

RATES = {
    "order_lines": 0.003,
    "customers": 0.003,
    "products": 0.002,
    "campaign_members": 0.002,
    "coupons": 0.002,
    "redemptions": 0.005,
    "reviews": 0.004,
    "events": 0.001,
}
"""Share of each feed's rows that get a defect. Feeds without a rate stay clean."""

LARGEST_SHARE = 0.02
"""No file's rows are spoiled beyond this share at any point, so that a short file is not refused as a whole."""


@dataclass(frozen=True)
class SpoiledRow:
    """A spoiled row.

    Attributes:
        position: Its position among the rows that it was delivered with, from 0.
        kind: What was done to it.
    """

    position: int
    kind: DefectKind


def spoil_rows(
    feed: Feed, rows: list[Row], before: tuple[int, int], rng: np.random.Generator
) -> tuple[list[Row | str], list[SpoiledRow]]:
    """Spoil some of the rows.

    Args:
        feed: Their feed.
        rows: Good rows.
        before: Number of rows and of defects that the file has already.
        rng: Draws which rows are spoiled, and how.

    Returns:
        The rows as delivered, and which of them are spoiled.
    """
    kinds = KINDS.get(feed.name, ())
    hit = np.flatnonzero(rng.random(len(rows)) < RATES.get(feed.name, 0.0))
    delivered: list[Row | str] = []
    spoiled: list[SpoiledRow] = []
    done = 0
    for position in hit.tolist():
        delivered += rows[done:position]
        done = position + 1
        kind = kinds[rng.choice(len(kinds), p=_shares(kinds))]
        pick = int(rng.integers(0, 1000))
        allowed = before[1] + len(spoiled) + 1 <= LARGEST_SHARE * (before[0] + len(delivered) + 1)
        if not allowed or not kind.fits(feed, rows[position]):
            delivered.append(rows[position])
            continue
        spoiled.append(SpoiledRow(len(delivered), kind))
        delivered.append(kind.spoil(feed, rows[position], pick))
        if kind.fate == DUPLICATE:
            delivered.append(list(rows[position]))
    return delivered + rows[done:], spoiled


def _shares(kinds: tuple[DefectKind, ...]) -> list[float]:
    total = sum(kind.weight for kind in kinds)
    return [kind.weight / total for kind in kinds]
