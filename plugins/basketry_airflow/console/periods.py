"""Periods of the sales tables: the one before, the same one a year ago, and how they are called."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from basketry.metrics.periods import period_of
from basketry_airflow.console import formats

SHOWN = {"day": 63, "week": 53, "month": 25, "year": 10}
"""How many periods a chart shows, the newest last."""


def earlier(start: date, grain: str, periods: int = 1) -> date:
    """Return the first day of the period so many before."""
    if grain in ("day", "week"):
        return start - timedelta(days=periods * (7 if grain == "week" else 1))
    months = start.year * 12 + start.month - 1 - periods * (12 if grain == "year" else 1)
    return date(months // 12, months % 12 + 1, 1)


def year_ago(start: date, grain: str) -> date:
    """Return the first day of the comparable period a year before: the same weekday for days, the same number for weeks."""
    return period_of(start, grain).year_before().start


def name(start: date, grain: str) -> str:
    """Return how people call the period."""
    if grain == "week":
        return f"Week {start.isocalendar().week}, {formats.day(start)}"
    if grain == "month":
        return f"{calendar.month_name[start.month]} {start.year}"
    return str(start.year) if grain == "year" else formats.day(start)


def short_name(start: date, grain: str) -> str:
    """Return how an axis calls the period."""
    if grain == "month":
        return f"{start:%b %y}"
    return str(start.year) if grain == "year" else formats.short_day(start)
