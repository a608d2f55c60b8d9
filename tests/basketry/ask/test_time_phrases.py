"""What time phrases mean, from a Sunday in November 2026."""

from __future__ import annotations

from datetime import date

import pytest

from basketry.ask.model import NotUnderstoodError
from basketry.ask.time_phrases import read_horizon, read_period
from basketry.ask.tokenizer import tokenize
from basketry.metrics.periods import Period, period_of, week_of

TODAY = date(2026, 11, 15)


@pytest.mark.parametrize(
    ("phrase", "start", "end"),
    [
        ("today", "2026-11-15", "2026-11-15"),
        ("yesterday", "2026-11-14", "2026-11-14"),
        ("last week", "2026-11-02", "2026-11-08"),
        ("this week", "2026-11-09", "2026-11-15"),
        ("last month", "2026-10-01", "2026-10-31"),
        ("this year", "2026-01-01", "2026-11-15"),
        ("last quarter", "2026-07-01", "2026-09-30"),
        ("previous year", "2025-01-01", "2025-12-31"),
        ("last 7 days", "2026-11-09", "2026-11-15"),
        ("past two weeks", "2026-10-26", "2026-11-08"),
        ("last 3 months", "2026-08-01", "2026-10-31"),
        ("week 12", "2026-03-16", "2026-03-22"),
        ("week 50", "2025-12-08", "2025-12-14"),
        ("week 53 of 2020", "2020-12-28", "2021-01-03"),
        ("Q4", "2026-10-01", "2026-12-31"),
        ("Q1 2025", "2025-01-01", "2025-03-31"),
        ("May", "2026-05-01", "2026-05-31"),
        ("december", "2025-12-01", "2025-12-31"),
        ("Feb 2024", "2024-02-01", "2024-02-29"),
        ("2025", "2025-01-01", "2025-12-31"),
        ("2026-02-03", "2026-02-03", "2026-02-03"),
        ("since May", "2026-05-01", "2026-11-15"),
        ("since the last week", "2026-11-02", "2026-11-15"),
        ("after 2026-11-01", "2026-11-02", "2026-11-15"),
        ("until March", "1900-01-01", "2026-03-31"),
        ("before 2026-01-01", "1900-01-01", "2025-12-31"),
        ("from March to May", "2026-03-01", "2026-05-31"),
        ("between 2026-01-05 and 2026-01-09", "2026-01-05", "2026-01-09"),
        ("year to date", "2026-01-01", "2026-11-15"),
        ("mtd", "2026-11-01", "2026-11-15"),
    ],
)
def test_a_phrase(phrase: str, start: str, end: str) -> None:
    """All its words are used, and the days are these."""
    words = tokenize(phrase)
    found = read_period(words, TODAY)
    assert found is not None
    assert (found[0].start.isoformat(), found[0].end.isoformat(), found[1]) == (start, end, len(words))


@pytest.mark.parametrize("phrase", ["revenue", "last", "last customers", "next week", "the month", "12", "1492"])
def test_no_phrase(phrase: str) -> None:
    """Nothing is read into other words."""
    assert read_period(tokenize(phrase), TODAY) is None


@pytest.mark.parametrize(
    "phrase", ["week 54", "week 0", "2026-13-01", "last 0 days", "last 9999 weeks", "from May to March"]
)
def test_an_impossible_time(phrase: str) -> None:
    """One sentence says what is wrong."""
    with pytest.raises(NotUnderstoodError):
        read_period(tokenize(phrase), TODAY)


def test_days_ahead() -> None:
    """Weeks and days, not months: forecasts have no such horizon."""
    assert read_horizon(tokenize("next week")) == (7, 2)
    assert read_horizon(tokenize("next 4 weeks")) == (28, 3)
    assert read_horizon(tokenize("next month")) is None


def test_the_year_before() -> None:
    """A week keeps its number, a month its name, a span its dates; 29 February becomes the 28th."""
    assert week_of(2026, 12).year_before() == week_of(2025, 12)
    assert week_of(2020, 53).year_before() == week_of(2019, 52)
    assert period_of(date(2024, 2, 29), "month").year_before() == period_of(date(2023, 2, 1), "month")
    assert Period(start=date(2024, 2, 29), end=date(2024, 3, 1)).year_before() == Period(
        start=date(2023, 2, 28), end=date(2023, 3, 1)
    )


def test_whole_periods_tile_a_span() -> None:
    """The period that holds the last day of the data ends there; any other must be whole."""
    span = Period(start=date(2026, 5, 1), end=TODAY)
    assert span.tiled_by("month", TODAY)
    assert not span.tiled_by("year", TODAY)
    assert not Period(start=date(2026, 5, 1), end=date(2026, 5, 20)).tiled_by("month", TODAY)
    assert not span.is_one("month", TODAY)
    assert period_of(date(2026, 10, 5), "month").is_one("month", TODAY)
