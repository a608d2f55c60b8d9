"""The one rule by which periods are compared, wherever a change is shown: pages, answers, downloads.

- Equal days. A running period is compared with as many days of the one before: 1 to 28 November with 1 to 28 October, a
  week until Thursday with the days until Thursday, this year with the same dates of last year. Where the period before
  is too short for that (1 to 30 March after a February), the days just before the period stand in. Whole periods of one
  unit are compared whole, October with September; a year earlier means the same dates (`Period.year_before`), so that
  one side may hold a leap day. Two periods named by hand that are none of these have no change.
- Filled days. There is no change on days that the data do not fill, nor of such days: what nobody delivered is not zero.
- Said. A change is never shown without both ranges, nor withheld without its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from basketry.metrics.periods import DAY, LONG_AGO, SPAN, WEEK, YEAR, Period, a_year_earlier, period_of


@dataclass(frozen=True)
class DateExtent:
    """The days that the data fill, both included."""

    first: date
    last: date


@dataclass(frozen=True)
class PeriodComparison:
    """Two ranges of days whose numbers are set beside one another.

    Attributes:
        now: The range that is looked at.
        before: The range with which it is compared.
        is_like: Whether a change from one to the other tells anything, their lengths being what they are.
    """

    now: Period
    before: Period
    is_like: bool = True

    @property
    def overlaps(self) -> bool:
        """Whether the ranges share days, so that something would be compared with itself."""
        return self.now.start <= self.before.end and self.before.start <= self.now.end

    def no_change_reason(self, extent: DateExtent, write: Callable[[date], str] = str) -> str:
        """Return why there is no change to be shown; '' when there is one.

        Args:
            extent: The days that the data fill.
            write: How days are written.
        """
        if min(self.now.start, self.before.start) < extent.first:
            return f"the data begin on {write(extent.first)}"
        if max(self.now.end, self.before.end) > extent.last:
            return f"the data end on {write(extent.last)}"
        if not self.is_like:
            return f"{self.now.days} days cannot be measured by {self.before.days}"
        return ""


def with_previous(period: Period, last: date) -> PeriodComparison:
    """Compare a period with the one before it, up to the last day of the data."""
    now = period.until(last)
    if is_running(period, last):
        return PeriodComparison(now, _as_far(now, period.whole.previous() if period.unit != SPAN else now.previous()))
    return PeriodComparison(now, period.previous())


def with_year_before(period: Period, last: date) -> PeriodComparison:
    """Compare a period with the same one a year earlier, up to the last day of the data."""
    now = period.until(last)
    if not is_running(period, last):
        return PeriodComparison(now, period.year_before())
    if period.unit == WEEK:
        return PeriodComparison(now, _as_far(now, period.year_before()))
    return PeriodComparison(now, Period(start=a_year_earlier(now.start), end=a_year_earlier(now.end)))


def with_week_before(day: date) -> PeriodComparison:
    """Compare a day with the same weekday a week before."""
    return PeriodComparison(period_of(day, DAY), period_of(day - timedelta(7), DAY))


def with_named(period: Period, other: Period, last: date) -> PeriodComparison:
    """Compare two periods that somebody named beside one another: if either is still running, as far as that one is."""
    now, before = period.until(last), other.until(last)
    if _is_like(period.whole, other.whole):
        if is_running(period, last) and not is_running(other, last):
            before = _as_far(now, before)
        elif is_running(other, last) and not is_running(period, last):
            now = _as_far(before, now)
    return PeriodComparison(now, before, _is_like(now, before))


def is_running(period: Period, last: date) -> bool:
    """Return whether days of it are still to come after the last day of the data."""
    return period.start <= last < period.whole.end


def _as_far(running: Period, whole: Period) -> Period:
    """Return the days of a whole period that are comparable to those of a running one."""
    if running.unit == whole.unit == YEAR:
        shift = running.start.year - whole.start.year
        return Period(start=whole.start, end=_same_date(running.end, running.end.year - shift))
    if running.days > whole.days:
        return Period(start=whole.end - timedelta(running.days - 1), end=whole.end)
    return (
        whole
        if running.days == whole.days
        else Period(start=whole.start, end=whole.start + timedelta(running.days - 1))
    )


def _same_date(day: date, year: int) -> date:
    """Return the date in another year; 28 February for the 29th where that has none."""
    return day.replace(year=year) if day.day < 29 or day.month != 2 else (date(year, 3, 1) - timedelta(1))


def _is_like(now: Period, before: Period) -> bool:
    """Return whether the ranges are as long as one another: in days, in whole months, or by their dates."""
    if min(now.start, before.start) <= LONG_AGO:
        return False
    if now.days == before.days or (now.months is not None and now.months == before.months):
        return True
    years = now.start.year - before.start.year
    return years != 0 and (before.start, before.end) == (
        _same_date(now.start, now.start.year - years),
        _same_date(now.end, now.end.year - years),
    )
