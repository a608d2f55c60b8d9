"""The model as MLflow serves it: categories and inputs of customers in, probabilities of not buying and of buying out.

Whoever has MLflow load it needs this library, as every job has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from basketry.domains.propensity.plain import estimator_from_state
from basketry.learning.evaluation import Floats
from basketry.registry.artifacts import read_state
from basketry.registry.models import PROPENSITY_MODEL


class ServedPropensity:
    """The estimator of a version."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        """Restore the estimator of the state of a version."""
        self._estimator = estimator_from_state(state["estimator"])

    def predict(self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> Floats:
        """Return the probabilities of not buying and of buying, one line per row."""
        probabilities: Floats = self._estimator.predict_proba(model_input)
        return probabilities


def _load_pyfunc(data_path: str) -> ServedPropensity:
    """Make the model of its plain values, as MLflow asks for."""
    return ServedPropensity(read_state(Path(data_path), PROPENSITY_MODEL.name))
