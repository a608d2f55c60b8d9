"""An include folder for tests of the plumbing: models of a few hundred customers are trained in seconds and pass their gates."""

from __future__ import annotations

from pathlib import Path

from tests.kit.documents import QUICK, copy_include

SETTINGS = """\
training: {dates: 3, step_days: 30, customers: 20000}
tuning: {trials: 1}
seed: 7
bootstrap: 20
drift: {warning: 0.5, refusal: 50}
"""
PLUMBING = {
    "gates/propensity.yaml": {
        "  bought_last_30_days: {average_precision: 0}\n": "",
        "  personal_rate: {average_precision: 0}": "#",
        "at_most: 0.02": "at_most: 0.5",
    },
    "rfm.yaml": QUICK["rfm.yaml"],
    "forecast.yaml": QUICK["forecast.yaml"],
    "gates/forecast.yaml": {
        "seasonal_naive: {wape: 0, rmse: 0}": "seasonal_naive: {wape: 0}",
        "at_most: 0.35": "at_most: 9",
        "  exponential_smoothing: {wape: 0}": "# ",
        "at_least: 0.75, at_most: 0.98": "at_least: 0.1",
    },
}
"""Trainings of seconds, and gates that ask for less: a few hundred customers cannot beat the personal rate beyond doubt."""


def include_of_plumbing(home: Path) -> Path:
    """Copy what is shipped to `home`/include, with these settings."""
    include = copy_include(home, PLUMBING)
    (include / "propensity.yaml").write_text(SETTINGS)
    return include
