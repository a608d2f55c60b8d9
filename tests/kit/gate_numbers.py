"""What trainings log: for the gates of `gates`, and for those that are shipped."""

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
"""A first model that passes the gate `PROPENSITY` with room to spare."""

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

SHIPPED_FIRST: Numbers = {
    "average_precision": 0.24,
    "roc_auc": 0.78,
    "log_loss": 0.2,
    "expected_calibration_error": 0.005,
    "calibration_ratio": 1.0,
    "lift_top_decile": 3.0,
    **interval("naive/base_rate/average_precision", 0.1, 0.2),
    **interval("naive/bought_last_30_days/average_precision", 0.05, 0.1),
    **interval("naive/personal_rate/average_precision", 0.01, 0.03),
}
"""A first model that passes the shipped gate of scores."""

SHIPPED_NOISY: Numbers = {
    **SHIPPED_FIRST,
    "champion/average_precision": 0.235,
    "champion/log_loss": 0.2,
    "champion/expected_calibration_error": 0.005,
    **interval("champion/average_precision", -0.01, 0.02),
    **interval("champion/log_loss", -0.001, 0.001),
    **interval("champion/expected_calibration_error", -0.001, 0.001),
    "category/milk/average_precision": 0.3,
    "champion/category/milk/average_precision": 0.3,
    **interval("champion/category/milk/average_precision", -0.1, 0.1),
}
"""A challenger of which nobody could say so with confidence."""

CLUSTERS: Numbers = {
    "silhouette": 0.4,
    "stability": 0.9,
    "smallest_share": 0.05,
    "agreement": 0.95,
    "changed_share": 0.02,
    "champion/silhouette": 0.4,
    **interval("champion/silhouette", -0.01, 0.01),
}
"""What a fit of segments logs; the numbers beside a champion do not count where there is none."""
