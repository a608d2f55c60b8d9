"""Everything between forecasters and MLflow: what a training leaves behind, and how a version is loaded again."""

from __future__ import annotations

from dataclasses import dataclass

from basketry import registry
from basketry.domains.forecast.forecaster import Forecaster, restored
from basketry.lake.lakehouse import Lakehouse
from basketry.learning import tracking, versions

MODEL = "forecast"
_REQUIREMENTS = ("lightgbm", "pandas", "numpy")


@dataclass(frozen=True)
class Version:
    """A registered version, or the fallback, which has no number in the registry."""

    number: str
    forecaster: Forecaster


def registered(lake: Lakehouse) -> str:
    """Name of the catalog's forecast model in the registry."""
    return registry.registered_name(lake.catalog, MODEL)


def load(name: str, number: str) -> Version:
    """A version by its number; ModelGoneError when it cannot be had, RegistryDownError when nobody answers."""
    return Version(number, tracking.load_state(name, number, restored))


KIND: versions.Kind[Version] = versions.Kind(MODEL, load, "train_forecast")


def register(lake: Lakehouse, forecaster: Forecaster, record: tracking.Record) -> str:
    """Log the record, register the model and make it the challenger; returns its version."""
    from basketry.domains.forecast.serving import COLUMNS, Served

    served = Served(forecaster.state())
    return tracking.register(lake, MODEL, record, lambda: tracking.log_state(MODEL, served, COLUMNS, _REQUIREMENTS))
