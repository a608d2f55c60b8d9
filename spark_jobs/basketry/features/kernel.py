"""Exact measures of many keys as of many days at once, in numpy: no Spark, no strings, no clock.

Lines come as integer codes. What can be summed is summed up by key and day and then along the days, so that a window is
a difference of two rows, in 64-bit integers. Distinct orders, products and customers are counted in
`basketry.features.distinct`. So one pass counts for every as-of date, and no line is looked at twice however many dates are
asked for. The window of a year ago is the 30 days' window of an earlier end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from basketry.features.distinct import (
    KINDS,
    NEVER,
    EntityDays,
    Grid,
    distinct_ever,
    distinct_in_windows,
    entity_days,
    of_keys,
)
from basketry.features.sorting import Ints, group_by_key_and_day, key_starts
from basketry.tables.features import LAST_YEAR_SHIFT, RECENT_DAYS, WINDOWS

SCALE = 10_000
"""Amounts are whole numbers of 1/10,000: the exact value of a decimal with four places."""

PARTS = ("amount_list", "instore", "campaign", "manuf", "match", "amount_paid")
"""The amounts that a line comes with; the other amounts are sums of these."""

_SUMS = {
    "amount_list": {"amount_list": 1},
    "instore_discount": {"instore": 1},
    "campaign_coupon_discount": {"campaign": 1},
    "manuf_coupon_discount": {"manuf": 1},
    "total_coupon_discount": {"campaign": 1, "manuf": 1, "match": -1},
    "coupon_discount": {"campaign": 1, "manuf": 1, "match": 1},
    "amount_paid": {"amount_paid": 1},
}
_LINE_COUNTS = ("line_items", "products", *(f"line_items_with_{kind}" for kind in KINDS))
_DAY_COUNTS = ("days", *(f"days_with_{kind}" for kind in KINDS))
_COLUMNS = (*_SUMS, *_LINE_COUNTS, *_DAY_COUNTS)
_MAX_CELLS = 60_000
"""Keys times dates that are worked on at once: what bounds the memory."""


@dataclass(frozen=True, kw_only=True)
class KeyedLines:
    """Order lines of whole keys, as arrays of one length; a key, order, product or customer is a code from 0, -1 is missing.

    Attributes:
        key: What the measures are of: a customer, a category or a pair of both.
        day: Days since 1970-01-01.
        amounts: The amounts PARTS, in units of 1/SCALE.
        customer: Present only where customers are to be counted.
    """

    key: Ints
    day: Ints
    order: Ints
    product: Ints
    amounts: Mapping[str, Ints]
    customer: Ints | None = None


@dataclass(frozen=True, kw_only=True)
class _KeyDays:
    """One row per key and day, sorted by both.

    Attributes:
        start: The first row of each key, and behind the last key the number of rows.
        totals: One row more than there are days: the sums of all rows before it; columns _COLUMNS.
        last_with: For each row and discount kind the newest row up to it on which a line had that kind, -1 for none.
    """

    start: Ints
    key: Ints
    day: Ints
    totals: NDArray[np.int64]
    last_with: NDArray[np.int64]


def measure_keys(lines: KeyedLines, keys: int, as_ofs: Sequence[int]) -> Iterator[tuple[int, Grid]]:
    """Yield the declared measures in pieces: (first key of the piece, grids of its keys).

    Args:
        lines: The order lines that count.
        keys: How many keys there are.
        as_ofs: Days since 1970-01-01, ascending. A key that had no line by then has `line_items_ever` 0, and its other
            measures mean nothing.
    """
    flags = _discount_flags(lines)
    days = _key_days(lines, flags, keys)
    entities = {
        "baskets": entity_days(lines.key, lines.order, lines.day, flags, keys=keys),
        "products": entity_days(lines.key, lines.product, lines.day, flags, keys=keys),
    }
    if lines.customer is not None:
        entities["customers"] = entity_days(lines.key, lines.customer, lines.day, flags, keys=keys)
    size = max(1, _MAX_CELLS // len(as_ofs))
    for first in range(0, keys, size):
        last = min(first + size, keys)
        piece = {name: of_keys(rows, first, last) for name, rows in entities.items()}
        yield first, _grids(_Span(days, first, last), piece, np.array(as_ofs, dtype=np.int64))


def _discount_flags(lines: KeyedLines) -> Ints:
    flags = np.zeros(len(lines.key), dtype=np.int64)
    for bit, kind in enumerate(KINDS):
        flags |= (_amount(lines.amounts, kind) > 0).astype(np.int64) << bit
    return flags


def _amount(parts: Mapping[str, Ints], name: str) -> Ints:
    return reduce(np.add, (parts[part] if sign > 0 else -parts[part] for part, sign in _SUMS[name].items()))


def _key_days(lines: KeyedLines, flags: Ints, keys: int) -> _KeyDays:
    order, starts = group_by_key_and_day(lines.key, lines.day)
    key, day = lines.key[order][starts], lines.day[order][starts]
    parts = {name: np.add.reduceat(amounts[order], starts) for name, amounts in lines.amounts.items()}
    ends = np.append(starts[1:], len(order))
    products = np.add.reduceat((lines.product >= 0).astype(np.int64)[order], starts)
    with_kind = [np.add.reduceat((flags[order] >> bit) & 1, starts) for bit in range(len(KINDS))]
    kind_days = [(count > 0).astype(np.int64) for count in with_kind]
    sums = [_amount(parts, name) for name in _SUMS]
    columns = [*sums, ends - starts, products, *with_kind, np.ones_like(day), *kind_days]
    totals = np.zeros((len(day) + 1, len(columns)), dtype=np.int64)
    np.cumsum(np.stack(columns, axis=1), axis=0, out=totals[1:])
    rows = np.arange(len(day))
    last_with = np.stack([np.maximum.accumulate(np.where(has, rows, -1)) for has in kind_days], axis=1)
    return _KeyDays(start=key_starts(key, keys), key=key, day=day, totals=totals, last_with=last_with)


def _grids(span: _Span, entities: Mapping[str, EntityDays], as_ofs: Ints) -> Grid:
    """Return every measure of the span's keys."""
    grids: Grid = {}
    for window, length in WINDOWS.items():
        ends = as_ofs - LAST_YEAR_SHIFT if window == "ly30d" else as_ofs
        sums = span.totals(ends) - span.totals(ends - length)
        grids |= {f"{name}_{window}": grid for name, grid in _by_name(sums).items()}
        grids |= {f"{name}_{window}": grid for name, grid in span.days_since_discounts(ends, length).items()}
    grids |= distinct_in_windows(entities, span.keys, as_ofs)
    return grids | _history(span, entities, as_ofs)


def _by_name(sums: NDArray[np.int64]) -> Grid:
    counts: Grid = {name: _column(sums, name) for name in _COLUMNS}
    return counts | {name: _column(sums, name) / SCALE for name in _SUMS}


def _column(sums: NDArray[np.int64], name: str) -> NDArray[np.int64]:
    return sums[:, :, _COLUMNS.index(name)]


class _Span:
    """The days of the keys first … last - 1, looked up by the end of a window."""

    def __init__(self, days: _KeyDays, first: int, last: int) -> None:
        self.days = days
        self.keys = last - first
        self.first_row = days.start[first:last]
        rows = slice(days.start[first], days.start[last])
        self.base = int(days.day[rows].min(initial=NEVER)) - 1
        self.width = max(int(days.day[rows].max(initial=self.base)) - self.base, 0) + 1
        self.packed = (days.key[rows] - first) * self.width + (days.day[rows] - self.base)
        self.offset = int(days.start[first])
        # A key without any line has no first day; whatever stands there is masked by its line_items_ever of 0.
        self.first_day = days.day[np.minimum(self.first_row, len(days.day) - 1)]

    def rows(self, ends: Ints) -> Ints:
        """Return, for each end and key, how many rows of the table come before the key's first day after that end."""
        within = np.clip(ends - self.base, 0, self.width - 1)
        wanted = np.arange(self.keys) * self.width + within[:, None]
        return np.searchsorted(self.packed, wanted, side="right") + self.offset

    def totals(self, ends: Ints) -> NDArray[np.int64]:
        """Return the sums of everything before: (end, key, column); only differences of two ends of one key count."""
        return self.days.totals[self.rows(ends)]

    def ever(self, ends: Ints) -> NDArray[np.int64]:
        """Return the sums over all history of the key: (end, key, column)."""
        return self.totals(ends) - self.days.totals[self.first_row]

    def days_since_discounts(self, ends: Ints, length: int) -> Grid:
        """Return the days from the last line with each kind of discount to the end of a window of `length` days.

        A key that also has a line without that kind has length - 1 at most; a key without any line has 0.
        """
        newest_row = np.maximum(self.rows(ends) - 1, 0)
        ever = self.ever(ends)
        lines = _column(ever, "line_items")
        grids: Grid = {}
        for bit, kind in enumerate(KINDS):
            discount_row = self.days.last_with[newest_row, bit]
            has_discount = discount_row >= self.first_row  # an earlier row is another key's
            since = np.where(has_discount, ends[:, None] - self.days.day[discount_row], NEVER)
            has_line_without = lines > _column(ever, f"line_items_with_{kind}")
            since = np.where(has_line_without, np.minimum(since, length - 1), since)
            grids[f"days_since_{kind}"] = np.where(lines > 0, since, 0)
        return grids


def _history(span: _Span, entities: Mapping[str, EntityDays], as_ofs: Ints) -> Grid:
    """Return the measures over all history and the further windows of days."""
    totals, ever = span.totals(as_ofs), _by_name(span.ever(as_ofs))
    last = np.maximum(span.rows(as_ofs) - 1, 0)
    grids: Grid = {f"{name}_ever": ever[name] for name in ("days", "line_items", "amount_list", "amount_paid")}
    grids["days_since_first"] = as_ofs[:, None] - span.first_day
    grids["days_since_last"] = as_ofs[:, None] - span.days.day[last]
    for name, stored in (("baskets", "baskets_ever"), ("products", "distinct_products_ever")):
        grids[stored] = distinct_ever(entities[name], span.keys, as_ofs)
    for name, length in RECENT_DAYS.items():
        grids[f"days_{name}"] = _by_name(totals - span.totals(as_ofs - length))["days"]
    return grids
