"""Everything between forecasters and MLflow: what a training leaves behind, and how a version is loaded again."""

from __future__ import annotations

from dataclasses import dataclass

from basketry.domains.forecast.forecaster import Forecaster, restore_forecaster
from basketry.lake.lakehouse import Lakehouse
from basketry.learning import tracking, versions
from basketry.registry.models import FORECAST_MODEL

_REQUIREMENTS = ("lightgbm", "pandas", "numpy")


@dataclass(frozen=True)
class ForecastVersion:
    """A registered version, or the fallback, which the registry does not know.

    Attributes:
        number: The version in the registry, or the name of the fallback.
        forecaster: The forecaster of the version.
    """

    number: str
    forecaster: Forecaster


LOADER: versions.ModelLoader[ForecastVersion] = versions.ModelLoader(
    FORECAST_MODEL, lambda number, state: ForecastVersion(number, restore_forecaster(state))
)


def register_forecaster(lake: Lakehouse, forecaster: Forecaster, record: tracking.TrainingRecord) -> str:
    """Log the record, register the model and make it the challenger; return its version."""
    from basketry.domains.forecast.serving import COLUMNS

    state = forecaster.state()
    return tracking.register_challenger(
        lake, FORECAST_MODEL, record, lambda: tracking.log_state(FORECAST_MODEL, state, COLUMNS, _REQUIREMENTS)
    )
