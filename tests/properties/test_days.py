"""Days: periods tile the calendar, and nobody is called outside lawful hours, whatever the clocks do that night."""

from __future__ import annotations

from datetime import UTC, date, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from basketry.config.settings import CHECKOUT
from basketry.domains.marketing.calling import EARLIEST, LATEST, Calling, Hours, load_calling
from basketry.domains.marketing.locations import Location
from basketry.domains.marketing.windows import call_windows, days_after, is_holiday
from basketry.retail.business_calendar import is_partial, period_end, period_start
from basketry.tables import GRAINS
from tests.properties import SAME_EACH_TIME

CHANGES = [
    date(2026, 3, 8),
    date(2026, 11, 1),
    date(2026, 3, 29),
    date(2026, 10, 25),
    date(2028, 2, 29),
    date(2032, 2, 29),
]
"""Days on which clocks change, and leap days."""
days = st.one_of(st.dates(date(2019, 1, 1), date(2035, 12, 31)), st.sampled_from(CHANGES))
zones = st.lists(
    st.sampled_from(
        [
            "America/New_York",
            "America/Chicago",
            "America/Phoenix",
            "America/Los_Angeles",
            "Pacific/Honolulu",
            "America/Anchorage",
            "Europe/Paris",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "America/St_Johns",
            "Africa/Casablanca",
        ]
    ),
    max_size=3,
    unique=True,
)
clocks = st.tuples(st.integers(8 * 4, 21 * 4), st.integers(8 * 4, 21 * 4)).filter(lambda pair: pair[0] < pair[1])
hours = st.builds(
    lambda pair, called: Hours(*(time(quarter // 4, quarter % 4 * 15) for quarter in pair), frozenset(called)),
    clocks,
    st.sets(st.integers(0, 6)),
)
SHIPPED = load_calling(CHECKOUT / "include")


@SAME_EACH_TIME
@given(day=days, grain=st.sampled_from(GRAINS))
def test_periods_tile_the_calendar(day: date, grain: str) -> None:
    """A day lies in exactly one period, the next period begins the day after it ends, and every day of it agrees."""
    first, last = period_start(day, grain), period_end(day, grain)
    assert first <= day <= last
    assert period_start(last + timedelta(days=1), grain) == last + timedelta(days=1)
    assert {period_start(one, grain) for one in (first, day, last)} == {first}
    assert {period_end(one, grain) for one in (first, day, last)} == {last}
    assert is_partial(last, day) == (day < last)


@SAME_EACH_TIME
@given(day=days, zones=zones, usual=hours, odd=hours, states=st.sets(st.sampled_from(["NY", "CA", "TX"])))
def test_a_call_is_within_the_hours_of_every_place(
    day: date, zones: list[str], usual: Hours, odd: Hours, states: set[str]
) -> None:
    """At both ends of a window the clock of every zone is within the hours of every state, on that very day.

    Also on the day that clocks change; without a zone, on a holiday or on a day without calls there is no window.
    """
    calling = Calling(usual, {"CA": odd})
    place = Location(country="US", states=tuple(sorted(states)), zones=tuple(zones), zones_from="zip")
    (window,) = call_windows(place, [day], calling)
    applied = [calling.hours(state) for state in place.states or ("",)]
    if window.starts_at is None or window.ends_at is None:
        assert window.starts_at is window.ends_at
        return
    assert zones and not is_holiday("US", day) and all(day.weekday() in hours.days for hours in applied)
    assert window.starts_at < window.ends_at and window.starts_at.tzinfo is UTC
    for zone in zones:
        begins, ends = (moment.astimezone(ZoneInfo(zone)) for moment in (window.starts_at, window.ends_at))
        assert begins.date() == ends.date() == day
        for hours in applied:
            assert EARLIEST <= hours.opens <= begins.time() < ends.time() <= hours.closes <= LATEST


@SAME_EACH_TIME
@given(day=days, zone=st.sampled_from(["America/New_York", "America/Los_Angeles", "Europe/Paris"]))
def test_a_day_of_one_place_is_as_long_as_its_hours(day: date, zone: str) -> None:
    """No hour is lost or won by daylight saving: clocks change at night, when nobody is called."""
    location = Location(country=None, states=(), zones=(zone,), zones_from="zip")
    length = (
        (SHIPPED.usual.closes.hour - SHIPPED.usual.opens.hour) * 60
        + SHIPPED.usual.closes.minute
        - SHIPPED.usual.opens.minute
    )
    windows = [
        window for window in call_windows(location, days_after(day), SHIPPED) if window.starts_at and window.ends_at
    ]
    assert {
        (window.ends_at - window.starts_at) // timedelta(minutes=1)
        for window in windows
        if window.ends_at and window.starts_at
    } == {length}
    assert [window.day for window in call_windows(location, days_after(day), SHIPPED)] == [
        day + timedelta(days=n) for n in range(1, 8)
    ]
