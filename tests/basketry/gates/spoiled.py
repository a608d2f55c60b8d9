"""What tests of spoiled models share: the shipped gates, what became of each limit, and a limit moved to where it is unsure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from basketry.config.settings import CHECKOUT
from basketry.gates import Gate, Limit, Verdict, load_gate

Spoiled = Mapping[str, tuple[Callable[[], Mapping[str, float]], frozenset[str]]]
"""By what was done to a good model: the metrics that its training logs, and the limits that guard against it."""


def shipped(name: str) -> Gate:
    """A gate as it is shipped."""
    return load_gate(name, CHECKOUT / "include")


def failed(decision: Verdict) -> set[str]:
    """Metrics whose bound failed, those beside a champion too."""
    return {check.metric for check in decision.checks if check.outcome == "failed" and check.limit.startswith("at ")}


def barely_beyond(gate: Gate, metrics: Mapping[str, float], metric: str) -> Gate:
    """The gate with one limit moved between the metric's value and the far end of its interval, so that none can be sure."""
    value = metrics[metric]
    limits = [_moved(limit, value, metrics) if limit.metric == metric else limit for limit in gate.absolute]
    return replace(gate, absolute=tuple(limits))


def _moved(limit: Limit, value: float, metrics: Mapping[str, float]) -> Limit:
    low, high = (metrics[f"interval/{limit.metric}/{end}"] for end in ("low", "high"))
    if limit.at_least is not None:
        return replace(limit, at_least=(value + high) / 2, at_most=None)
    return replace(limit, at_most=(value + low) / 2)
