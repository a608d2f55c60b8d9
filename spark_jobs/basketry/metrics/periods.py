"""Spans of days: what a time phrase means, what came before it, and which tables' periods tile it."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date, timedelta

DAY, WEEK, MONTH, QUARTER, YEAR, SPAN = "day", "week", "month", "quarter", "year", "span"
UNITS = (DAY, WEEK, MONTH, QUARTER, YEAR)
LONG_AGO = date(1900, 1, 1)
_MONTHS = {MONTH: 1, QUARTER: 3, YEAR: 12}
_WEEKS = 364
"""Days after which the weekday is the same and the date nearly so, a year later."""


@dataclass(frozen=True, kw_only=True)
class Period:
    """The days from start to end, both included.

    Attributes:
        start: The first day.
        end: The last day.
        unit: What it is one of; span for any other.
        back: 1 for "last …", 0 for "this …".
        made_of: The unit in which a span was counted, so that three months come before three months.
        relative: Whether it is "previous …", which lies before whatever is named.
    """

    start: date
    end: date
    unit: str = SPAN
    back: int | None = None
    made_of: str = DAY
    relative: bool = False

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days + 1

    @property
    def whole(self) -> Period:
        """All of the unit that it is one of, also where it was cut; a span itself."""
        return self if self.unit == SPAN else period_of(self.start, self.unit)

    @property
    def months(self) -> int | None:
        """How many whole months it is; None for any other days."""
        if self.start.day != 1 or (self.end + timedelta(1)).day != 1:
            return None
        return (self.end.year - self.start.year) * 12 + self.end.month - self.start.month + 1

    def until(self, last: date) -> Period:
        """Return the part of it up to a day; its unit stays, because the last period of a table ends there too."""
        return replace(self, end=min(self.end, last)) if self.start <= last else self

    def previous(self) -> Period:
        """Return the period before: of the same unit, as many months where it was counted in them, else as many days."""
        if self.unit != SPAN:
            return period_of(self.start - timedelta(1), self.unit)
        if self.made_of in _MONTHS and self.months:
            return replace(self, start=months_earlier(self.start, self.months), end=self.start - timedelta(1))
        return Period(start=self.start - timedelta(self.days), end=self.start - timedelta(1))

    def preceding(self, named: Period) -> Period:
        """Return what "the previous …", read as this period, means beside a named one: as much of its unit just before that."""
        unit = self.made_of if self.unit == SPAN else self.unit
        counts_months = unit in _MONTHS and self.months
        start = months_earlier(named.start, self.months or 0) if counts_months else named.start - timedelta(self.days)
        span = Period(start=start, end=named.start - timedelta(1), made_of=unit)
        whole = period_of(start, unit)
        return whole if (whole.start, whole.end) == (span.start, span.end) else span

    def year_before(self) -> Period:
        """Return the same a year earlier: a day by its weekday, a week by its number, everything else by its dates."""
        if self.unit == DAY:
            return replace(self, start=self.start - timedelta(_WEEKS), end=self.end - timedelta(_WEEKS), back=None)
        if self.unit == WEEK:
            year, week, _ = self.start.isocalendar()
            return week_of(year - 1, min(week, weeks_of(year - 1)))
        start = a_year_earlier(self.start)
        if self.unit != SPAN:
            return period_of(start, self.unit)
        end = period_of(a_year_earlier(self.end), MONTH).end if self.months else a_year_earlier(self.end)
        return replace(self, start=start, end=end)

    def tiled_by(self, grain: str, last: date) -> bool:
        """Return whether whole periods of the grain make it up; the one that holds the last day of the data ends there."""
        first_fits = self.start <= LONG_AGO or period_of(self.start, grain).start == self.start
        return first_fits and (self.end >= last or period_of(self.end, grain).end == self.end)

    def is_one(self, grain: str, last: date) -> bool:
        """Return whether it is exactly one period of the grain."""
        return self.tiled_by(grain, last) and period_of(self.start, grain).end >= self.end

    def __str__(self) -> str:
        """Return it as people read it."""
        if self.start <= LONG_AGO:
            return f"up to {self.end}"
        return f"{self.start}" if self.days == 1 else f"{self.start} to {self.end}"


def period_of(day: date, unit: str) -> Period:
    """Return the period of the unit that holds the day."""
    if unit == DAY:
        return Period(start=day, end=day, unit=DAY)
    if unit == WEEK:
        start = day - timedelta(day.weekday())
        return Period(start=start, end=start + timedelta(6), unit=WEEK)
    months = _MONTHS[unit]
    first = (day.month - 1) // months * months + 1
    last = first + months - 1
    return Period(
        start=date(day.year, first, 1), end=date(day.year, last, calendar.monthrange(day.year, last)[1]), unit=unit
    )


def back(day: date, unit: str, count: int) -> Period:
    """Return the period of the unit so many before the one that holds the day."""
    period = period_of(day, unit)
    for _ in range(count):
        period = period.previous()
    return replace(period, back=count)


def last_of(day: date, unit: str, count: int) -> Period:
    """Return the last so many: days end on the day itself, longer units are whole ones before it."""
    if unit == DAY:
        return Period(start=day - timedelta(count - 1), end=day)
    if count == 1:
        return back(day, unit, 1)
    return Period(start=back(day, unit, count).start, end=back(day, unit, 1).end, made_of=unit)


def week_of(year: int, week: int) -> Period:
    """Return a calendar week by its ISO number; ValueError when the year has none of it."""
    return period_of(date.fromisocalendar(year, week, 1), WEEK)


def weeks_of(year: int) -> int:
    """Return how many ISO weeks the year has."""
    return date(year, 12, 28).isocalendar().week


def months_earlier(day: date, count: int) -> date:
    """Return the same day so many months earlier; the last of that month where it has none of that number."""
    months = day.year * 12 + day.month - 1 - count
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def a_year_earlier(day: date) -> date:
    """Return the same date a year earlier; 28 February for the 29th."""
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)
