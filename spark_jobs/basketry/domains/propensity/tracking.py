"""Everything between propensity models and MLflow: what a training leaves behind, and how a version is loaded again.

A version carries what scoring needs beside the model itself: the definitions of its inputs, the categories it was
trained on, and where its inputs lay. MLflow is imported when it is used, because it takes seconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import cloudpickle  # type: ignore[import-untyped]
import pandas as pd

from basketry import registry
from basketry.domains.propensity.inputs import Definition
from basketry.lake.lakehouse import Lakehouse
from basketry.learning import tracking
from basketry.learning.drift import Distribution
from basketry.learning.evaluation import Floats
from basketry.registry import ModelGoneError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow.models import ModelSignature

__all__ = ["MODEL", "ModelGoneError", "Record", "Version", "load", "register", "registered", "signature"]

MODEL = "propensity"
_REQUIREMENTS = ("scikit-learn", "lightgbm", "pandas", "numpy", "scipy", "cloudpickle")
_EXAMPLE_ROWS = 5

_KEPT = "basketry"
"""Key of the version's metadata that holds what scoring needs, as one JSON text."""


@dataclass(frozen=True)
class Version:
    """A version, loaded or about to be stored.

    trained_as_of: the last day whose purchases it may have seen; profile: where watched inputs lay in the training rows.
    """

    number: str
    trained_as_of: date
    estimator: Any
    definition: Definition
    categories: tuple[str, ...]
    profile: Mapping[str, Distribution]

    def predict(self, rows: pd.DataFrame) -> Floats:
        """Probabilities for rows with the version's inputs; ValueError when one is missing."""
        missing = sorted({"category", *self.definition.names} - set(rows.columns))
        if missing:
            raise ValueError(f"the inputs {', '.join(missing)} are missing")
        found: Floats = self.estimator.predict_proba(rows)[:, 1]
        return found


def registered(lake: Lakehouse) -> str:
    """Name of the catalog's propensity model in the registry."""
    return registry.registered_name(lake.catalog, MODEL)


def load(name: str, number: str) -> Version:
    """A version by its number; ModelGoneError when it cannot be had, RegistryDownError when nobody answers."""
    import mlflow

    with registry.loading(name, number):
        loaded = mlflow.pyfunc.load_model(f"models:/{name}/{number}")
        kept = json.loads(loaded.metadata.metadata[_KEPT])
        estimator = loaded.get_raw_model()
        estimator.predict_proba  # noqa: B018 (a model of another kind fails here and not while it scores)
    profile = {key: Distribution(tuple(one["edges"]), tuple(one["shares"])) for key, one in kept["profile"].items()}
    trained_as_of = date.fromisoformat(kept["as_of"])
    return Version(number, trained_as_of, estimator, Definition(kept["inputs"]), tuple(kept["categories"]), profile)


@dataclass(frozen=True)
class Record:
    """What a training leaves behind. documents: JSON by file name; texts: by file name."""

    version: Version
    example: pd.DataFrame
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    documents: Mapping[str, Any]
    texts: Mapping[str, str]
    figures: Mapping[str, Figure]


def register(lake: Lakehouse, record: Record) -> str:
    """Log the record, register the model and make it the challenger; returns its version."""
    return tracking.register(lake, MODEL, record, lambda: _log_model(record))


def _log_model(record: Record) -> str:
    """Store the estimator so that mlflow.pyfunc alone loads it, where this library is not installed."""
    import mlflow

    from basketry.domains.propensity import estimators

    version = record.version
    kept = {
        "as_of": version.trained_as_of.isoformat(),
        "inputs": dict(version.definition.expressions),
        "categories": list(version.categories),
        "profile": {name: asdict(one) for name, one in version.profile.items()},
    }
    columns = ["category", *version.definition.names]
    cloudpickle.register_pickle_by_value(estimators)
    try:
        info = mlflow.sklearn.log_model(
            version.estimator,
            name=MODEL,
            serialization_format="cloudpickle",
            pyfunc_predict_fn="predict_proba",
            signature=signature(version.definition),
            input_example=record.example[columns].head(_EXAMPLE_ROWS),
            pip_requirements=tracking.pinned(_REQUIREMENTS),
            metadata={_KEPT: json.dumps(kept)},
        )
    finally:
        cloudpickle.unregister_pickle_by_value(estimators)
    return str(info.model_uri)


def signature(definition: Definition) -> ModelSignature:
    """The category and the inputs in, probabilities of not buying and buying out."""
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    inputs = [ColSpec("string", "category"), *(ColSpec("double", name) for name in definition.names)]
    return ModelSignature(Schema(inputs), Schema([TensorSpec(np.dtype("float64"), (-1, 2))]))
