"""Distinct orders, products and customers of many keys in many windows at once, in numpy.

They are counted by what follows them: an entity seen on day d, and next on day e, is among the distinct ones of a window of
n days that ends on d, d+1, …, min(d+n, e)-1, and on no other day on its account. So one pass counts for every as-of date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from basketry.features.sorting import Ints, key_starts, sort_rows
from basketry.tables.features import DISCOUNT_KINDS, LAST_YEAR_SHIFT, WINDOWS

Grid = dict[str, NDArray[np.generic]]
"""A measure by name: one row per as-of date, one column per key."""

KINDS = tuple(DISCOUNT_KINDS)
NEVER = np.iinfo(np.int64).max // 2
_LONGEST_WINDOW = max(WINDOWS.values())


@dataclass(frozen=True, kw_only=True)
class EntityDays:
    """One row per key, entity and day, sorted by them; an entity is an order, a product or a customer.

    Attributes:
        start: The first row of each key, and behind the last key the number of rows.
        flags: Bit i is set where a line had the discount kind i.
    """

    start: Ints
    key: Ints
    entity: Ints
    day: Ints
    flags: Ints


def entity_days(key: Ints, entity: Ints, day: Ints, flags: Ints, *, keys: int) -> EntityDays:
    """Return the distinct (key, entity, day) of lines that have the entity, with the flags of all their lines.

    Args:
        key: The key of each line, a code from 0.
        entity: The entity of each line, a code from 0; -1 is missing.
        day: The day of each line, since 1970-01-01.
        flags: Which discounts each line has: bit i for the kind i.
        keys: How many keys there are.
    """
    present = entity >= 0
    key, entity, day, flags = sort_rows([column[present] for column in (key, entity, day, flags)])
    if not len(key):
        return EntityDays(start=key_starts(key, keys), key=key, entity=entity, day=day, flags=flags)
    is_first = np.ones(len(key), dtype=bool)
    is_first[1:] = (key[1:] != key[:-1]) | (entity[1:] != entity[:-1]) | (day[1:] != day[:-1])
    first = np.flatnonzero(is_first)
    return EntityDays(
        start=key_starts(key[first], keys),
        key=key[first],
        entity=entity[first],
        day=day[first],
        flags=np.bitwise_or.reduceat(flags, first),
    )


def of_keys(rows: EntityDays, first: int, last: int) -> EntityDays:
    """Return the rows of the keys first … last - 1, counted from 0."""
    within = slice(rows.start[first], rows.start[last])
    return EntityDays(
        start=rows.start[first : last + 1],
        key=rows.key[within] - first,
        entity=rows.entity[within],
        day=rows.day[within],
        flags=rows.flags[within],
    )


def distinct_in_windows(entities: Mapping[str, EntityDays], keys: int, as_ofs: Ints) -> Grid:
    """Count the distinct entities of every window as of each day, also those with each kind of discount.

    Args:
        entities: The days of baskets, products and, where they are counted, customers.
        keys: How many keys there are.
        as_ofs: Days since 1970-01-01, ascending.
    """
    ends = np.unique(np.concatenate([as_ofs, as_ofs - LAST_YEAR_SHIFT]))
    now, then = np.searchsorted(ends, as_ofs), np.searchsorted(ends, as_ofs - LAST_YEAR_SHIFT)
    grids: Grid = {}
    for name, rows in entities.items():
        seen = _seen_by_windows(rows, ends)
        for kind in ("", *(() if name == "customers" else KINDS)):
            counts = _count_distinct(_with_kind(seen, kind), keys, ends)
            for window, length in WINDOWS.items():
                grids[f"{_measure_name(name, kind)}_{window}"] = counts[length][then if window == "ly30d" else now]
    return grids


def _measure_name(name: str, kind: str) -> str:
    if kind:
        return f"{name}_with_{kind}"
    return "distinct_products" if name == "products" else name


def _with_kind(rows: EntityDays, kind: str) -> EntityDays:
    if not kind:
        return rows
    return _where(rows, rows.flags & (1 << KINDS.index(kind)) != 0)


def _seen_by_windows(rows: EntityDays, ends: Ints) -> EntityDays:
    """Return the rows that a window of one of the ends can see: an entity that comes again unseen ends no count."""
    return _where(rows, np.append(ends, NEVER)[np.searchsorted(ends, rows.day)] - rows.day < _LONGEST_WINDOW)


def _where(rows: EntityDays, has: NDArray[np.bool_]) -> EntityDays:
    return EntityDays(
        start=rows.start, key=rows.key[has], entity=rows.entity[has], day=rows.day[has], flags=rows.flags[has]
    )


def _count_distinct(rows: EntityDays, keys: int, ends: Ints) -> dict[int, Ints]:
    """Count distinct entities by the window's length: (end, key); the ends ascend."""
    shape = (len(ends) + 1, keys)
    since = np.searchsorted(ends, rows.day)  # the first end that sees the row
    begins = np.bincount(since * keys + rows.key, minlength=shape[0] * keys)
    after, counts = _next_day(rows), {}
    for length in set(WINDOWS.values()):
        until = np.searchsorted(ends, np.minimum(rows.day + length, after))  # the first end that does so no more
        steps = begins - np.bincount(until * keys + rows.key, minlength=shape[0] * keys)
        counts[length] = steps.reshape(shape)[:-1].cumsum(axis=0)
    return counts


def _next_day(rows: EntityDays) -> Ints:
    """Return the day on which the row's entity comes again, or never."""
    after = np.full(len(rows.day), NEVER)
    after[:-1] = np.where(_comes_again(rows), rows.day[1:], NEVER)
    return after


def _comes_again(rows: EntityDays) -> NDArray[np.bool_]:
    """Return, for each row but the last, whether the next row has the same key and entity."""
    is_same: NDArray[np.bool_] = (rows.key[1:] == rows.key[:-1]) & (rows.entity[1:] == rows.entity[:-1])
    return is_same


def distinct_ever(rows: EntityDays, keys: int, as_ofs: Ints) -> Ints:
    """Count the distinct entities of all history as of each day: (as-of date, key)."""
    first = np.ones(len(rows.key), dtype=bool)
    first[1:] = ~_comes_again(rows)
    cells = np.searchsorted(as_ofs, rows.day[first]) * keys + rows.key[first]
    return np.bincount(cells, minlength=(len(as_ofs) + 1) * keys).reshape(-1, keys)[:-1].cumsum(axis=0)
