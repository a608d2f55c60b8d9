"""Exact measures of many keys as of many days at once, in numpy: no Spark, no strings, no clock.

Lines come as integer codes. What can be summed is summed up by key and day and then along the days, so that a window is
a difference of two rows, in 64-bit integers. Distinct orders, products and customers are counted by what follows them:
something seen on day d, and next on day e, is among the distinct ones of a window of n days that ends on
d, d+1, …, min(d+n, e)-1, and on no other day on its account. So one pass counts for every as-of date, and no line is
looked at twice however many dates are asked for. The window of a year ago is the 30 days' window of an earlier end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from basketry.features.sorting import Ints, grouped, sorted_rows
from basketry.tables.features import DISCOUNT_KINDS, LAST_YEAR_SHIFT, RECENT_DAYS, WINDOWS

Grid = dict[str, NDArray[np.generic]]
"""A measure by name: one row an as-of date, one column a key."""

SCALE = 10_000
"""Amounts are whole numbers of 1/10,000: the exact value of a decimal with four places."""

PARTS = ("amount_list", "instore", "campaign", "manuf", "match", "amount_paid")
"""The amounts of a line that are given; the other amounts are sums of these."""

_SUMS = {
    "amount_list": {"amount_list": 1},
    "instore_discount": {"instore": 1},
    "campaign_coupon_discount": {"campaign": 1},
    "manuf_coupon_discount": {"manuf": 1},
    "total_coupon_discount": {"campaign": 1, "manuf": 1, "match": -1},
    "coupon_discount": {"campaign": 1, "manuf": 1, "match": 1},
    "amount_paid": {"amount_paid": 1},
}
_KINDS = tuple(DISCOUNT_KINDS)
_LINE_COUNTS = ("line_items", "products", *(f"line_items_with_{kind}" for kind in _KINDS))
_DAY_COUNTS = ("days", *(f"days_with_{kind}" for kind in _KINDS))
_COLUMNS = (*_SUMS, *_LINE_COUNTS, *_DAY_COUNTS)
_NEVER = np.iinfo(np.int64).max // 2
_LONGEST = max(WINDOWS.values())
_CELLS = 60_000
"""Keys times dates that are worked on at once: what bounds the memory."""


@dataclass(frozen=True)
class Lines:
    """Order lines of whole keys, arrays of one length. key, order, product, customer: codes from 0; -1 is missing.

    day: days since 1970-01-01. amounts: PARTS in units of 1/SCALE. customer: only where customers are to be counted.
    """

    key: Ints
    day: Ints
    order: Ints
    product: Ints
    amounts: Mapping[str, Ints]
    customer: Ints | None = None


@dataclass(frozen=True)
class _Days:
    """One row a key and day, in that order. totals has one row more than days: the sums of all rows before it."""

    start: Ints
    key: Ints
    day: Ints
    totals: NDArray[np.int64]
    last_with: NDArray[np.int64]


@dataclass(frozen=True)
class _Things:
    """One row a key, thing and day, in that order; flags: bit i is set where a line had the discount kind i."""

    start: Ints
    key: Ints
    thing: Ints
    day: Ints
    flags: Ints


def measures(lines: Lines, keys: int, as_ofs: Sequence[int]) -> Iterator[tuple[int, Grid]]:
    """The declared measures of `keys` keys as of each day, in pieces: (first key of the piece, grids of its keys).

    as_ofs: days since 1970-01-01, ascending. A key that had no line yet has `line_items_ever` 0 and means nothing.
    """
    flags = _flags(lines)
    days = _days(lines, flags, keys)
    things = {
        "baskets": _things(lines, lines.order, flags, keys),
        "products": _things(lines, lines.product, flags, keys),
    }
    if lines.customer is not None:
        things["customers"] = _things(lines, lines.customer, flags, keys)
    size = max(1, _CELLS // len(as_ofs))
    for first in range(0, keys, size):
        last = min(first + size, keys)
        piece = {name: _slice(rows, first, last) for name, rows in things.items()}
        yield first, _grids(days, piece, first, last, np.array(as_ofs, dtype=np.int64))


def _flags(lines: Lines) -> Ints:
    flags = np.zeros(len(lines.key), dtype=np.int64)
    for bit, kind in enumerate(_KINDS):
        flags |= (_amount(lines.amounts, kind) > 0).astype(np.int64) << bit
    return flags


def _amount(parts: Mapping[str, Ints], name: str) -> Ints:
    return reduce(np.add, (parts[part] if sign > 0 else -parts[part] for part, sign in _SUMS[name].items()))


def _days(lines: Lines, flags: Ints, keys: int) -> _Days:
    order, starts = grouped(lines.key, lines.day)
    key, day = lines.key[order][starts], lines.day[order][starts]
    parts = {name: np.add.reduceat(amounts[order], starts) for name, amounts in lines.amounts.items()}
    ends = np.append(starts[1:], len(order))
    products = np.add.reduceat((lines.product >= 0).astype(np.int64)[order], starts)
    with_kind = [np.add.reduceat((flags[order] >> bit) & 1, starts) for bit in range(len(_KINDS))]
    kind_days = [(count > 0).astype(np.int64) for count in with_kind]
    sums = [_amount(parts, name) for name in _SUMS]
    columns = [*sums, ends - starts, products, *with_kind, np.ones_like(day), *kind_days]
    totals = np.zeros((len(day) + 1, len(columns)), dtype=np.int64)
    np.cumsum(np.stack(columns, axis=1), axis=0, out=totals[1:])
    rows = np.arange(len(day))
    last_with = np.stack([np.maximum.accumulate(np.where(has, rows, -1)) for has in kind_days], axis=1)
    return _Days(_starts(key, keys), key, day, totals, last_with)


def _starts(key: Ints, keys: int) -> Ints:
    return np.searchsorted(key, np.arange(keys + 1))


def _things(lines: Lines, thing: Ints, flags: Ints, keys: int) -> _Things:
    """The distinct (key, thing, day) of lines that have the thing, with the flags of all their lines."""
    known = thing >= 0
    columns = sorted_rows([column[known] for column in (lines.key, thing, lines.day, flags)])
    same = np.ones(max(len(columns[0]) - 1, 0), dtype=bool)
    for column in columns[:3]:
        same &= column[1:] == column[:-1]
    starts = np.flatnonzero(np.concatenate([[True][: len(columns[0])], ~same]))
    key, thing, day = (column[starts] for column in columns[:3])
    either = np.bitwise_or.reduceat(columns[3], starts) if len(starts) else columns[3]
    return _Things(_starts(key, keys), key, thing, day, either)


def _slice(things: _Things, first: int, last: int) -> _Things:
    rows = slice(things.start[first], things.start[last])
    key = things.key[rows] - first
    return _Things(things.start[first : last + 1], key, things.thing[rows], things.day[rows], things.flags[rows])


def _grids(days: _Days, things: Mapping[str, _Things], first: int, last: int, as_ofs: Ints) -> Grid:
    """Every measure of the keys first … last - 1."""
    span = _Span(days, first, last)
    grids: Grid = {}
    for window, length in WINDOWS.items():
        ends = as_ofs - LAST_YEAR_SHIFT if window == "ly30d" else as_ofs
        sums = span.totals(ends) - span.totals(ends - length)
        grids |= {f"{name}_{window}": grid for name, grid in _named(sums).items()}
        grids |= {f"{name}_{window}": grid for name, grid in span.days_since(ends, length).items()}
    grids |= _distinct_in_windows(things, last - first, as_ofs)
    return grids | _history(span, things, as_ofs)


def _named(sums: NDArray[np.int64]) -> Grid:
    named: Grid = {name: sums[:, :, place] for place, name in enumerate(_COLUMNS)}
    return named | {name: sums[:, :, _COLUMNS.index(name)] / SCALE for name in _SUMS}


class _Span:
    """The days of some keys, looked up by the end of a window."""

    def __init__(self, days: _Days, first: int, last: int) -> None:
        self.days = days
        self.first_row = days.start[first:last]
        rows = slice(days.start[first], days.start[last])
        self.base = int(days.day[rows].min(initial=_NEVER)) - 1
        self.width = max(int(days.day[rows].max(initial=self.base)) - self.base, 0) + 1
        self.packed = (days.key[rows] - first) * self.width + (days.day[rows] - self.base)
        self.offset = int(days.start[first])
        # A key without any line has no first day; whatever stands there is masked by its line_items_ever of 0.
        self.first_day = days.day[np.minimum(self.first_row, len(days.day) - 1)]

    def rows(self, ends: Ints) -> Ints:
        """For each end and key, how many rows of the table come before the key's first day after that end."""
        within = np.clip(ends - self.base, 0, self.width - 1)
        wanted = np.arange(len(self.first_row)) * self.width + within[:, None]
        return np.searchsorted(self.packed, wanted, side="right") + self.offset

    def totals(self, ends: Ints) -> NDArray[np.int64]:
        """Sums of everything before; (end, key, column). Only differences of two ends of one key mean something."""
        return self.days.totals[self.rows(ends)]

    def ever(self, ends: Ints) -> NDArray[np.int64]:
        """Sums over all history of the key; (end, key, column)."""
        return self.totals(ends) - self.days.totals[self.first_row]

    def days_since(self, ends: Ints, length: int) -> Grid:
        """Days from the last line with a discount, at most length - 1 where a line came without; no line: 0."""
        rows, ever = self.rows(ends), self.ever(ends)
        lines = ever[:, :, _COLUMNS.index("line_items")]
        grids: Grid = {}
        for bit, kind in enumerate(_KINDS):
            last = self.days.last_with[np.maximum(rows - 1, 0), bit]
            since = np.where(last >= self.first_row, ends[:, None] - self.days.day[last], _NEVER)
            without = lines > ever[:, :, _COLUMNS.index(f"line_items_with_{kind}")]
            since = np.where(without, np.minimum(since, length - 1), since)
            grids[f"days_since_{kind}"] = np.where(lines > 0, since, 0)
        return grids


def _distinct_in_windows(things: Mapping[str, _Things], keys: int, as_ofs: Ints) -> Grid:
    ends = np.unique(np.concatenate([as_ofs, as_ofs - LAST_YEAR_SHIFT]))
    now, then = np.searchsorted(ends, as_ofs), np.searchsorted(ends, as_ofs - LAST_YEAR_SHIFT)
    grids: Grid = {}
    for name, rows in things.items():
        near = _near(rows, ends)
        for kind in ("", *(() if name == "customers" else _KINDS)):
            counts = _distinct(_of_kind(near, kind), keys, ends)
            for window, length in WINDOWS.items():
                grids[f"{_counted(name, kind)}_{window}"] = counts[length][then if window == "ly30d" else now]
    return grids


def _counted(name: str, kind: str) -> str:
    if kind:
        return f"{name}_with_{kind}"
    return "distinct_products" if name == "products" else name


def _of_kind(rows: _Things, kind: str) -> _Things:
    if not kind:
        return rows
    return _where(rows, rows.flags & (1 << _KINDS.index(kind)) != 0)


def _near(rows: _Things, ends: Ints) -> _Things:
    """The rows that a window of one of the ends can see: what comes between two of them is of no account either."""
    return _where(rows, np.append(ends, _NEVER)[np.searchsorted(ends, rows.day)] - rows.day < _LONGEST)


def _where(rows: _Things, has: NDArray[np.bool_]) -> _Things:
    return _Things(rows.start, rows.key[has], rows.thing[has], rows.day[has], rows.flags[has])


def _distinct(rows: _Things, keys: int, ends: Ints) -> dict[int, Ints]:
    """Distinct things by the window's length; (end, key). ends: ascending."""
    shape = (len(ends) + 1, keys)
    since = np.searchsorted(ends, rows.day)  # the first end that sees the row
    begins = np.bincount(since * keys + rows.key, minlength=shape[0] * keys)
    after, counts = _next_day(rows), {}
    for length in set(WINDOWS.values()):
        until = np.searchsorted(ends, np.minimum(rows.day + length, after))  # the first end that does so no more
        steps = begins - np.bincount(until * keys + rows.key, minlength=shape[0] * keys)
        counts[length] = steps.reshape(shape)[:-1].cumsum(axis=0)
    return counts


def _next_day(rows: _Things) -> Ints:
    """The day on which the row's thing comes again, or never."""
    again = (rows.key[1:] == rows.key[:-1]) & (rows.thing[1:] == rows.thing[:-1])
    return np.append(np.where(again, rows.day[1:], _NEVER), _NEVER)[: len(rows.day)]


def _history(span: _Span, things: Mapping[str, _Things], as_ofs: Ints) -> Grid:
    """The measures over all history and the further windows of days."""
    totals, ever = span.totals(as_ofs), _named(span.ever(as_ofs))
    last = np.maximum(span.rows(as_ofs) - 1, 0)
    grids: Grid = {f"{name}_ever": ever[name] for name in ("days", "line_items", "amount_list", "amount_paid")}
    grids["days_since_first"] = as_ofs[:, None] - span.first_day
    grids["days_since_last"] = as_ofs[:, None] - span.days.day[last]
    for name, stored in (("baskets", "baskets_ever"), ("products", "distinct_products_ever")):
        grids[stored] = _distinct_ever(things[name], len(span.first_row), as_ofs)
    for name, length in RECENT_DAYS.items():
        grids[f"days_{name}"] = _named(totals - span.totals(as_ofs - length))["days"]
    return grids


def _distinct_ever(rows: _Things, keys: int, as_ofs: Ints) -> Ints:
    again = (rows.key[1:] == rows.key[:-1]) & (rows.thing[1:] == rows.thing[:-1])
    first = ~np.concatenate([[False][: len(rows.key)], again])
    cells = np.searchsorted(as_ofs, rows.day[first]) * keys + rows.key[first]
    return np.bincount(cells, minlength=(len(as_ofs) + 1) * keys).reshape(-1, keys)[:-1].cumsum(axis=0)
