"""Everything between forecasters and MLflow: what a training leaves behind, and how a version is loaded again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version as installed_version
from typing import Any

from matplotlib.figure import Figure

from basketry import registry, tracking, versions
from basketry.forecast.forecaster import Forecaster, restored
from basketry.lakehouse import Lakehouse

MODEL = "forecast"
_REQUIREMENTS = ("lightgbm", "pandas", "numpy")


@dataclass(frozen=True)
class Version:
    """A registered version, or the fallback, which has no number in the registry."""

    number: str
    forecaster: Forecaster


@dataclass(frozen=True)
class Record:
    """What a training leaves behind. documents: JSON by file name; texts: by file name."""

    forecaster: Forecaster
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    documents: Mapping[str, Any]
    texts: Mapping[str, str]
    figures: Mapping[str, Figure] = field(default_factory=dict)


def registered(lake: Lakehouse) -> str:
    """Name of the catalog's forecast model in the registry."""
    return registry.registered_name(lake.catalog, MODEL)


def load(name: str, number: str) -> Version:
    """A version by its number; ModelGoneError when it cannot be had, RegistryDownError when nobody answers."""
    import mlflow

    with registry.loading(name, number):
        loaded = mlflow.pyfunc.load_model(f"models:/{name}/{number}")
        return Version(number, restored(loaded.unwrap_python_model().state))


KIND: versions.Kind[Version] = versions.Kind(MODEL, load, "train_forecast")


def register(lake: Lakehouse, record: Record) -> str:
    """Log the record, register the model and make it the challenger; returns its version."""
    return tracking.register(lake, MODEL, record, lambda: _log_model(record.forecaster))


def _log_model(forecaster: Forecaster) -> str:
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    from basketry.forecast.serving import COLUMNS, Served

    info = mlflow.pyfunc.log_model(
        name=MODEL,
        python_model=Served(forecaster.state()),
        signature=ModelSignature(Schema([ColSpec(kind, name) for name, kind in COLUMNS.items()])),
        pip_requirements=[f"{package}=={installed_version(package)}" for package in _REQUIREMENTS],
    )
    return str(info.model_uri)
