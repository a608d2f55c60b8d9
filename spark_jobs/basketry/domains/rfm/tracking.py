"""Everything between RFM models and MLflow: what a fit leaves behind, and how a version is loaded again.

A version carries what assigning needs beside the clusters: the edges of the scores, the window, the fitted expectations.
The grid of names is not learned: it is read from include/rfm.yaml whenever customers are assigned.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import cloudpickle  # type: ignore[import-untyped]
import numpy as np
import pandas as pd

from basketry import registry
from basketry.domains.rfm.holdout import Expectations
from basketry.domains.rfm.lifetime import Purchases, Spend
from basketry.domains.rfm.values import VALUES, Scoring
from basketry.lake.lakehouse import Lakehouse
from basketry.learning import tracking
from basketry.retail.clustering.measures import Integers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MODEL = "rfm"
_REQUIREMENTS = ("scikit-learn", "pandas", "numpy", "scipy", "cloudpickle")
_EXAMPLE_ROWS = 5

_KEPT = "basketry"
"""Key of the version's metadata that holds what assigning needs, as one JSON text."""


@dataclass(frozen=True)
class Version:
    """A version, loaded or about to be stored. trained_as_of: the last day whose purchases it has seen."""

    number: str
    trained_as_of: date
    window_days: int
    scoring: Scoring
    expectations: Expectations
    pipeline: Any

    def clusters_of(self, values: pd.DataFrame) -> Integers:
        """The cluster of each row of columns VALUES."""
        given = values[list(VALUES)].astype(np.float64)
        return np.asarray(self.pipeline.predict(given), dtype=np.int64)


@dataclass(frozen=True)
class Record:
    """What a fit leaves behind. documents: JSON by file name; texts, figures: by file name."""

    version: Version
    example: pd.DataFrame
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    documents: Mapping[str, Any]
    texts: Mapping[str, str]
    figures: Mapping[str, Figure]


def registered(lake: Lakehouse) -> str:
    """Name of the catalog's RFM model in the registry."""
    return registry.registered_name(lake.catalog, MODEL)


def load(name: str, number: str) -> Version:
    """A version by its number; ModelGoneError when it cannot be had, RegistryDownError when nobody answers."""
    import mlflow

    with registry.loading(name, number):
        loaded = mlflow.pyfunc.load_model(f"models:/{name}/{number}")
        kept = json.loads(loaded.metadata.metadata[_KEPT])
        pipeline = loaded.get_raw_model()
        pipeline.named_steps["clusters"].numbers  # noqa: B018 (a model of another kind fails here and not later)
    return _version(number, kept, pipeline)


def register(lake: Lakehouse, record: Record) -> str:
    """Log the record, register the model and make it the challenger; returns its version."""
    return tracking.register(lake, MODEL, record, lambda: _log_model(record))


def _log_model(record: Record) -> str:
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
            name=MODEL,
            serialization_format="cloudpickle",
            signature=signature,
            input_example=record.example[list(VALUES)].astype(np.float64).head(_EXAMPLE_ROWS),
            pip_requirements=tracking.pinned(_REQUIREMENTS),
            metadata={_KEPT: json.dumps(_kept(record.version))},
        )
    finally:
        cloudpickle.unregister_pickle_by_value(estimators)
    return str(info.model_uri)


def _kept(version: Version) -> dict[str, Any]:
    return {
        "as_of": version.trained_as_of.isoformat(),
        "window_days": version.window_days,
        "scoring": asdict(version.scoring),
        "expectations": asdict(version.expectations),
    }


def _version(number: str, kept: Mapping[str, Any], pipeline: Any) -> Version:
    scoring, ahead = kept["scoring"], kept["expectations"]
    expectations = Expectations(
        ahead["days"],
        Purchases(**ahead["purchases"]) if ahead["purchases"] else None,
        Spend(**ahead["spend"]) if ahead["spend"] else None,
        tuple(ahead["shown"]),
    )
    edges = {name: tuple(values) for name, values in scoring["edges"].items()}
    as_of = date.fromisoformat(kept["as_of"])
    return Version(number, as_of, kept["window_days"], Scoring(edges, scoring["caps"]), expectations, pipeline)
