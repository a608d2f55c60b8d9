"""Metrics as trainings log them, for the gates of the DAG tests."""

from __future__ import annotations


def interval(versus: str, low: float, high: float, metric: str = "average_precision") -> dict[str, float]:
    """The ends of a paired interval as training logs them."""
    return {f"versus/{versus}/{metric}/low": low, f"versus/{versus}/{metric}/high": high}


FIRST = {
    "average_precision": 0.24,
    "roc_auc": 0.78,
    "log_loss": 0.2,
    "expected_calibration_error": 0.005,
    "calibration_ratio": 1.0,
    "lift_top_decile": 3.0,
    **interval("naive/base_rate", 0.1, 0.2),
    **interval("naive/bought_last_30_days", 0.05, 0.1),
    **interval("naive/personal_rate", 0.01, 0.03),
}
NOISY = {
    **FIRST,
    "champion/average_precision": 0.235,
    "champion/log_loss": 0.2,
    "champion/expected_calibration_error": 0.005,
    **interval("champion", -0.01, 0.02),
    **interval("champion", -0.001, 0.001, "log_loss"),
    **interval("champion", -0.001, 0.001, "expected_calibration_error"),
    "category/milk/average_precision": 0.3,
    "champion/category/milk/average_precision": 0.3,
    **interval("champion/category/milk", -0.1, 0.1),
}


CLUSTERS = {
    "silhouette": 0.4,
    "stability": 0.9,
    "smallest_share": 0.05,
    "agreement": 0.95,
    "changed_share": 0.02,
    "champion/silhouette": 0.4,
    **interval("champion", -0.01, 0.01, "silhouette"),
}
"""What a fit of segments logs; the numbers beside a champion do not count where there is none."""
