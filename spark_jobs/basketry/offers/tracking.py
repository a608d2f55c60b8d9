"""Everything between policies and MLflow: what a training leaves behind, and how a version is loaded again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version as installed_version
from typing import Any

from matplotlib.figure import Figure

from basketry import registry, tracking, versions
from basketry.lakehouse import Lakehouse
from basketry.offers.learn import Learned, restored

MODEL = "offer_policy"


@dataclass(frozen=True)
class Version:
    """A registered version."""

    number: str
    learned: Learned


@dataclass(frozen=True)
class Record:
    """What a training leaves behind. documents: JSON by file name; texts: by file name."""

    learned: Learned
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    documents: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)


def registered(lake: Lakehouse) -> str:
    """Name of the catalog's policy in the registry."""
    return registry.registered_name(lake.catalog, MODEL)


def load(name: str, number: str) -> Version:
    """A version by its number; ModelGoneError when it cannot be had, RegistryDownError when nobody answers."""
    import mlflow

    with registry.loading(name, number):
        loaded = mlflow.pyfunc.load_model(f"models:/{name}/{number}")
        return Version(number, restored(loaded.unwrap_python_model().state))


KIND: versions.Kind[Version] = versions.Kind(MODEL, load, "train_offer_policy")


def register(lake: Lakehouse, record: Record) -> str:
    """Log the record, register the policy and make it the challenger; returns its version."""
    return tracking.register(lake, MODEL, record, lambda: _log_model(record.learned))


def _log_model(learned: Learned) -> str:
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    from basketry.offers.policy import NUMBERS
    from basketry.offers.serving import Served

    inputs = [ColSpec("string", "category"), *(ColSpec("double", name) for name in NUMBERS)]
    info = mlflow.pyfunc.log_model(
        name=MODEL,
        python_model=Served(learned.state()),
        signature=ModelSignature(Schema(inputs)),
        pip_requirements=[f"{package}=={installed_version(package)}" for package in ("numpy", "pandas")],
    )
    return str(info.model_uri)
