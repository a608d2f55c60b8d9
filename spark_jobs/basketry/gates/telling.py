"""A verdict as people read it."""

from __future__ import annotations

from collections.abc import Iterable

from basketry.gates.model import FAILED, NOISE, Check

HEADER = (
    "| condition | metric | challenger | compared with | change, 95 % | limit | result |\n|---|---|---|---|---|---|---|"
)


def number(value: float | None) -> str:
    """Four digits that matter; a dash for what was not logged."""
    return "-" if value is None else f"{value:,.4g}"


def interval(low: float | None, high: float | None) -> str:
    """`-0.01 to +0.02`; empty when there is none."""
    return "" if low is None or high is None else f"{low:+,.4g} to {high:+,.4g}"


def markdown_table(checks: Iterable[Check]) -> str:
    """Every check as a row, what did not pass first."""
    order = {FAILED: 0, NOISE: 1}
    rows = [_row(check) for check in sorted(checks, key=lambda check: order.get(check.outcome, 2))]
    return "\n".join([HEADER, *rows])


def sentence(check: Check) -> str:
    """A check within a sentence."""
    if check.value is None:
        return f"{check.metric} ({check.condition}) was not logged"
    compared = "" if check.reference is None else f" against {number(check.reference)}"
    change = f" (change {interval(check.low, check.high)})" if check.low is not None else ""
    return f"{check.metric} ({check.condition}) is {number(check.value)}{compared}{change}, {check.limit}"


def _row(check: Check) -> str:
    cells = (
        check.condition, check.metric, number(check.value), number(check.reference), interval(check.low, check.high),
        check.limit, check.outcome,
    )  # fmt: skip
    return "| " + " | ".join(cells) + " |"
