"""Everything between forecasters and MLflow: what a training leaves behind, and how a version is loaded again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from typing import Any

from basketry import registry
from basketry.errors import BadInputError
from basketry.forecast.forecaster import Forecaster, restored
from basketry.lakehouse import Lakehouse

MODEL = "forecast"
_REQUIREMENTS = ("lightgbm", "pandas", "numpy")
_METRICS_A_CALL = 500


@dataclass(frozen=True)
class Version:
    """A registered version, or the fallback, which has no number in the registry."""

    number: str
    forecaster: Forecaster


class ModelGoneError(BadInputError):
    """A registered version does not exist or cannot be loaded any more."""


@dataclass(frozen=True)
class Record:
    """What a training leaves behind. documents: JSON by file name; texts: by file name."""

    forecaster: Forecaster
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    documents: Mapping[str, Any]
    texts: Mapping[str, str]


def registered(lake: Lakehouse) -> str:
    """Name of the catalog's forecast model in the registry."""
    return registry.registered_name(lake.catalog, MODEL)


def load(name: str, number: str) -> Version:
    """A version by its number; ModelGoneError when it cannot be had, RegistryDownError when nobody answers."""
    import mlflow

    try:
        loaded = mlflow.pyfunc.load_model(f"models:/{name}/{number}")
        return Version(number, restored(loaded.unwrap_python_model().state))
    except Exception as error:  # files can be missing or broken in as many ways as there are stores
        registry.alias_version(name, registry.CHAMPION)  # a registry that is down is to blame instead of the model
        message = f"version {number} of {name} cannot be loaded ({type(error).__name__}): train or name another one."
        raise ModelGoneError(message) from error


def register(lake: Lakehouse, record: Record) -> str:
    """Log the record, register the model and make it the challenger; returns its version.

    The alias comes last: whatever is cut off before it leaves a run that nothing refers to.
    """
    import mlflow

    name = registered(lake)
    folder = "" if lake.settings.runtime == "local" else "/Shared/basketry/"
    mlflow.set_experiment(f"{folder}{lake.catalog}_{MODEL}")
    with mlflow.start_run(run_name=f"{MODEL}-{record.tags['basketry.as_of']}", tags=dict(record.tags)):
        mlflow.log_params({key: str(value)[:500] for key, value in record.params.items()})
        named = list(record.metrics.items())
        for start in range(0, len(named), _METRICS_A_CALL):
            mlflow.log_metrics(dict(named[start : start + _METRICS_A_CALL]))
        for file, content in record.documents.items():
            mlflow.log_dict(content, file)
        for file, text in record.texts.items():
            mlflow.log_text(text, file)
        number = str(mlflow.register_model(_log_model(record.forecaster), name).version)
    registry.set_challenger(name, number)
    return number


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
