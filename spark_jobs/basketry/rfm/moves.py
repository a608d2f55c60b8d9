"""Which days are assigned, and what each looks back at: previous segments and migration, right in any order of days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.lakehouse import Lakehouse
from basketry.rfm import core
from basketry.tables import RFM_MIGRATION, RFM_PROFILES, RFM_SEGMENTS

HISTORY = ("previous_segment", "segment_since", "previous_cluster", "cluster_since")
"""Columns of gold.rfm_segments that depend on the day before."""


def stored_dates(lake: Lakehouse) -> list[date]:
    """The days that are assigned, oldest first."""
    if not lake.exists(RFM_PROFILES):
        return []
    return sorted(row.as_of for row in lake.read(RFM_PROFILES).select("as_of").distinct().collect())


def newest(dates: Iterable[date], before: date) -> date | None:
    """The newest of the days before one; None when there is none."""
    return max((day for day in dates if day < before), default=None)


def segments_of(lake: Lakehouse, day: date | None) -> DataFrame | None:
    """The stored rows of a day."""
    return None if day is None else lake.read(RFM_SEGMENTS).where(_on(day))


def _on(day: date) -> str:
    return f"as_of = DATE'{day}'"


def bring_in_line(lake: Lakehouse, as_of: date, before: date | None, days: Sequence[int]) -> None:
    """Write the moves of a day that was just written, and let the later days look back at it.

    before: the day that the written one looked back at; another run may have stored a newer one meanwhile.
    """
    dates = stored_dates(lake)
    if newest(dates, as_of) != before:
        _look_back(lake, as_of, dates)
    for later in (day for day in dates if day > as_of):
        if not _look_back(lake, later, dates):
            break  # what did not change here changes nothing after it
    for day in dates:
        if day == as_of or (day > as_of and as_of in _earlier(dates, day, days).values()):
            _write_migration(lake, day, _earlier(dates, day, days))


def _look_back(lake: Lakehouse, day: date, dates: Sequence[date]) -> bool:
    """Compute the columns of a day that depend on the day before it again; whether any row changed."""
    stored = segments_of(lake, day)
    assert stored is not None  # noqa: S101 the day is one of those stored
    again = core.with_history(stored.drop(*HISTORY), segments_of(lake, newest(dates, day)), day)
    both = again.select("customer_id", *HISTORY).exceptAll(stored.select("customer_id", *HISTORY))
    if both.isEmpty():
        return False
    lake.replace(RFM_SEGMENTS, again, where=_on(day))
    return True


def _earlier(dates: Sequence[date], day: date, days: Sequence[int]) -> dict[int, date]:
    """By number of days the newest stored day at least so many days before; without those that have none."""
    found = {number: newest(dates, day - timedelta(days=number - 1)) for number in days}
    return {number: other for number, other in found.items() if other is not None}


def _write_migration(lake: Lakehouse, day: date, earlier: dict[int, date]) -> None:
    after = segments_of(lake, day)
    parts = []
    for number, other in earlier.items():
        before = segments_of(lake, other)
        assert before is not None and after is not None  # noqa: S101 both are stored
        keys = {"as_of": F.lit(day), "days": F.lit(number), "previous_as_of": F.lit(other)}
        parts.append(core.migration(before, after).withColumns(keys))
    if parts:
        lake.replace(RFM_MIGRATION, reduce(DataFrame.unionByName, parts), where=_on(day))
