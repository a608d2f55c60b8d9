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
from basketry.domains.propensity.inputs import InputDefinition
from basketry.lake.lakehouse import Lakehouse
from basketry.learning import tracking
from basketry.learning.drift import Distribution
from basketry.learning.evaluation import Floats
from basketry.registry import ModelGoneError
from basketry.registry.models import PROPENSITY_MODEL

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

__all__ = [
    "ModelGoneError",
    "PropensityRecord",
    "PropensityVersion",
    "load_propensity_version",
    "propensity_model_name",
    "propensity_signature",
    "register_propensity_version",
]

_REQUIREMENTS = ("scikit-learn", "lightgbm", "pandas", "numpy", "scipy", "cloudpickle")
_EXAMPLE_ROWS = 5

_METADATA_KEY = "basketry"
"""The entry of the version's metadata that holds what scoring needs, as one JSON text."""


@dataclass(frozen=True, kw_only=True)
class PropensityVersion:
    """A version, loaded or about to be stored.

    Attributes:
        number: Its number in the registry; empty when it is not stored yet.
        trained_as_of: The last day whose purchases it may have seen.
        estimator: The calibrated estimator.
        definition: Its inputs.
        categories: The categories it was trained on.
        profile: Where watched inputs lay in the training rows.
    """

    number: str
    trained_as_of: date
    estimator: Any
    definition: InputDefinition
    categories: tuple[str, ...]
    profile: Mapping[str, Distribution]

    def predict(self, rows: pd.DataFrame) -> Floats:
        """Return the probability of a purchase for each row.

        Raises:
            ValueError: One of the version's inputs is missing.
        """
        missing = sorted({"category", *self.definition.names} - set(rows.columns))
        if missing:
            raise ValueError(f"the inputs {', '.join(missing)} are missing")
        probabilities: Floats = self.estimator.predict_proba(rows)[:, 1]
        return probabilities


def propensity_model_name(lake: Lakehouse) -> str:
    """Return the name of the catalog's propensity model in the registry."""
    return registry.registered_name(lake.catalog, PROPENSITY_MODEL.name)


def load_propensity_version(name: str, number: str) -> PropensityVersion:
    """Load a version by its number.

    Raises:
        ModelGoneError: The version cannot be had.
        RegistryDownError: The registry does not answer.
    """
    import mlflow

    with registry.loading_version(name, number):
        loaded = mlflow.pyfunc.load_model(f"models:/{name}/{number}")
        metadata = json.loads(loaded.metadata.metadata[_METADATA_KEY])
        estimator = loaded.get_raw_model()
        estimator.predict_proba  # noqa: B018 (a model of another kind fails here and not while it scores)
    profile = {
        feature: Distribution(tuple(stored["edges"]), tuple(stored["shares"]))
        for feature, stored in metadata["profile"].items()
    }
    return PropensityVersion(
        number=number,
        trained_as_of=date.fromisoformat(metadata["as_of"]),
        estimator=estimator,
        definition=InputDefinition(metadata["inputs"]),
        categories=tuple(metadata["categories"]),
        profile=profile,
    )


@dataclass(frozen=True, kw_only=True)
class PropensityRecord(tracking.TrainingRecord):
    """What a training leaves behind, and the version itself.

    Attributes:
        version: The trained version.
        example: Rows of which the first become the model's example.
    """

    version: PropensityVersion
    example: pd.DataFrame


def register_propensity_version(lake: Lakehouse, record: PropensityRecord) -> str:
    """Log the record, register the model, make it the challenger and return the number of its version."""
    return tracking.register_challenger(lake, PROPENSITY_MODEL, record, lambda: _log_model(record))


def _log_model(record: PropensityRecord) -> str:
    """Store the estimator so that mlflow.pyfunc alone loads it, where this library is not installed."""
    import mlflow

    from basketry.domains.propensity import estimators

    version = record.version
    metadata = {
        "as_of": version.trained_as_of.isoformat(),
        "inputs": dict(version.definition.expressions),
        "categories": list(version.categories),
        "profile": {feature: asdict(distribution) for feature, distribution in version.profile.items()},
    }
    columns = ["category", *version.definition.names]
    cloudpickle.register_pickle_by_value(estimators)
    try:
        info = mlflow.sklearn.log_model(
            version.estimator,
            name=PROPENSITY_MODEL.name,
            serialization_format="cloudpickle",
            pyfunc_predict_fn="predict_proba",
            signature=propensity_signature(version.definition),
            input_example=record.example[columns].head(_EXAMPLE_ROWS),
            pip_requirements=tracking.pinned_requirements(_REQUIREMENTS),
            metadata={_METADATA_KEY: json.dumps(metadata)},
        )
    finally:
        cloudpickle.unregister_pickle_by_value(estimators)
    return str(info.model_uri)


def propensity_signature(definition: InputDefinition) -> ModelSignature:
    """Return the signature: the category and the inputs in, probabilities of not buying and of buying out."""
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    inputs = [ColSpec("string", "category"), *(ColSpec("double", name) for name in definition.names)]
    return ModelSignature(Schema(inputs), Schema([TensorSpec(np.dtype("float64"), (-1, 2))]))
