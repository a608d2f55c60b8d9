"""Which days are assigned, what each looks like, and what it looks back at: right in any order of days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.rfm import core, summaries
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import RFM_MIGRATION, RFM_PROFILES, RFM_SEGMENTS, Table


def on(day: date) -> str:
    """A day as a SQL condition."""
    return f"as_of = DATE'{day}'"


def stored_dates(lake: Lakehouse) -> list[date]:
    """The days that are assigned, oldest first."""
    if not lake.exists(RFM_PROFILES):
        return []
    return sorted(row.as_of for row in lake.read(RFM_PROFILES).select("as_of").distinct().collect())


def newest(dates: Iterable[date], before: date) -> date | None:
    """The newest of the days before one; None when there is none."""
    return max((day for day in dates if day < before), default=None)


def segments_of(lake: Lakehouse, day: date | None) -> DataFrame | None:
    """The stored rows of a day; None for no day."""
    return None if day is None else _rows(lake, day)


def _rows(lake: Lakehouse, day: date) -> DataFrame:
    return lake.read(RFM_SEGMENTS).where(on(day))


def write_profiles(
    lake: Lakehouse, day: date, treatments: Mapping[str, str], after: DataFrame | None
) -> Mapping[str, int]:
    """Write a day's profiles and return its customers by named segment.

    after: from `core.bought_after`, once the days after are over. None: what is known to have come true stays.
    """
    sums = [row.asDict() for row in core.segment_sums(_rows(lake, day), after).collect()]
    found = [{"as_of": day, **row} for row in summaries.profiles(sums, treatments)]
    if not found:
        raise BadInputError(f"all that was bought up to {day} was brought back: no customer has a segment.")
    if after is None and lake.exists(RFM_PROFILES):
        known = lake.read(RFM_PROFILES).where(on(day)).select("view", "segment", *summaries.OUTCOMES).collect()
        outcomes = {(row.view, row.segment): row for row in known}
        for row in found:
            kept = outcomes.get((row["view"], row["segment"]))
            row |= {name: kept[name] for name in summaries.OUTCOMES} if kept else {}
    _record(lake, RFM_PROFILES, found, day)
    return {row["segment"]: row["customers"] for row in found if row["view"] == "named"}


def _record(lake: Lakehouse, table: Table, rows: Iterable[Mapping[str, Any]], day: date) -> None:
    lake.record(table, [tuple(row[name] for name in table.column_names) for row in rows], on(day))


def bring_in_line(
    lake: Lakehouse, as_of: date, before: date | None, dates: Sequence[date], days: Sequence[int]
) -> None:
    """Write the moves of a day that was just written, and let the later days look back at it.

    before: the day that the written one looked back at; another run may have stored a newer one meanwhile. dates: all
    days that are stored now.
    """
    if newest(dates, as_of) != before:
        _look_back(lake, as_of, dates)
    for later in (day for day in dates if day > as_of):
        if not _look_back(lake, later, dates):
            break  # what did not change here changes nothing after it
    for day in (day for day in dates if day >= as_of):
        earlier = _earlier(dates, day, days)
        if earlier and (day == as_of or as_of in earlier.values()):
            _write_migration(lake, day, earlier)


def _look_back(lake: Lakehouse, day: date, dates: Sequence[date]) -> bool:
    """Compute the columns of a day that depend on the day before it again; whether any row changed."""
    stored = _rows(lake, day).withColumnsRenamed({name: f"was_{name}" for name in core.LOOKING_BACK})
    again = core.with_history(stored, segments_of(lake, newest(dates, day)), day)
    same = [F.col(name).eqNullSafe(F.col(f"was_{name}")) for name in core.LOOKING_BACK]
    if again.where(~(same[0] & same[1] & same[2] & same[3])).isEmpty():
        return False
    lake.replace(RFM_SEGMENTS, again.drop(*(f"was_{name}" for name in core.LOOKING_BACK)), where=on(day))
    return True


def _earlier(dates: Sequence[date], day: date, days: Sequence[int]) -> dict[int, date]:
    """By number of days the newest stored day at least so many days before; without those that have none."""
    found = {number: newest(dates, day - timedelta(days=number - 1)) for number in days}
    return {number: other for number, other in found.items() if other is not None}


def _write_migration(lake: Lakehouse, day: date, earlier: Mapping[int, date]) -> None:
    found = {}
    for other in set(earlier.values()):  # most numbers of days lead to a day of their own, in a young table to the same
        rows = core.paths(_rows(lake, other), _rows(lake, day)).collect()
        found[other] = list(summaries.moves(row.asDict() for row in rows))
    rows_of = (
        {"as_of": day, "days": number, "previous_as_of": other, **row}
        for number, other in earlier.items()
        for row in found[other]
    )
    _record(lake, RFM_MIGRATION, rows_of, day)
