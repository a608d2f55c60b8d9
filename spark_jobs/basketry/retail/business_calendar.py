"""Periods of the calendar: days, ISO weeks (Monday to Sunday), months and years, of one date or a column of dates."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from pyspark.sql import Column
from pyspark.sql import functions as F

from basketry.errors import BadInputError
from basketry.tables import GRAINS


def _known_grain(grain: str) -> str:
    if grain not in GRAINS:
        raise BadInputError(f"'{grain}' is no grain of the calendar; use one of: {', '.join(GRAINS)}.")
    return grain


def period_start(day: date, grain: str) -> date:
    """Return the first day of the period that contains a day.

    Raises:
        BadInputError: The calendar has no such grain.
    """
    if _known_grain(grain) == "week":
        return day - timedelta(days=day.weekday())
    if grain == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if grain == "year" else day


def period_end(day: date, grain: str) -> date:
    """Return the last day of the period that contains a day.

    Raises:
        BadInputError: The calendar has no such grain.
    """
    if _known_grain(grain) == "week":
        return period_start(day, grain) + timedelta(days=6)
    if grain == "month":
        return day.replace(day=calendar.monthrange(day.year, day.month)[1])
    return day.replace(month=12, day=31) if grain == "year" else day


def is_partial(last_day: date, as_of: date) -> bool:
    """Return whether a period that ends on `last_day` is still running when `as_of` is the last complete day."""
    return last_day > as_of


def period_start_column(day: Column, grain: str) -> Column:
    """Do the same as `period_start` for a date column; null stays null."""
    return day if _known_grain(grain) == "day" else F.trunc(day, grain)


def period_end_column(day: Column, grain: str) -> Column:
    """Do the same as `period_end` for a date column; null stays null."""
    if _known_grain(grain) == "week":
        return F.date_add(F.trunc(day, "week"), 6)
    if grain == "month":
        return F.last_day(day)
    return F.make_date(F.year(day), F.lit(12), F.lit(31)) if grain == "year" else day


def is_partial_column(last_day: Column, as_of: date) -> Column:
    """Do the same as `is_partial` for a date column."""
    return last_day > F.lit(as_of)


def begins_before_column(first_day: Column, data_from: date) -> Column:
    """Return whether a period holds days before the first day of the data, of which nobody knows what they sold.

    Args:
        first_day: The first day of the period.
        data_from: The first day of the data.
    """
    return first_day < F.lit(data_from)
