"""A verdict as people read it."""

from __future__ import annotations

from collections.abc import Iterable

from basketry.gates.model import ABSOLUTE, FAILED, INCONCLUSIVE, UNSURE, Check

HEADER = "| condition | metric | challenger | compared with | interval, 95 % | limit | result |\n|---|---|---|---|---|---|---|"
"""The interval is of the difference to what the value is compared with, and of the value itself where there is nothing."""


def format_number(value: float | None) -> str:
    """Format a number with four significant digits; a dash for what was not logged."""
    return "-" if value is None else f"{value:,.4g}"


def format_interval(low: float | None, high: float | None, *, signed: bool = True) -> str:
    """Format an interval: `-0.01 to +0.02` of a difference, `0.01 to 0.02` of a value; empty when there is none.

    Args:
        low: The lower end.
        high: The upper end.
        signed: The interval is of a difference.
    """
    sign = "+" if signed else ""
    return "" if low is None or high is None else f"{low:{sign},.4g} to {high:{sign},.4g}"


def markdown_table(checks: Iterable[Check]) -> str:
    """Make a Markdown table with one row per check, what did not pass first."""
    order = {FAILED: 0, UNSURE: 1, INCONCLUSIVE: 2}
    rows = [_row(check) for check in sorted(checks, key=lambda check: order.get(check.outcome, 3))]
    return "\n".join([HEADER, *rows])


def describe_check(check: Check) -> str:
    """Describe a check in words that fit within a sentence."""
    if check.value is None:
        return f"{check.metric} ({check.condition}) was not logged"
    compared = "" if check.reference is None else f" against {format_number(check.reference)}{_reference_words(check)}"
    spread = f" ({_spread(check)})" if check.low is not None else ""
    return f"{check.metric} ({check.condition}) is {format_number(check.value)}{compared}{spread}, {check.limit}"


def _is_limit(check: Check) -> bool:
    return check.condition == ABSOLUTE


def _reference_words(check: Check) -> str:
    return " when perfectly calibrated" if _is_limit(check) else ""


def _spread(check: Check) -> str:
    """Return the interval and what it is of."""
    if check.reference is None and _is_limit(check):
        return f"95 % interval {format_interval(check.low, check.high, signed=False)}"
    return f"{'excess' if _is_limit(check) else 'change'} {format_interval(check.low, check.high)}"


def _row(check: Check) -> str:
    own = check.reference is None and _is_limit(check)
    cells = (
        check.condition,
        check.metric,
        format_number(check.value),
        format_number(check.reference),
        format_interval(check.low, check.high, signed=not own),
        check.limit,
        check.outcome,
    )
    return "| " + " | ".join(cells) + " |"
