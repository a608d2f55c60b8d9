"""Periods of the calendar, in Python and in Spark."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from basketry.errors import BadInputError
from basketry.retail.business_calendar import (
    is_partial,
    is_partial_column,
    period_end,
    period_end_column,
    period_start,
    period_start_column,
)
from basketry.tables import GRAINS

CASES = [
    ("day", "2024-02-29", "2024-02-29", "2024-02-29"),
    ("week", "2021-01-03", "2020-12-28", "2021-01-03"),
    ("week", "2024-12-30", "2024-12-30", "2025-01-05"),
    ("month", "2024-02-29", "2024-02-01", "2024-02-29"),
    ("month", "2023-02-01", "2023-02-01", "2023-02-28"),
    ("month", "2023-12-31", "2023-12-01", "2023-12-31"),
    ("year", "2024-02-29", "2024-01-01", "2024-12-31"),
]


@pytest.mark.parametrize(("grain", "day", "first", "last"), CASES)
def test_periods_of_known_days(grain: str, day: str, first: str, last: str) -> None:
    """Weeks are ISO weeks across the year's end, February knows the leap day."""
    given = date.fromisoformat(day)
    assert period_start(given, grain).isoformat() == first
    assert period_end(given, grain).isoformat() == last


@pytest.mark.parametrize("grain", GRAINS)
def test_periods_tile_the_calendar(grain: str) -> None:
    """Every day lies in its period, and the day after a period starts the next one."""
    for offset in range(800):
        day = date(2019, 12, 1) + timedelta(days=offset)
        first, last = period_start(day, grain), period_end(day, grain)
        assert first <= day <= last
        assert period_start(first, grain) == period_start(last, grain) == first
        assert period_start(last + timedelta(days=1), grain) == last + timedelta(days=1)


def test_a_period_that_ends_on_the_as_of_date_is_complete() -> None:
    """The as-of date is a complete day, so a period that ends on it runs no more."""
    assert not is_partial(date(2024, 2, 29), date(2024, 2, 29))
    assert is_partial(date(2024, 3, 1), date(2024, 2, 29))


def test_an_unknown_grain_is_refused() -> None:
    """A grain that does not exist is bad input, named with the ones that do."""
    with pytest.raises(BadInputError, match="'quarter'.*day, week, month, year"):
        period_start(date(2024, 1, 1), "quarter")


def test_columns_agree_with_python(spark: SparkSession) -> None:
    """The Spark columns give what the Python functions give, for every day of three years."""
    as_of = date(2021, 3, 10)
    days = spark.sql("select explode(sequence(date'2019-12-20', date'2022-01-10')) as day")
    columns = [
        column
        for grain in GRAINS
        for column in (
            period_start_column(F.col("day"), grain),
            period_end_column(F.col("day"), grain),
            is_partial_column(period_end_column(F.col("day"), grain), as_of),
        )
    ]
    for row in days.select("day", *columns).collect():
        expected = []
        for grain in GRAINS:
            last = period_end(row.day, grain)
            expected += [period_start(row.day, grain), last, is_partial(last, as_of)]
        assert list(row)[1:] == expected
