"""Spans of days: what a time phrase means, what came before it, and which tables' periods tile it."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date, timedelta

DAY, WEEK, MONTH, QUARTER, YEAR, SPAN = "day", "week", "month", "quarter", "year", "span"
UNITS = (DAY, WEEK, MONTH, QUARTER, YEAR)
LONG_AGO = date(1900, 1, 1)
_MONTHS = {MONTH: 1, QUARTER: 3, YEAR: 12}


@dataclass(frozen=True)
class Period:
    """The days from start to end, both included. unit: what it is one of, span for any other; back: 1 for "last …"."""

    start: date
    end: date
    unit: str = SPAN
    back: int | None = None

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days + 1

    def until(self, last: date) -> Period:
        """The part of it up to a day; its unit stays, because the last period of a table ends there too."""
        return replace(self, end=min(self.end, last)) if self.start <= last else self

    def previous(self) -> Period:
        """The period before: of the same unit, else as many days."""
        if self.unit == SPAN:
            return Period(self.start - timedelta(self.days), self.start - timedelta(1))
        return period_of(self.start - timedelta(1), self.unit)

    def year_before(self) -> Period:
        """The same a year earlier: a calendar week by its number, everything else by its dates."""
        if self.unit == WEEK:
            year, week, _ = self.start.isocalendar()
            return week_of(year - 1, min(week, weeks_of(year - 1)))
        start = a_year_earlier(self.start)
        return Period(start, a_year_earlier(self.end)) if self.unit == SPAN else period_of(start, self.unit)

    def tiled_by(self, grain: str, last: date) -> bool:
        """Whether whole periods of the grain make it up; the one that holds the last day of the data ends there."""
        first_fits = self.start <= LONG_AGO or period_of(self.start, grain).start == self.start
        return first_fits and (self.end >= last or period_of(self.end, grain).end == self.end)

    def is_one(self, grain: str, last: date) -> bool:
        """Whether it is exactly one period of the grain."""
        return self.tiled_by(grain, last) and period_of(self.start, grain).end >= self.end

    def __str__(self) -> str:
        """For people."""
        if self.start <= LONG_AGO:
            return f"up to {self.end}"
        return f"{self.start}" if self.days == 1 else f"{self.start} to {self.end}"


def period_of(day: date, unit: str) -> Period:
    """The period of the unit that holds the day."""
    if unit == DAY:
        return Period(day, day, DAY)
    if unit == WEEK:
        start = day - timedelta(day.weekday())
        return Period(start, start + timedelta(6), WEEK)
    months = _MONTHS[unit]
    first = (day.month - 1) // months * months + 1
    last = first + months - 1
    return Period(date(day.year, first, 1), date(day.year, last, calendar.monthrange(day.year, last)[1]), unit)


def back(day: date, unit: str, count: int) -> Period:
    """The period of the unit so many before the one that holds the day."""
    found = period_of(day, unit)
    for _ in range(count):
        found = found.previous()
    return replace(found, back=count)


def last_of(day: date, unit: str, count: int) -> Period:
    """The last so many: days end on the day itself, longer units are whole ones before it."""
    if unit == DAY:
        return Period(day - timedelta(count - 1), day)
    if count == 1:
        return back(day, unit, 1)
    return Period(back(day, unit, count).start, back(day, unit, 1).end)


def week_of(year: int, week: int) -> Period:
    """A calendar week by its ISO number; ValueError when the year has none of it."""
    return period_of(date.fromisocalendar(year, week, 1), WEEK)


def weeks_of(year: int) -> int:
    """How many ISO weeks the year has."""
    return date(year, 12, 28).isocalendar().week


def a_year_earlier(day: date) -> date:
    """The same date a year earlier; 28 February for the 29th."""
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)
