"""The assigned days: their profiles, the segments they had before, and who moved; right in whatever order days are written.

Each day looks back at the newest day before it. So a day that is written late changes what the next day looks back at, and
that of later days as long as something changes: `refresh_later_days` computes these again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import reduce
from operator import and_
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.rfm import core, summaries
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.sql import as_of_predicate
from basketry.tables import RFM_MIGRATION, RFM_PROFILES, RFM_SEGMENTS, Table


def assigned_dates(lake: Lakehouse) -> list[date]:
    """Return the days that are assigned, oldest first."""
    if not lake.exists(RFM_PROFILES):
        return []
    return sorted(row.as_of for row in lake.read(RFM_PROFILES).select("as_of").distinct().collect())


def newest_before(dates: Iterable[date], day: date) -> date | None:
    """Return the newest of the dates before a day; None when there is none."""
    return max((other for other in dates if other < day), default=None)


def read_segments(lake: Lakehouse, day: date | None) -> DataFrame | None:
    """Return the stored rows of a day; None for no day."""
    return None if day is None else _segments(lake, day)


def _segments(lake: Lakehouse, day: date) -> DataFrame:
    return lake.read(RFM_SEGMENTS).where(as_of_predicate(day))


def write_profiles(
    lake: Lakehouse, day: date, treatments: Mapping[str, str], after: DataFrame | None
) -> Mapping[str, int]:
    """Write a day's profiles and return its customers by named segment.

    Args:
        lake: The lake.
        day: The day, whose segments are written.
        treatments: The treatment of each named segment.
        after: The result of `core.bought_after` once the days after are over; with None the outcomes that are stored stay.
    """
    sums = [row.asDict() for row in core.segment_sums(_segments(lake, day), after).collect()]
    profiles = [{"as_of": day, **row} for row in summaries.profile_rows(sums, treatments)]
    if not profiles:
        raise BadInputError(f"all that was bought up to {day} was brought back: no customer has a segment.")
    if after is None and lake.exists(RFM_PROFILES):
        outcomes = _stored_outcomes(lake, day)
        for profile in profiles:
            profile |= outcomes.get((profile["view"], profile["segment"]), {})
    _record(lake, RFM_PROFILES, profiles, day)
    return {profile["segment"]: profile["customers"] for profile in profiles if profile["view"] == "named"}


def _stored_outcomes(lake: Lakehouse, day: date) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what is stored of a day's outcomes, by view and segment."""
    stored = lake.read(RFM_PROFILES).where(as_of_predicate(day))
    rows = stored.select("view", "segment", *summaries.OUTCOMES).collect()
    return {(row.view, row.segment): {name: row[name] for name in summaries.OUTCOMES} for row in rows}


def _record(lake: Lakehouse, table: Table, rows: Iterable[Mapping[str, Any]], day: date) -> None:
    lake.record(table, [tuple(row[name] for name in table.column_names) for row in rows], as_of_predicate(day))


def refresh_later_days(
    lake: Lakehouse, as_of: date, *, looked_back_at: date | None, dates: Sequence[date], distances: Sequence[int]
) -> None:
    """Write the migration of a day that was just written, and let the later days look back at it.

    Args:
        lake: The lake.
        as_of: The day that was just written.
        looked_back_at: The day that it looked back at; another run may have stored a newer one meanwhile.
        dates: All days that are stored now, oldest first.
        distances: Over how many days migration is counted.
    """
    if newest_before(dates, as_of) != looked_back_at:
        _refresh_look_back(lake, as_of, dates)
    for later in (day for day in dates if day > as_of):
        has_changed = _refresh_look_back(lake, later, dates)
        if not has_changed:
            break  # the days after it look back at what is as it was
    for day in (day for day in dates if day >= as_of):
        compared = _compared_dates(dates, day, distances)
        if compared and (day == as_of or as_of in compared.values()):
            _write_migration(lake, day, compared)


def _refresh_look_back(lake: Lakehouse, day: date, dates: Sequence[date]) -> bool:
    """Compute the columns of a day that depend on the day before it again, and return whether any row changed."""
    stored_names = {name: f"was_{name}" for name in core.LOOK_BACK_COLUMNS}
    stored = _segments(lake, day).withColumnsRenamed(stored_names)
    refreshed = core.with_history(stored, read_segments(lake, newest_before(dates, day)), day)
    is_same = reduce(and_, (F.col(name).eqNullSafe(F.col(was)) for name, was in stored_names.items()))
    if refreshed.where(~is_same).isEmpty():
        return False
    lake.replace_day(RFM_SEGMENTS, refreshed.drop(*stored_names.values()), day)
    return True


def _compared_dates(dates: Sequence[date], day: date, distances: Sequence[int]) -> dict[int, date]:
    """Return, by distance in days, the newest stored day that is at least so far before; none where there is none."""
    compared = {distance: newest_before(dates, day - timedelta(days=distance - 1)) for distance in distances}
    return {distance: earlier for distance, earlier in compared.items() if earlier is not None}


def _write_migration(lake: Lakehouse, day: date, compared: Mapping[int, date]) -> None:
    rows_by_date = {}
    for earlier in set(compared.values()):  # in a young table several distances lead to the same day
        transitions = core.transitions(_segments(lake, earlier), _segments(lake, day)).collect()
        rows_by_date[earlier] = list(summaries.migration_rows(row.asDict() for row in transitions))
    migration = (
        {"as_of": day, "days": distance, "previous_as_of": earlier, **row}
        for distance, earlier in compared.items()
        for row in rows_by_date[earlier]
    )
    _record(lake, RFM_MIGRATION, migration, day)
