"""The clusters as MLflow serves them: values of customers in, numbers of clusters out.

Whoever has MLflow load them needs this library, as every job has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from basketry.domains.rfm.plain import PlainClusters
from basketry.domains.rfm.values import VALUES
from basketry.registry.artifacts import read_state
from basketry.registry.models import RFM_MODEL


class ServedClusters:
    """The clusters of a version."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        """Restore the clusters of the state of a version."""
        self._clusters = PlainClusters(state["pipeline"])

    def predict(self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> NDArray[np.int64]:
        """Return the number of the cluster of each row of columns VALUES."""
        return self._clusters.predict(model_input[list(VALUES)].astype(np.float64))


def _load_pyfunc(data_path: str) -> ServedClusters:
    """Make the model of its plain values, as MLflow asks for."""
    return ServedClusters(read_state(Path(data_path), RFM_MODEL.name))
