"""How numbers, money, days and periods are written; what leaves as text or CSV."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from basketry.files.spreadsheets import escape_formula
from basketry_airflow.console import audit, formats, periods


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.987, "$3.99"),
        (1234, "$1,234"),
        (12345, "$12.3k"),
        (4_560_000, "$4.56m"),
        (Decimal("-15.5"), "−$15.50"),
        (None, "–"),
    ],
)
def test_money_is_rounded_as_far_as_it_is_read(value: float | None, text: str) -> None:
    """Cents where they matter, thousands where they do not."""
    assert formats.money("USD")(value) == text


def test_changes_have_signs_and_unknown_ones_a_dash() -> None:
    """A change on nothing is not told as infinite."""
    assert formats.change(formats.relative(110, Decimal(100))) == "+10.0 %"
    assert formats.change(formats.relative(90, 100)) == "−10.0 %"
    assert formats.change(formats.relative(90, 0)) == formats.change(formats.relative(None, 5)) == "–"
    assert formats.tick("$40.0k") == "$40k" and formats.tick("$0.00") == "$0" and formats.tick("10.5") == "10.5"


def test_time_since_is_told_in_its_largest_unit() -> None:
    """Minutes, hours, days."""
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert [formats.ago(now - timedelta(minutes=m), now) for m in (0, 1, 90, 3000)] == [
        "just now",
        "1 minute ago",
        "1 hour ago",
        "2 days ago",
    ]
    assert formats.ago(None, now) == "never"


@pytest.mark.parametrize(
    ("grain", "start", "before", "year"),
    [
        ("day", date(2026, 3, 1), date(2026, 2, 28), date(2025, 3, 2)),
        ("week", date(2026, 11, 9), date(2026, 11, 2), date(2025, 11, 10)),
        ("month", date(2026, 1, 1), date(2025, 12, 1), date(2025, 1, 1)),
        ("year", date(2026, 1, 1), date(2025, 1, 1), date(2025, 1, 1)),
    ],
)
def test_a_period_is_compared_with_its_like(grain: str, start: date, before: date, year: date) -> None:
    """Days and weeks with the same weekday a year ago, months and years with the same name."""
    assert periods.earlier(start, grain) == before
    assert periods.year_ago(start, grain) == year
    assert periods.earlier(before, grain, -1) == start
    assert year.weekday() == start.weekday() or grain in ("month", "year")


def test_a_question_loses_what_names_a_person() -> None:
    """Addresses and telephone numbers go, days and amounts stay."""
    text = "did ann@mail.example or +1 202-555-0143 buy on 2026-05-01 for 120 or 2026-05-02?"
    assert audit.mask_contacts(text) == "did [address] or [number] buy on 2026-05-01 for 120 or 2026-05-02?"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_a_formula_is_defused(text: str) -> None:
    """Spreadsheets run what begins so; a number may be negative."""
    assert escape_formula(text) == f"'{text}"
    assert escape_formula(-1) == -1 and escape_formula("a=b") == "a=b"
