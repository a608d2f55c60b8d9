"""Everything between forecasters and MLflow: what a training leaves behind, and how a version is loaded again."""

from __future__ import annotations

from dataclasses import dataclass

from basketry import registry
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


def forecast_model_name(lake: Lakehouse) -> str:
    """Return what the catalog's forecast model is called in the registry."""
    return registry.registered_name(lake.catalog, FORECAST_MODEL.name)


def load_forecaster(name: str, number: str) -> ForecastVersion:
    """Load a version by its number.

    Raises:
        ModelGoneError: The version cannot be loaded.
        RegistryDownError: The registry does not answer.
    """
    return ForecastVersion(number, tracking.load_state(name, number, restore_forecaster))


LOADER: versions.ModelLoader[ForecastVersion] = versions.ModelLoader(FORECAST_MODEL, load_forecaster)


def register_forecaster(lake: Lakehouse, forecaster: Forecaster, record: tracking.TrainingRecord) -> str:
    """Log the record, register the model and make it the challenger; return its version."""
    from basketry.domains.forecast.serving import COLUMNS, ServedForecaster

    served = ServedForecaster(forecaster.state())
    return tracking.register_challenger(
        lake, FORECAST_MODEL, record, lambda: tracking.log_state(FORECAST_MODEL, served, COLUMNS, _REQUIREMENTS)
    )
