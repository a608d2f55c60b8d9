"""When a call may be made: business hours of the place, in UTC, on the right days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from basketry.domains.marketing.calling import Calling, Hours, load_calling
from basketry.domains.marketing.locations import (
    DISAGREE,
    FROM_COUNTRY,
    FROM_COUNTRY_ZONES,
    FROM_STATE,
    FROM_STATE_ZONES,
    FROM_ZIP,
    NOWHERE,
    Address,
    Location,
    locate,
    state_zones,
    zip_rows,
)
from basketry.domains.marketing.windows import call_windows, days_after, merge_equal_zones
from tests.kit.documents import INCLUDE, Document
from tests.kit.mistakes import Mistake, mistakes

EVERY_DAY = frozenset(range(7))
CALLING = Calling(
    Hours(time(9), time(18), EVERY_DAY),
    {"TX": Hours(time(10), time(20), EVERY_DAY), "MA": Hours(time(9), time(18), frozenset(range(5)))},
)
NEW_YORK = Location("US", ("America/New_York",), ("NY",), FROM_ZIP)
ZONES = {"NY": ("America/New_York",), "TX": ("America/Chicago", "America/Denver"), "MA": ("America/New_York",)}


def utc(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "sunday", "hours"),
    [(date(2026, 3, 7), date(2026, 3, 8), (14, 13)), (date(2026, 10, 31), date(2026, 11, 1), (13, 14))],
)
def test_clocks_that_change_move_the_window(before: date, sunday: date, hours: tuple[int, int]) -> None:
    """Nine o'clock in New York is an hour earlier in UTC from the Sunday in March on, an hour later from that in November."""
    windows = call_windows(NEW_YORK, (before, sunday), CALLING)
    assert [one.starts_at for one in windows] == [utc(before, hours[0]), utc(sunday, hours[1])]
    assert all(one.ends_at and one.starts_at and (one.ends_at - one.starts_at).seconds == 9 * 3600 for one in windows)


def test_arizona_keeps_its_clocks() -> None:
    """A zone without daylight saving has the same window before and after the Sunday."""
    phoenix = Location("US", ("America/Phoenix",), ("AZ",), FROM_ZIP)
    windows = call_windows(phoenix, (date(2026, 3, 7), date(2026, 3, 8)), CALLING)
    assert [one.starts_at and one.starts_at.hour for one in windows] == [16, 16]


def test_two_zones_give_what_is_legal_in_both() -> None:
    """Texas has two: it begins when the western one opens and ends when the eastern one closes."""
    day = date(2026, 6, 3)
    location = locate(Address("US", "TX"), ZONES)
    assert location.zones_from == FROM_STATE_ZONES
    (window,) = call_windows(location, (day,), CALLING)
    assert (window.starts_at, window.ends_at) == (utc(day, 16), utc(date(2026, 6, 4), 1))


@pytest.mark.parametrize("day", [date(2026, 7, 3), date(2026, 11, 26), date(2026, 12, 25)])
def test_nobody_is_called_on_a_federal_holiday(day: date) -> None:
    """Nor on the day on which one is observed (4 July 2026 is a Saturday)."""
    (window,) = call_windows(NEW_YORK, (day,), CALLING)
    assert window.starts_at is None and window.ends_at is None


def test_a_state_has_days_of_its_own() -> None:
    """Massachusetts is not called on a Sunday here, New York is."""
    sunday = date(2026, 6, 7)
    boston = Location("US", ("America/New_York",), ("MA",), FROM_ZIP)
    assert call_windows(boston, (sunday,), CALLING)[0].starts_at is None
    assert call_windows(NEW_YORK, (sunday,), CALLING)[0].starts_at is not None


def test_the_week_is_the_seven_days_after() -> None:
    """Of a Sunday: Monday to Sunday."""
    assert days_after(date(2026, 11, 22)) == tuple(date(2026, 11, day) for day in range(23, 30))


@pytest.mark.parametrize(
    ("address", "zones_from", "zones"),
    [
        (("US", "NY", "NY", "America/New_York"), FROM_ZIP, ("America/New_York",)),
        (("US", None, "NY", "America/New_York"), FROM_ZIP, ("America/New_York",)),
        (("US", "NY", None, None), FROM_STATE, ("America/New_York",)),
        (("US", "NY", "TX", "America/Chicago"), DISAGREE, ("America/Chicago", "America/New_York")),
        (("US", "XX", None, None), NOWHERE, ()),
        (("US", "XX", "NY", "America/New_York"), FROM_ZIP, ("America/New_York",)),
        (("US", None, None, None), NOWHERE, ()),
        (("GB", None, None, None), FROM_COUNTRY, ("Europe/London",)),
        ((None, "NY", None, None), NOWHERE, ()),
    ],
)
def test_where_an_address_lies(address: tuple[str | None, ...], zones_from: str, zones: tuple[str, ...]) -> None:
    """By ZIP, else by state, else by a country of one zone; an unknown state says nothing; both must hold where they differ."""
    location = locate(Address(*address), ZONES)
    assert (location.zones_from, location.zones) == (zones_from, zones)


WEEK = days_after(date(2026, 2, 1))


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("DE", "Europe/Berlin"),
        ("MY", "Asia/Kuala_Lumpur"),
        ("AR", "America/Argentina/Buenos_Aires"),
        ("CY", "Asia/Nicosia"),
        ("UZ", "Asia/Samarkand"),
    ],
)
def test_zones_that_keep_the_same_time_are_one(country: str, zone: str) -> None:
    """A country with several names for one time has a single time zone, and is called."""
    location = merge_equal_zones(locate(Address(country), ZONES), WEEK, CALLING)
    assert (location.zones, location.zones_from) == ((zone,), FROM_COUNTRY)
    assert any(one.starts_at for one in call_windows(location, WEEK, CALLING))


def test_zones_that_differ_give_what_they_have_in_common() -> None:
    """From nine o'clock in the west to six in the east: China from Urumqi to Shanghai, Canada over five hours less a half."""
    day = date(2026, 2, 3)
    china = merge_equal_zones(locate(Address("CN"), ZONES), (day,), CALLING)
    assert (china.zones, china.zones_from) == (("Asia/Shanghai", "Asia/Urumqi"), FROM_COUNTRY_ZONES)
    assert call_windows(china, (day,), CALLING)[0].starts_at == utc(day, 3)
    canada = merge_equal_zones(locate(Address("CA"), ZONES), (day,), CALLING)
    (window,) = call_windows(canada, (day,), CALLING)
    assert window.starts_at and window.ends_at and (window.ends_at - window.starts_at).seconds == 4.5 * 3600


def test_what_shares_no_hour_is_nowhere() -> None:
    """In Russia no hour of calls is one everywhere; a country nobody knows has no zone at all."""
    for country in ("RU", None):
        location = merge_equal_zones(locate(Address(country), ZONES), WEEK, CALLING)
        assert (location.zones, location.zones_from) == ((), NOWHERE)


def test_zones_are_one_on_the_days_looked_at() -> None:
    """Two zones of a state that keep the same time in winter differ when one changes its clocks; a holiday is no reason."""
    zones = {"AZ": ("America/Denver", "America/Phoenix")}
    winter = merge_equal_zones(locate(Address("US", "AZ"), zones), (date(2026, 12, 25),), CALLING)
    summer = merge_equal_zones(locate(Address("US", "AZ"), zones), (date(2026, 6, 3),), CALLING)
    assert (winter.zones_from, summer.zones_from) == (FROM_STATE, FROM_STATE_ZONES)
    assert (winter.zones, summer.zones) == (("America/Denver",), zones["AZ"])


def test_no_zone_no_window() -> None:
    """Who lives nowhere known is not called."""
    assert all(
        one.starts_at is None
        for one in call_windows(Location("US", (), (), NOWHERE), days_after(date(2026, 6, 1)), CALLING)
    )


def test_the_package_knows_every_state() -> None:
    """Two zones in Tennessee, one in New York, none that is no time zone, none of military post."""
    rows = zip_rows()
    zones = state_zones(rows)
    assert len(rows) > 40_000 and len(zones) >= 56
    assert zones["TN"] == ("America/Chicago", "America/New_York") and zones["NY"] == ("America/New_York",)
    assert all("/" in zone for found in zones.values() for zone in found) and "AE" not in zones


def test_the_shipped_file_is_legal() -> None:
    """include/calling.yaml loads, and every state's hours lie within the federal limit."""
    calling = load_calling(INCLUDE)
    assert all(time(8) <= one.opens < one.closes <= time(21) for one in (calling.usual, *calling.states.values()))


HOURS = Document(
    path="calling.yaml",
    text='hours: {from: "09:00", to: "18:00", days: [mon]}\nstates:\n  TX: {to: "17:00"}\n',
    load=load_calling,
)


def test_hours_within_the_limit_are_right(tmp_path: Path) -> None:
    """What the mistakes are made in."""
    calling = HOURS.read(tmp_path)
    assert (calling.usual.opens, calling.usual.closes, calling.states["TX"].closes) == (time(9), time(18), time(17))


@mistakes(
    HOURS,
    ("09:00", "07:00", "…federal limit…"),
    ("18:00", "22:00", "…federal limit…"),
    ('from: "09:00", to: "18:00"', 'from: "18:00", to: "09:00"', "…federal limit…"),
    ("09:00", "9", "from of hours is '9'; write it as \"09:00\"…"),
    ("[mon]", "[monday]", "unknown day 'monday'…"),
    ("TX:", "Texas:", "'Texas' is no state…"),
    ('to: "17:00"', 'until: "20:00"', "unknown key 'until'…"),
    (", days: [mon]", "", "…no 'days'…"),
)
def test_a_mistake_names_its_line(mistake: Mistake, tmp_path: Path) -> None:
    """Hours outside the limit, wrong words: refused with file, line and what to do."""
    mistake.check(tmp_path)
