"""The one look at the clock below `dags/`, and what it decides: whether a business day is over.

No result depends on it: a job computes from its arguments and its tables. Only whether a day may be asked for does.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from basketry.errors import BadInputError

NOW = "BASKETRY_NOW"
"""The environment variable that stands in for the system clock: in tests, benchmarks and simulated demos."""


def now() -> datetime:
    """Return the present moment in UTC: that of BASKETRY_NOW if it is set, otherwise that of the system clock."""
    return clock_override() or datetime.now(UTC)


def clock_override() -> datetime | None:
    """Return the moment of BASKETRY_NOW in UTC, or None if it is unset.

    Raises:
        BadInputError: if it is not an ISO 8601 moment with a time zone.
    """
    text = os.environ.get(NOW)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        raise BadInputError(f"{NOW} is '{text}'; write a moment with its zone, such as 2026-01-31T12:00:00+00:00.")
    return moment.astimezone(UTC)


def last_complete_day(moment: datetime, time_zone: str) -> date:
    """Return the local day before the one on which an aware `moment` falls, however many hours either day has."""
    return moment.astimezone(ZoneInfo(time_zone)).date() - timedelta(days=1)


def check_day_is_over(day: date, moment: datetime, time_zone: str) -> None:
    """Refuse an as-of date that is not over.

    Args:
        day: the as-of date.
        moment: the present, with a time zone of its own.
        time_zone: the IANA time zone in which the day must be over.

    Raises:
        BadInputError: if the day is not over, with the last complete day.
    """
    newest = last_complete_day(moment, time_zone)
    if day > newest:
        raise BadInputError(f"the as-of date {day} is not over in {time_zone}; the last complete day is {newest}.")
