"""Time phrases: "last month", "week 12", "since May", "the last 30 days". Never the clock: counted from a given day."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from basketry.ask.model import NotUnderstoodError
from basketry.ask.tokenizer import Token
from basketry.metrics.periods import (
    DAY,
    LONG_AGO,
    MONTH,
    QUARTER,
    UNITS,
    YEAR,
    Period,
    back,
    last_of,
    period_of,
    week_of,
)

PeriodMatch = tuple[Period, int]
"""A period and how many words it took."""

_BEFORE = ("previous", "prior", "preceding")
_LAST = ("last", "past", *_BEFORE)
_THIS = ("this", "current", "running")
_OPEN = ("since", "after", "until", "till", "before")
_SKIPPED = ("the", "of", "in", "complete", "full")
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}
_EARLIEST, _LATEST = 1990, 2100
MOST_BACK = 5000
"""Most days, weeks … that can be counted back."""


def read_period(words: Sequence[Token], today: date) -> PeriodMatch | None:
    """Return the period with which the words begin, and how many words that took; None when they begin with none."""
    for reader in (_since, _between, _named):
        match = reader(words, today)
        if match:
            return match
    return None


def read_horizon(words: Sequence[Token]) -> tuple[int, int] | None:
    """Return the days of "next week", "the next 28 days", and how many words that took; None when the words begin with none."""
    if not words or words[0].text not in ("next", "coming"):
        return None
    if len(words) > 2 and words[1].number is not None:
        days = {"day": 1, "week": 7}.get(words[2].stem)
        return (int(words[1].number * days), 3) if days else None
    days = {"week": 7, "quarter": 91}.get(words[1].stem) if len(words) > 1 else None
    return (days, 2) if days else None


def _named(words: Sequence[Token], today: date) -> PeriodMatch | None:
    for reader in (_single_word, _relative, _week, _quarter, _month, _date_or_year):
        match = reader(words, today)
        if match:
            return match
    return None


def _since(words: Sequence[Token], today: date) -> PeriodMatch | None:
    """Read a period that is open on one side: since, after, until, before."""
    if not words or words[0].text not in _OPEN:
        return None
    match = _after_skipped(words, 1, today)
    if match is None:
        return None
    named, used = match
    return _open_period(words[0].text, named, today), used


def _open_period(side: str, named: Period, today: date) -> Period:
    """Return the days since, after, until or before a named period."""
    if side == "since":
        return Period(start=named.start, end=max(named.start, today))
    if side == "after":
        start = named.end + timedelta(1)
        return Period(start=start, end=max(start, today))
    return Period(start=LONG_AGO, end=named.start - timedelta(1) if side == "before" else named.end)


def _between(words: Sequence[Token], today: date) -> PeriodMatch | None:
    if not words or words[0].text not in ("between", "from"):
        return None
    first = _after_skipped(words, 1, today)
    if not first or len(words) <= first[1] or words[first[1]].text not in ("and", "to", "until", "till"):
        return None
    second = _after_skipped(words, first[1] + 1, today)
    if not second:
        return None
    if second[0].end < first[0].start:
        raise NotUnderstoodError(f"the period ends ({second[0].end}) before it begins ({first[0].start}).")
    return Period(start=first[0].start, end=second[0].end), second[1]


def _after_skipped(words: Sequence[Token], start: int, today: date) -> PeriodMatch | None:
    while start < len(words) and words[start].text in _SKIPPED:
        start += 1
    match = _named(words[start:], today)
    return (match[0], start + match[1]) if match else None


def _single_word(words: Sequence[Token], today: date) -> PeriodMatch | None:
    text = " ".join(word.text for word in words[:3])
    for name, period in {
        "year to date": _this(YEAR, today),
        "month to date": _this(MONTH, today),
        "ytd": _this(YEAR, today),
        "mtd": _this(MONTH, today),
        "today": Period(start=today, end=today, unit=DAY, back=0),
        "yesterday": back(today, DAY, 1),
    }.items():
        if text == name or text.startswith(name + " "):
            return period, len(name.split())
    return None


def _relative(words: Sequence[Token], today: date) -> PeriodMatch | None:
    if len(words) < 2:
        return None
    if words[0].text in _THIS and words[1].stem in UNITS:
        return _this(words[1].stem, today), 2
    if words[0].text not in _LAST:
        return None
    match = _last(words, today)
    relative = words[0].text in _BEFORE
    return (replace(match[0], relative=relative), match[1]) if match else None


def _this(unit: str, today: date) -> Period:
    return replace(period_of(today, unit), back=0).until(today)


def _last(words: Sequence[Token], today: date) -> PeriodMatch | None:
    number = words[1].number
    if number is None:
        return (back(today, words[1].stem, 1), 2) if words[1].stem in UNITS else None
    if len(words) < 3 or words[2].stem not in UNITS:
        return None
    if number != int(number) or not 1 <= number <= MOST_BACK:
        raise NotUnderstoodError(f"'{words[1].text} {words[2].text}' cannot be counted back: use a whole number.")
    return last_of(today, words[2].stem, int(number)), 3


def _week(words: Sequence[Token], today: date) -> PeriodMatch | None:
    """Read calendar weeks by ISO number; without a year the newest that has begun."""
    if len(words) < 2 or words[0].text != "week" or words[1].number is None:
        return None
    year, used = _year_after(words, 2)
    number = int(words[1].number)
    try:
        if year is not None:
            return week_of(year, number), used
        week = week_of(today.isocalendar().year, number)
        return (week if week.start <= today else week_of(today.isocalendar().year - 1, number)), used
    except ValueError:
        raise NotUnderstoodError(f"there is no week {words[1].text} in that year: weeks count from 1 to 53.") from None


def _quarter(words: Sequence[Token], today: date) -> PeriodMatch | None:
    if not words or words[0].text not in ("q1", "q2", "q3", "q4"):
        return None
    month = int(words[0].text[1]) * 3 - 2
    year, used = _year_after(words, 1)
    return _newest(month, year, QUARTER, today), used


def _month(words: Sequence[Token], today: date) -> PeriodMatch | None:
    if not words or words[0].text not in _MONTHS:
        return None
    year, used = _year_after(words, 1)
    return _newest(_MONTHS[words[0].text], year, MONTH, today), used


def _newest(month: int, year: int | None, unit: str, today: date) -> Period:
    """Return the period that begins with the month; without a year the newest that has begun."""
    if year is None:
        year = today.year if (today.year, today.month) >= (today.year, month) else today.year - 1
    return period_of(date(year, month, 1), unit)


def _date_or_year(words: Sequence[Token], today: date) -> PeriodMatch | None:
    if not words:
        return None
    try:
        day = date.fromisoformat(words[0].text) if words[0].text.count("-") == 2 else None
    except ValueError:
        raise NotUnderstoodError(f"there is no day {words[0].text}: write dates as 2026-01-31.") from None
    if day is not None:
        return Period(start=day, end=day, unit=DAY), 1
    return (period_of(date(int(words[0].text), 1, 1), YEAR), 1) if _is_year(words[0]) else None


def _year_after(words: Sequence[Token], position: int) -> tuple[int | None, int]:
    """Return a year that follows, "of" between allowed, and how many words are used up to its end."""
    follows = position + 1 if position < len(words) and words[position].text in ("of", "in") else position
    if follows < len(words) and _is_year(words[follows]):
        return int(words[follows].text), follows + 1
    return None, position


def _is_year(word: Token) -> bool:
    return len(word.text) == 4 and word.text.isdecimal() and _EARLIEST <= int(word.text) <= _LATEST
