"""Bounds of a metric's value: within, surely beyond, or beyond and not surely. Pure: no reads, no writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from basketry.gates.model import ABSOLUTE, FAILED, PASSED, UNSURE, Check, Limit, Metrics
from basketry.gates.telling import number
from basketry.gates.threshold import holds

Ends = tuple[float, float]


def absolute(limits: Iterable[Limit], metrics: Metrics) -> Iterator[Check]:
    """A check for each limit that every challenger must keep; metrics: finite values by name, see `Metrics`.

    Beyond its limit a metric fails when the whole interval that was logged for it lies beyond, and is unsure otherwise.
    Which interval: that of the excess over perfect calibration where one was logged, else the metric's own. A metric
    with neither, such as a count, knows no doubt; one that was not logged fails.
    """
    for limit in limits:
        value, excess = metrics.get(limit.metric), _ends(metrics, f"excess/{limit.metric}")
        judged = excess or _ends(metrics, f"interval/{limit.metric}")
        calibrated = metrics.get(f"calibrated/{limit.metric}") if excess else None
        low, high = judged or (None, None)
        outcome = _outcome(limit, value, judged)
        yield Check(ABSOLUTE, limit.metric, value, calibrated, low, high, _words(limit), outcome)


def beside(condition: str, limits: Iterable[Limit], metrics: Metrics) -> Iterator[Check]:
    """A check for each limit of what only a champion makes measurable: within, or failed."""
    for limit in limits:
        value = metrics.get(limit.metric)
        yield Check(condition, limit.metric, value, None, None, None, _words(limit), _outcome(limit, value, None))


def _ends(metrics: Metrics, name: str) -> Ends | None:
    low, high = metrics.get(f"{name}/low"), metrics.get(f"{name}/high")
    return None if low is None or high is None else (low, high)


def _outcome(limit: Limit, value: float | None, judged: Ends | None) -> str:
    if value is None:
        return FAILED
    too_low = limit.at_least is not None and not holds(True, value, threshold=limit.at_least)
    too_high = limit.at_most is not None and not holds(False, value, threshold=limit.at_most)
    if not too_low and not too_high:
        return PASSED
    return FAILED if judged is None or _surely(limit, judged, too_high=too_high) else UNSURE


def _surely(limit: Limit, judged: Ends, *, too_high: bool) -> bool:
    """Whether the whole interval lies beyond the bound that the value has crossed."""
    low, high = judged
    if too_high:
        return limit.at_most is not None and low > limit.at_most
    return limit.at_least is not None and high < limit.at_least


def _words(limit: Limit) -> str:
    words = []
    if limit.at_least is not None:
        words.append(f"at least {number(limit.at_least)}")
    if limit.at_most is not None:
        words.append(f"at most {number(limit.at_most)}")
    return " and ".join(words)
