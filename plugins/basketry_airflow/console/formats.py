"""How the console writes numbers, money, shares and days: in one way for pages, charts and tool tips."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from basketry.metrics.periods import Period

NOTHING = "–"
"""Stands where there is no value."""

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "CHF": "CHF ", "CAD": "C$", "AUD": "A$"}
_LARGE = ((1e9, "bn"), (1e6, "m"), (1e4, "k"))

_ZEROS = re.compile(r"\.0+(?=\D|$)")

Formatter = Callable[[Any], str]
"""A value, or None, to text."""


def count(value: float | int | Decimal | None) -> str:
    """Write a whole number: 1,234."""
    return NOTHING if value is None else f"{round(value):,}"


def decimal(value: float | Decimal | None, digits: int = 2) -> str:
    """Write a number with its digits: 0.43."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def share(value: float | Decimal | None, digits: int = 1) -> str:
    """Write 0.123 as 12.3 %."""
    return NOTHING if value is None else f"{100 * float(value):,.{digits}f} %"


def change(value: float | None) -> str:
    """Write 0.123 as +12.3 %, with a real minus sign."""
    return NOTHING if value is None else f"{100 * value:+,.1f} %".replace("-", "−")


def money(currency: str) -> Formatter:
    """Return the format of amounts of that currency, rounded as far as they are read: $1,234, $12.3k, $4.56m, $3.99."""
    sign = SIGNS.get(currency, f"{currency} ")

    def write(value: float | Decimal | None) -> str:
        """Write one amount as people read it."""
        if value is None:
            return NOTHING
        size, minus = abs(float(value)), "−" if value < 0 else ""
        for limit, unit in _LARGE:
            if size >= limit:
                scaled = size / (1e3 if unit == "k" else limit)
                return f"{minus}{sign}{scaled:,.{2 if scaled < 10 else 1}f}{unit}"
        return f"{minus}{sign}{size:,.{2 if size < 100 else 0}f}"

    return write


def exact_money(currency: str) -> Formatter:
    """Return the format of amounts of that currency to the cent: $1,234.56."""
    sign = SIGNS.get(currency, f"{currency} ")
    return lambda value: NOTHING if value is None else f"{'−' if value < 0 else ''}{sign}{abs(value):,.2f}"


def day(value: date | None) -> str:
    """Write a day: 4 Nov 2026."""
    return NOTHING if value is None else f"{value.day} {value:%b %Y}"


def short_day(value: date) -> str:
    """Write a day without its year: 4 Nov."""
    return f"{value.day} {value:%b}"


def days(span: Period) -> str:
    """Write a range of days: 28 Nov 2026; 1–28 Nov 2026; 26 Oct–1 Nov 2026; 29 Dec 2025–4 Jan 2026."""
    first, last = span.start, span.end
    if first == last:
        return day(last)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"  # noqa: RUF001 the dash of a range
    return f"{short_day(first) if first.year == last.year else day(first)}–{day(last)}"  # noqa: RUF001


def moment(value: datetime | None) -> str:
    """Write an instant: 4 Nov 2026, 10:15 UTC."""
    return NOTHING if value is None else f"{day(value)}, {value:%H:%M} UTC"


def ago(then: datetime | None, now: datetime) -> str:
    """Say how long before `now` it was, in the largest unit that fits."""
    if then is None:
        return "never"
    seconds = max(0, int((now - then).total_seconds()))
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{_number_of(seconds // size, unit)} ago"
    return "just now"


def span(length: timedelta) -> str:
    """Write a length of time in days, or in hours below two days."""
    hours = int(length.total_seconds() // 3600)
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"


def duration(length: timedelta) -> str:
    """Write how long something takes, as exactly as people want it: 40 seconds, 7 minutes, 2 hours 5 minutes."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 90:
        return _number_of(seconds, "second")
    minutes = round(seconds / 60)
    if minutes < 90:
        return _number_of(minutes, "minute")
    hours, rest = divmod(minutes, 60)
    return f"{_number_of(hours, 'hour')} {_number_of(rest, 'minute')}" if rest else _number_of(hours, "hour")


def _number_of(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def tick(text: str) -> str:
    """Drop the zeros that say nothing from a number at a grid line: $40k instead of $40.0k."""
    return _ZEROS.sub("", text)


def relative(now: float | Decimal | None, before: float | Decimal | None) -> float | None:
    """Return the change from before to now as a share of before; None where there is none."""
    if now is None or not before:
        return None
    return (float(now) - float(before)) / abs(float(before))
