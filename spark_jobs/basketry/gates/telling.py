"""A verdict as people read it."""

from __future__ import annotations

from collections.abc import Iterable

from basketry.gates.model import ABSOLUTE, FAILED, NOISE, UNSURE, Check

HEADER = "| condition | metric | challenger | compared with | interval, 95 % | limit | result |\n|---|---|---|---|---|---|---|"
"""The interval is of the difference to what the value is compared with, and of the value itself where there is nothing."""


def number(value: float | None) -> str:
    """Four digits that matter; a dash for what was not logged."""
    return "-" if value is None else f"{value:,.4g}"


def interval(low: float | None, high: float | None, *, signed: bool = True) -> str:
    """`-0.01 to +0.02` of a difference, `0.01 to 0.02` of a value (signed: False); empty when there is none."""
    sign = "+" if signed else ""
    return "" if low is None or high is None else f"{low:{sign},.4g} to {high:{sign},.4g}"


def markdown_table(checks: Iterable[Check]) -> str:
    """Every check as a row, what did not pass first."""
    order = {FAILED: 0, UNSURE: 1, NOISE: 2}
    rows = [_row(check) for check in sorted(checks, key=lambda check: order.get(check.outcome, 3))]
    return "\n".join([HEADER, *rows])


def sentence(check: Check) -> str:
    """A check within a sentence."""
    if check.value is None:
        return f"{check.metric} ({check.condition}) was not logged"
    compared = "" if check.reference is None else f" against {number(check.reference)}{_of_what(check)}"
    spread = f" ({_spread(check)})" if check.low is not None else ""
    return f"{check.metric} ({check.condition}) is {number(check.value)}{compared}{spread}, {check.limit}"


def _is_limit(check: Check) -> bool:
    return check.condition == ABSOLUTE


def _of_what(check: Check) -> str:
    return " when perfectly calibrated" if _is_limit(check) else ""


def _spread(check: Check) -> str:
    """The interval and what it is of."""
    if check.reference is None and _is_limit(check):
        return f"95 % interval {interval(check.low, check.high, signed=False)}"
    return f"{'excess' if _is_limit(check) else 'change'} {interval(check.low, check.high)}"


def _row(check: Check) -> str:
    own = check.reference is None and _is_limit(check)
    cells = (
        check.condition,
        check.metric,
        number(check.value),
        number(check.reference),
        interval(check.low, check.high, signed=not own),
        check.limit,
        check.outcome,
    )
    return "| " + " | ".join(cells) + " |"
