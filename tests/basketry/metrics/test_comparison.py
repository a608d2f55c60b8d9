"""The one rule by which periods are compared: equal days, filled days, and both ranges said."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.metrics.comparison import (
    DateExtent,
    PeriodComparison,
    is_running,
    with_named,
    with_previous,
    with_week_before,
    with_year_before,
)
from basketry.metrics.periods import DAY, MONTH, QUARTER, SPAN, UNITS, WEEK, YEAR, Period, period_of
from tests.properties import SAME_EACH_TIME

LAST = date(2026, 11, 28)
EXTENT = DateExtent(date(2025, 2, 17), LAST)
days = st.dates(date(2019, 1, 1), date(2035, 12, 31))


def of(day: str, unit: str) -> Period:
    return period_of(date.fromisoformat(day), unit)


def span(first: str, last: str, made_of: str = DAY) -> Period:
    return Period(start=date.fromisoformat(first), end=date.fromisoformat(last), unit=SPAN, back=None, made_of=made_of)


def ranges(found: PeriodComparison) -> str:
    return f"{found.now} | {found.before}"


@pytest.mark.parametrize(
    ("period", "last", "previous", "year"),
    [
        (
            of("2026-11-01", MONTH),
            "2026-11-28",
            "2026-11-01 to 2026-11-28 | 2026-10-01 to 2026-10-28",
            "2025-11-01 to 2025-11-28",
        ),
        (
            of("2026-10-01", MONTH),
            "2026-11-28",
            "2026-10-01 to 2026-10-31 | 2026-09-01 to 2026-09-30",
            "2025-10-01 to 2025-10-31",
        ),
        (
            of("2026-11-26", WEEK),
            "2026-11-28",
            "2026-11-23 to 2026-11-28 | 2026-11-16 to 2026-11-21",
            "2025-11-24 to 2025-11-29",
        ),
        (
            of("2026-11-26", QUARTER),
            "2026-11-28",
            "2026-10-01 to 2026-11-28 | 2026-07-01 to 2026-08-28",
            "2025-10-01 to 2025-11-28",
        ),
        (
            of("2026-11-26", YEAR),
            "2026-11-28",
            "2026-01-01 to 2026-11-28 | 2025-01-01 to 2025-11-28",
            "2025-01-01 to 2025-11-28",
        ),
        # Leap years: a year earlier is the same date; February has what it has.
        (
            of("2024-11-26", YEAR),
            "2024-11-28",
            "2024-01-01 to 2024-11-28 | 2023-01-01 to 2023-11-28",
            "2023-01-01 to 2023-11-28",
        ),
        (
            of("2024-01-26", YEAR),
            "2024-02-29",
            "2024-01-01 to 2024-02-29 | 2023-01-01 to 2023-02-28",
            "2023-01-01 to 2023-02-28",
        ),
        (
            of("2024-02-01", MONTH),
            "2024-02-29",
            "2024-02-01 to 2024-02-29 | 2024-01-01 to 2024-01-31",
            "2023-02-01 to 2023-02-28",
        ),
        (
            of("2026-03-01", MONTH),
            "2026-03-28",
            "2026-03-01 to 2026-03-28 | 2026-02-01 to 2026-02-28",
            "2025-03-01 to 2025-03-28",
        ),
        (
            of("2026-03-01", MONTH),
            "2026-03-30",
            "2026-03-01 to 2026-03-30 | 2026-01-30 to 2026-02-28",
            "2025-03-01 to 2025-03-30",
        ),
        # A day, by its weekday; week 53 has no like in a year of 52.
        (of("2026-11-28", DAY), "2026-11-28", "2026-11-28 | 2026-11-27", "2025-11-29"),
        (
            of("2026-12-30", WEEK),
            "2027-01-10",
            "2026-12-28 to 2027-01-03 | 2026-12-21 to 2026-12-27",
            "2025-12-22 to 2025-12-28",
        ),
        # Spans: as many days, as many months where they were counted in months.
        (
            span("2026-11-22", "2026-11-28"),
            "2026-11-28",
            "2026-11-22 to 2026-11-28 | 2026-11-15 to 2026-11-21",
            "2025-11-22 to 2025-11-28",
        ),
        (
            span("2026-09-01", "2026-09-30"),
            "2026-11-28",
            "2026-09-01 to 2026-09-30 | 2026-08-02 to 2026-08-31",
            "2025-09-01 to 2025-09-30",
        ),
        (
            span("2026-03-01", "2026-05-31", MONTH),
            "2026-11-28",
            "2026-03-01 to 2026-05-31 | 2025-12-01 to 2026-02-28",
            "2025-03-01 to 2025-05-31",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value),
)
def test_a_period_beside_the_one_before_and_the_year_before(
    period: Period, last: str, previous: str, year: str
) -> None:
    """A running period meets as many days, a whole one the whole one, a year earlier its dates."""
    until = date.fromisoformat(last)
    assert ranges(with_previous(period, until)) == previous
    assert str(with_year_before(period, until).before) == year


@SAME_EACH_TIME
@given(day=days, unit=st.sampled_from(UNITS), later=st.integers(0, 400))
def test_running_periods_meet_as_many_days(day: date, unit: str, later: int) -> None:
    """On whatever day one looks: as many days lie before, they end before it begins, and none is after the last day.

    Whole periods meet their whole neighbour. A leap day is the only one that a year may have more.
    """
    period, last = period_of(day, unit), day + timedelta(days=later)
    previous, year = with_previous(period, last), with_year_before(period, last)
    assert previous.now == year.now == period.until(last)
    assert not previous.overlaps and not year.overlaps
    assert previous.before.end < previous.now.start
    assert previous.now.end <= last
    if is_running(period, last):
        assert abs(previous.now.days - previous.before.days) <= (unit == YEAR)
        assert abs(year.now.days - year.before.days) <= 1
    else:
        assert previous.before == period.previous() and year.before == period.year_before()


@pytest.mark.parametrize(
    ("period", "other", "expected", "reason"),
    [
        (of("2026-11-01", MONTH), of("2025-11-01", MONTH), "2026-11-01 to 2026-11-28 | 2025-11-01 to 2025-11-28", ""),
        (of("2025-11-01", MONTH), of("2026-11-01", MONTH), "2025-11-01 to 2025-11-28 | 2026-11-01 to 2026-11-28", ""),
        (of("2026-10-01", MONTH), of("2026-08-01", MONTH), "2026-10-01 to 2026-10-31 | 2026-08-01 to 2026-08-31", ""),
        (
            of("2026-02-01", MONTH),
            of("2025-02-01", MONTH),
            "2026-02-01 to 2026-02-28 | 2025-02-01 to 2025-02-28",
            "the data begin on 2025-02-17",
        ),
        (
            of("2026-01-01", YEAR),
            of("2025-01-01", YEAR),
            "2026-01-01 to 2026-11-28 | 2025-01-01 to 2025-11-28",
            "the data begin on 2025-02-17",
        ),
        (
            of("2026-11-16", WEEK),
            of("2026-10-01", MONTH),
            "2026-11-16 to 2026-11-22 | 2026-10-01 to 2026-10-31",
            "7 days cannot be measured by 31",
        ),
        (
            of("2026-10-01", MONTH),
            of("2026-12-01", MONTH),
            "2026-10-01 to 2026-10-31 | 2026-12-01 to 2026-12-31",
            "the data end on 2026-11-28",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value),
)
def test_two_named_periods(period: Period, other: Period, expected: str, reason: str) -> None:
    """Whichever of two like periods is still running cuts the other; what is not alike, or not filled, has no change."""
    found = with_named(period, other, LAST)
    assert (ranges(found), found.no_change_reason(EXTENT)) == (expected, reason)


def test_days_before_the_data_are_not_zero() -> None:
    """The first day with a change is the one whose base is filled from its beginning, and the reason names the first day."""
    assert with_year_before(of("2026-02-01", MONTH), LAST).no_change_reason(EXTENT) == "the data begin on 2025-02-17"
    assert with_year_before(of("2026-03-01", MONTH), LAST).no_change_reason(EXTENT) == ""
    assert with_previous(of("2025-03-01", MONTH), LAST).no_change_reason(EXTENT) == "the data begin on 2025-02-17"
    assert with_week_before(date(2025, 2, 23)).no_change_reason(EXTENT) == "the data begin on 2025-02-17"
    assert with_week_before(date(2025, 2, 24)).no_change_reason(EXTENT) == ""


def test_what_shares_days_is_told() -> None:
    """A period beside itself, or beside a part of itself, overlaps."""
    october = of("2026-10-01", MONTH)
    assert with_named(october, october, LAST).overlaps
    assert with_named(of("2026-11-16", WEEK), of("2026-11-01", MONTH), LAST).overlaps
