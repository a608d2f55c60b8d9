"""When somebody may be called: local business hours as UTC instants, right across daylight saving. Plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from basketry.domains.marketing.calling import EARLIEST, LATEST, Calling, Hours
from basketry.domains.marketing.locations import Location, with_zones

DAYS_AHEAD = 7


@dataclass(frozen=True)
class CallWindow:
    """When a call may be made on a day.

    Attributes:
        day: The local day.
        starts_at: First instant, None where no call may be made.
        ends_at: Last instant, None where no call may be made.
    """

    day: date
    starts_at: datetime | None = None
    ends_at: datetime | None = None


def days_after(as_of: date) -> tuple[date, ...]:
    """Return the seven days after the last day looked at."""
    return tuple(as_of + timedelta(days=number) for number in range(1, DAYS_AHEAD + 1))


def merge_equal_zones(location: Location, days: Sequence[date], calling: Calling) -> Location:
    """Keep one zone for each local time that is kept at a place on these days; none where they share no hour of calls.

    Germany has two names for one time, which are one zone; Russia is so wide that no hour is one of calls everywhere.
    """
    by_time: dict[tuple[timedelta | None, ...], str] = {}
    for zone in location.zones:
        by_time.setdefault(_times(zone, days), zone)
    zones, hours = tuple(by_time.values()), _hours(location, calling)
    is_callable = bool(zones) and any(_common(zones, hours, day) for day in days)
    return with_zones(location, zones if is_callable else ())


def _times(zone: str, days: Sequence[date]) -> tuple[timedelta | None, ...]:
    """Return how far the clocks are from UTC at both ends of the hours in which anybody may be called."""
    clocks = ZoneInfo(zone)
    return tuple(datetime.combine(day, clock, clocks).utcoffset() for day in days for clock in (EARLIEST, LATEST))


def call_windows(location: Location, days: Sequence[date], calling: Calling) -> tuple[CallWindow, ...]:
    """Compute a window for each day: what the business hours of every zone and state of the place have in common.

    None on a public holiday of the country (with the days on which it is observed), on a day of the week without calls,
    and where no time zone is known.
    """
    return tuple(_window(location, day, calling) for day in days)


def _window(location: Location, day: date, calling: Calling) -> CallWindow:
    hours = _hours(location, calling)
    is_calling_day = all(day.weekday() in state_hours.days for state_hours in hours)
    if not location.zones or not is_calling_day or is_holiday(location.country, day):
        return CallWindow(day)
    return CallWindow(day, *(_common(location.zones, hours, day) or (None, None)))


def _hours(location: Location, calling: Calling) -> list[Hours]:
    return [calling.hours(state) for state in location.states or ("",)]


def _common(zones: Sequence[str], hours: Sequence[Hours], day: date) -> tuple[datetime, datetime] | None:
    """Return the instants between which all hours of all zones hold; None where there is no such time."""
    opens = max(state_hours.opens for state_hours in hours)
    closes = min(state_hours.closes for state_hours in hours)
    starts_at = max(_instant(day, opens, zone) for zone in zones)
    ends_at = min(_instant(day, closes, zone) for zone in zones)
    return (starts_at, ends_at) if starts_at < ends_at else None


def _instant(day: date, clock: time, zone: str) -> datetime:
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)


def is_holiday(country: str | None, day: date) -> bool:
    """Say whether a day is a public holiday of a country (in the United States a federal one); unknown countries have none."""
    return country is not None and day in _holidays(country, day.year)


@lru_cache(maxsize=256)
def _holidays(country: str, year: int) -> frozenset[date]:
    import holidays

    if country not in holidays.list_supported_countries():
        return frozenset()
    return frozenset(holidays.country_holidays(country, years=year))
