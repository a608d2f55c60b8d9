"""Everything between RFM models and MLflow: what a fit leaves behind, and how a version is loaded again.

A version carries what assigning needs beside the clusters: the edges of the scores, the window, the fitted expectations.
The grid of names is not learned: it is read from include/rfm.yaml whenever customers are assigned.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import numpy as np
import pandas as pd

from basketry import registry
from basketry.domains.rfm.holdout import Expectations
from basketry.domains.rfm.lifetime import PurchaseModel, SpendModel
from basketry.domains.rfm.values import VALUES, Scoring
from basketry.lake.lakehouse import Lakehouse
from basketry.learning import tracking
from basketry.registry.models import RFM_MODEL
from basketry.retail.clustering.measures import Integers

_REQUIREMENTS = ("scikit-learn", "pandas", "numpy", "scipy", "cloudpickle")
_EXAMPLE_ROWS = 5

_METADATA_KEY = "basketry"
"""The entry of the version's metadata that holds what assigning needs, as one JSON text."""


@dataclass(frozen=True, kw_only=True)
class RfmVersion:
    """A version, loaded or about to be stored.

    Attributes:
        number: Its number in the registry; empty when it is not stored yet.
        trained_as_of: The last day whose purchases it has seen.
        window_days: How many days of purchases the values look at.
        scoring: What turns values into scores.
        expectations: The fitted lifetime models.
        pipeline: Bins and clusters.
    """

    number: str
    trained_as_of: date
    window_days: int
    scoring: Scoring
    expectations: Expectations
    pipeline: Any

    def clusters_of(self, values: pd.DataFrame) -> Integers:
        """Return the cluster of each row of columns VALUES."""
        doubles = values[list(VALUES)].astype(np.float64)
        return np.asarray(self.pipeline.predict(doubles), dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class RfmRecord(tracking.TrainingRecord):
    """What a training leaves behind, and the version itself.

    Attributes:
        version: The fitted version.
        example: Rows of which the first become the model's example.
    """

    version: RfmVersion
    example: pd.DataFrame


def rfm_model_name(lake: Lakehouse) -> str:
    """Return the name of the catalog's RFM model in the registry."""
    return registry.registered_name(lake.catalog, RFM_MODEL.name)


def load_rfm_version(name: str, number: str) -> RfmVersion:
    """Load a version by its number.

    Raises:
        ModelGoneError: The version cannot be had.
        RegistryDownError: The registry does not answer.
    """
    import mlflow

    with registry.loading_version(name, number):
        loaded = mlflow.pyfunc.load_model(f"models:/{name}/{number}")
        metadata = json.loads(loaded.metadata.metadata[_METADATA_KEY])
        pipeline = loaded.get_raw_model()
        pipeline.named_steps["clusters"].numbers  # noqa: B018 (a model of another kind fails here and not later)
    return _version(number, metadata, pipeline)


def register_rfm_version(lake: Lakehouse, record: RfmRecord) -> str:
    """Log the record, register the model, make it the challenger and return the number of its version."""
    return tracking.register_challenger(lake, RFM_MODEL, record, lambda: _log_model(record))


def _log_model(record: RfmRecord) -> str:
    """Store the pipeline so that mlflow.pyfunc alone loads it, where this library is not installed."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    from basketry.domains.rfm import estimators

    signature = ModelSignature(
        Schema([ColSpec("double", name) for name in VALUES]), Schema([TensorSpec(np.dtype("int64"), (-1,))])
    )
    cloudpickle.register_pickle_by_value(estimators)
    try:
        info = mlflow.sklearn.log_model(
            record.version.pipeline,
            name=RFM_MODEL.name,
            serialization_format="cloudpickle",
            signature=signature,
            input_example=record.example[list(VALUES)].astype(np.float64).head(_EXAMPLE_ROWS),
            pip_requirements=tracking.pinned_requirements(_REQUIREMENTS),
            metadata={_METADATA_KEY: json.dumps(_metadata(record.version))},
        )
    finally:
        cloudpickle.unregister_pickle_by_value(estimators)
    return str(info.model_uri)


def _metadata(version: RfmVersion) -> dict[str, Any]:
    return {
        "as_of": version.trained_as_of.isoformat(),
        "window_days": version.window_days,
        "scoring": asdict(version.scoring),
        "expectations": asdict(version.expectations),
    }


def _version(number: str, metadata: Mapping[str, Any], pipeline: Any) -> RfmVersion:
    scoring, ahead = metadata["scoring"], metadata["expectations"]
    expectations = Expectations(
        ahead["days"],
        PurchaseModel(**ahead["purchases"]) if ahead["purchases"] else None,
        SpendModel(**ahead["spend"]) if ahead["spend"] else None,
        tuple(ahead["shown"]),
    )
    edges = {name: tuple(values) for name, values in scoring["edges"].items()}
    return RfmVersion(
        number=number,
        trained_as_of=date.fromisoformat(metadata["as_of"]),
        window_days=metadata["window_days"],
        scoring=Scoring(edges, scoring["caps"]),
        expectations=expectations,
        pipeline=pipeline,
    )
