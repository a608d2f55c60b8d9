"""SQL conditions and literals that writers of tables need."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

NEWER = ("_delivered_at", "_ordering_time", "_file_checksum", "_row_number")
"""What makes one version of a row newer than another: a total order, so the order of loading does not matter.

What the file's name says comes first, then the time that ops.files noted of the file, last its checksum, which only keeps
the order total. A row that an earlier release wrote has no ordering time and is older than those of its delivery that have.
"""


def newer_condition(*, or_same: bool = False) -> str:
    """Return the SQL condition that the row `new` is later than the row `old` in the order of NEWER.

    It is spelled out column by column, because structs that differ in nullability do not compare.

    Args:
        or_same: The condition also holds when both are the very same version.
    """
    terms = []
    for depth, name in enumerate(NEWER):
        equal = [f"new.`{earlier}` <=> old.`{earlier}`" for earlier in NEWER[:depth]]
        later = f"(new.`{name}` > old.`{name}` OR (new.`{name}` IS NOT NULL AND old.`{name}` IS NULL))"
        terms.append("(" + " AND ".join([*equal, later]) + ")")
    if or_same:
        terms.append("(" + " AND ".join(f"new.`{name}` <=> old.`{name}`" for name in NEWER) + ")")
    return " OR ".join(terms)


def date_literal(day: date) -> str:
    """Return a day as an SQL literal."""
    return f"DATE'{day}'"


def as_of_predicate(day: date) -> str:
    """Return the SQL condition that a row is of an as-of date."""
    return f"as_of = {date_literal(day)}"


def in_days(column: str, days: Iterable[date]) -> str:
    """Return the SQL condition that a column is one of these days."""
    return f"{column} IN ({', '.join(date_literal(day) for day in sorted(days))})"
