"""What trainings log, for tests of the gate `propensity` of `gate_files`."""

from __future__ import annotations

Numbers = dict[str, float]


def interval(name: str, low: float, high: float) -> Numbers:
    """The ends of a paired interval as they are logged."""
    return {f"versus/{name}/low": low, f"versus/{name}/high": high}


FIRST: Numbers = {
    "average_precision": 0.25,
    "log_loss": 0.25,
    "calibration_ratio": 1.0,
    "naive/personal_rate/average_precision": 0.1875,
    "naive/base_rate/average_precision": 0.125,
    "naive/base_rate/log_loss": 0.5,
    **interval("naive/personal_rate/average_precision", 0.03125, 0.09375),
    **interval("naive/base_rate/average_precision", 0.09375, 0.15625),
    **interval("naive/base_rate/log_loss", -0.3125, -0.1875),
}
"""A first model that passes with room to spare."""

LATER: Numbers = {
    **FIRST,
    "champion/average_precision": 0.1875,
    "champion/log_loss": 0.25,
    **interval("champion/average_precision", 0.03125, 0.09375),
    **interval("champion/log_loss", -0.03125, 0.03125),
    "category/fruit/average_precision": 0.25,
    "champion/category/fruit/average_precision": 0.25,
    **interval("champion/category/fruit/average_precision", -0.25, 0.25),
}
"""A challenger that is surely better than the champion."""

NOISY: Numbers = {**LATER, **interval("champion/average_precision", -0.03125, 0.15625)}
"""The same, but nobody could say so with confidence."""
