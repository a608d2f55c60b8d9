"""One number against one threshold, compared as MLflow's own validation does (`mlflow.validate_evaluation_results`)."""

from __future__ import annotations

_LEAST_CHANGE = 1e-10
"""The improvement on a champion of exactly 0, of which no share can be asked for."""


def reaches(value: float, bound: float, *, higher_is_better: bool) -> bool:
    """Return whether a value is at least as good as a bound."""
    return value >= bound if higher_is_better else value <= bound


def improves_by(value: float, baseline: float, change: float, *, higher_is_better: bool) -> bool:
    """Return whether a value is better than a baseline by at least an absolute change."""
    return reaches(
        value, baseline + change if higher_is_better else baseline - change, higher_is_better=higher_is_better
    )


def improves_by_share(value: float, baseline: float, share: float, *, higher_is_better: bool) -> bool:
    """Return whether a value is better than a baseline by at least a share of the baseline's magnitude."""
    if baseline == 0:
        return improves_by(value, baseline, _LEAST_CHANGE, higher_is_better=higher_is_better)
    gain = value - baseline if higher_is_better else baseline - value
    return gain / abs(baseline) >= share
