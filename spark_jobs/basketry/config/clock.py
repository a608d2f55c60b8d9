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
    """The present moment in UTC: the one that is set, else the system clock's; see `moment_set` for errors."""
    return moment_set() or datetime.now(UTC)


def moment_set() -> datetime | None:
    """The moment of BASKETRY_NOW in UTC, None where it is unset; BadInputError for no ISO 8601 moment with a zone."""
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
    """The local day before the one that `moment` (aware) falls on in `time_zone`, however many hours either has."""
    return moment.astimezone(ZoneInfo(time_zone)).date() - timedelta(days=1)


def check_over(day: date, moment: datetime, time_zone: str) -> None:
    """BadInputError when an as-of date is not over in the time zone at that moment (aware)."""
    newest = last_complete_day(moment, time_zone)
    if day > newest:
        raise BadInputError(f"the as-of date {day} is not over in {time_zone}; the last complete day is {newest}.")
