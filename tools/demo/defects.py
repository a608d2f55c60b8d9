"""Defects as real deliveries have them, put in at a known rate; each says which reasons the contract must give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tools.demo.feeds import Feed, Row
from tools.demo.manifest import DUPLICATE, GOOD, QUARANTINED

Spoil = Callable[[Feed, Row, int], Row | str]


@dataclass(frozen=True)
class DefectKind:
    """One way in which a row goes wrong. `spoil` makes the bad row; `weight` is how often, relative to the others."""

    name: str
    reasons: tuple[str, ...]
    spoil: Spoil
    fate: str = QUARANTINED
    weight: float = 1.0
    only: tuple[str, str] | None = None

    def fits(self, feed: Feed, row: Row) -> bool:
        """Whether the kind makes sense for the row: `only` names a column and the text it must have."""
        return self.only is None or row[feed.columns.index(self.only[0])] == self.only[1]


def _cell(column: str, *values: object) -> Spoil:
    """Puts one of the values into the column."""

    def spoil(feed: Feed, row: Row, pick: int) -> Row:
        """The row with one cell replaced by a bad value."""
        changed = list(row)
        changed[feed.columns.index(column)] = values[pick % len(values)]
        return changed

    return spoil


def _change(column: str, change: Callable[[str], object]) -> Spoil:
    """Changes the text of the column."""

    def spoil(feed: Feed, row: Row, pick: int) -> Row:
        """The row with one cell changed."""
        changed = list(row)
        position = feed.columns.index(column)
        changed[position] = change(str(row[position]))
        return changed

    return spoil


def _both(first: Spoil, second: Spoil) -> Spoil:
    """One after the other."""

    def spoil(feed: Feed, row: Row, pick: int) -> Row | str:
        """The row spoiled twice."""
        once = first(feed, row, pick)
        return once if isinstance(once, str) else second(feed, once, pick)

    return spoil


def _surplus(feed: Feed, row: Row, pick: int) -> Row:
    return [*row, "", f"SEE NOTE {pick % 90 + 10}"]


def _cut(feed: Feed, row: Row, pick: int) -> Row:
    return row[: len(row) - 1 - pick % 3]


def _torn(feed: Feed, row: Row, pick: int) -> str:
    return f'{{"{feed.columns[0]}":"{row[0]}","{feed.columns[1]}":"{str(row[1])[: 1 + pick % 4]}'


def _same(feed: Feed, row: Row, pick: int) -> Row:
    return list(row)


_SALE = ("Type", "SALE")
_TWICE = DefectKind("delivered_twice", (), _same, DUPLICATE)

_ORDER_LINES = (
    DefectKind("quantity_in_words", ("quantity:not_a_number",), _cell("Qty", "two", "1 ea", "#N/A")),
    DefectKind("amount_with_letter", ("net_amount:not_a_number",), _change("Net Amount", lambda text: f"{text[:-1]}O")),
    DefectKind("amount_error_cell", ("list_amount:not_a_number",), _cell("List Amount", "#VALUE!", "#REF!", "n/a")),
    DefectKind("amount_missing", ("list_amount:missing",), _cell("List Amount", "")),
    DefectKind("day_that_is_none", ("order_date:not_a_date",), _cell("Business Date", "02/30/2026", "TODAY")),
    DefectKind("day_in_the_far_future", ("date_plausible",), _change("Business Date", lambda text: f"{text[:6]}2206")),
    DefectKind(
        "time_that_is_none",
        ("ordered_at:not_a_timestamp",),
        _change("Order Time", lambda text: f"{text[:10]} 25:61:00"),
    ),
    DefectKind("status_unknown", ("status:unknown_value",), _cell("Status", "PENDNG", "On Hold", "?")),
    DefectKind("order_missing", ("order_id:missing",), _cell("Order No", "")),
    DefectKind("product_missing", ("product_named",), _cell("Item Code", "")),
    DefectKind(
        "list_amount_negative",
        ("amounts_add_up", "sale_not_negative"),
        _change("List Amount", lambda text: f"-{text}"),
        only=_SALE,
    ),
    DefectKind(
        "discount_forgotten",
        ("amounts_add_up",),
        _change("Net Amount", lambda text: f"{float(text) + 1.37:.2f}"),
        weight=1.5,
    ),
    DefectKind(
        "quantity_and_status",
        ("quantity:not_a_number", "status:unknown_value"),
        _both(_cell("Qty", "x"), _cell("Status", "ERR")),
        weight=0.7,
    ),
    DefectKind("too_many_fields", ("row:too_many_fields",), _surplus),
    DefectKind("too_few_fields", ("row:too_few_fields",), _cut),
    DefectKind("delivered_twice", (), _same, DUPLICATE, weight=2.0),
    DefectKind("blanks_around_product", (), _change("Item Code", lambda text: f" {text} "), GOOD, weight=2.0),
)

KINDS: dict[str, tuple[DefectKind, ...]] = {
    "order_lines": _ORDER_LINES,
    "customers": (
        DefectKind("number_missing", ("customer_id:missing",), _cell("Customer No", "")),
        DefectKind("day_that_is_none", ("joined_on:not_a_date",), _cell("Customer Since", "00/00/0000", "unknown")),
        DefectKind("marital_status_unknown", ("marital_status:unknown_value",), _cell("Marital Status", "X")),
        DefectKind("too_few_fields", ("row:too_few_fields",), _cut),
    ),
    "products": (
        DefectKind("code_missing", ("product_id:missing",), _cell("Item Code", None)),
        DefectKind("price_in_words", ("list_price:not_a_number",), _cell("Retail Price", "call for price", "TBD")),
        DefectKind("price_zero", ("price_positive",), _cell("Retail Price", 0)),
        _TWICE,
    ),
    "campaign_members": (DefectKind("customer_missing", ("customer_id:missing",), _cell("customer_no", "")), _TWICE),
    "coupons": (DefectKind("item_missing", ("product_id:missing",), _cell("item_code", "")), _TWICE),
    "redemptions": (
        DefectKind("day_that_is_none", ("redeemed_on:not_a_date",), _cell("Redeemed On", "last week", "13/13/2026")),
        DefectKind("customer_missing", ("customer_id:missing",), _cell("Customer No", None)),
        _TWICE,
    ),
    "reviews": (
        DefectKind("six_stars", ("rating_in_range",), _cell("stars", 6, 0, 11)),
        DefectKind("stars_in_words", ("rating:not_an_integer",), _cell("stars", "five", "****")),
        DefectKind("item_missing", ("product_id:missing",), _cell("item", None)),
        DefectKind("torn_line", ("row:not_json",), _torn),
    ),
    "events": (
        DefectKind("time_that_is_none", ("occurred_at:not_a_timestamp",), _cell("at", "0000-00-00T00:00:00Z", "now")),
        DefectKind("action_unknown", ("event_type:unknown_value",), _cell("action", "hover", "VIEW?")),
        DefectKind("torn_line", ("row:not_json",), _torn),
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
    """A spoiled row's place among the rows it was delivered with, from 0, and what was done to it."""

    position: int
    kind: DefectKind


def spoil(
    feed: Feed, rows: list[Row], before: tuple[int, int], chance: np.random.Generator
) -> tuple[list[Row | str], list[SpoiledRow]]:
    """The rows as delivered, some with a defect. before: rows and defects that the file has already."""
    kinds = KINDS.get(feed.name, ())
    hit = np.flatnonzero(chance.random(len(rows)) < RATES.get(feed.name, 0.0))
    delivered: list[Row | str] = []
    found: list[SpoiledRow] = []
    done = 0
    for position in hit.tolist():
        delivered += rows[done:position]
        done = position + 1
        kind = kinds[chance.choice(len(kinds), p=_shares(kinds))]
        pick = int(chance.integers(0, 1000))
        allowed = before[1] + len(found) + 1 <= LARGEST_SHARE * (before[0] + len(delivered) + 1)
        if not allowed or not kind.fits(feed, rows[position]):
            delivered.append(rows[position])
            continue
        found.append(SpoiledRow(len(delivered), kind))
        delivered.append(kind.spoil(feed, rows[position], pick))
        if kind.fate == DUPLICATE:
            delivered.append(list(rows[position]))
    return delivered + rows[done:], found


def _shares(kinds: tuple[DefectKind, ...]) -> list[float]:
    total = sum(kind.weight for kind in kinds)
    return [kind.weight / total for kind in kinds]
