"""Bounds of a metric's value: within, surely beyond, or beyond and not surely. Pure: no reads, no writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from basketry.gates.formatting import format_number
from basketry.gates.model import ABSOLUTE, FAILED, PASSED, UNSURE, Check, Limit, Metrics
from basketry.gates.threshold import reaches

Ends = tuple[float, float]


def check_absolute(limits: Iterable[Limit], metrics: Metrics) -> Iterator[Check]:
    """Check each limit that every challenger must keep.

    Beyond its limit a metric fails when the whole interval that was logged for it lies beyond, and is unsure otherwise.
    Which interval: that of the excess over perfect calibration where one was logged, else the metric's own. A metric
    with neither, such as a count, is never unsure; one that was not logged fails.

    Args:
        limits: The limits.
        metrics: Finite values by name, see `Metrics`.
    """
    for limit in limits:
        value, excess = metrics.get(limit.metric), _ends(metrics, f"excess/{limit.metric}")
        ends = excess or _ends(metrics, f"interval/{limit.metric}")
        low, high = ends or (None, None)
        yield Check(
            condition=ABSOLUTE,
            metric=limit.metric,
            value=value,
            reference=metrics.get(f"calibrated/{limit.metric}") if excess else None,
            low=low,
            high=high,
            limit=_words(limit),
            outcome=_outcome(limit, value, ends),
        )


def check_limits(condition: str, limits: Iterable[Limit], metrics: Metrics) -> Iterator[Check]:
    """Check each limit of what only a champion makes measurable: within, or failed."""
    for limit in limits:
        value = metrics.get(limit.metric)
        yield Check(
            condition=condition,
            metric=limit.metric,
            value=value,
            limit=_words(limit),
            outcome=_outcome(limit, value, None),
        )


def _ends(metrics: Metrics, name: str) -> Ends | None:
    low, high = metrics.get(f"{name}/low"), metrics.get(f"{name}/high")
    return None if low is None or high is None else (low, high)


def _outcome(limit: Limit, value: float | None, ends: Ends | None) -> str:
    if value is None:
        return FAILED
    too_low = limit.at_least is not None and not reaches(value, limit.at_least, higher_is_better=True)
    too_high = limit.at_most is not None and not reaches(value, limit.at_most, higher_is_better=False)
    if not too_low and not too_high:
        return PASSED
    return FAILED if ends is None or _is_surely_beyond(limit, ends, too_high=too_high) else UNSURE


def _is_surely_beyond(limit: Limit, ends: Ends, *, too_high: bool) -> bool:
    """Return whether the whole interval lies beyond the bound that the value has crossed."""
    low, high = ends
    if too_high:
        return limit.at_most is not None and low > limit.at_most
    return limit.at_least is not None and high < limit.at_least


def _words(limit: Limit) -> str:
    words = []
    if limit.at_least is not None:
        words.append(f"at least {format_number(limit.at_least)}")
    if limit.at_most is not None:
        words.append(f"at most {format_number(limit.at_most)}")
    return " and ".join(words)
