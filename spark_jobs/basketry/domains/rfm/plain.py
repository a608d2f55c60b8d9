"""Fitted bins and clusters as plain numbers, and an estimator of these numbers that assigns the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from basketry.domains.rfm.estimators import NamedKMeans


def pipeline_state(pipeline: Any) -> dict[str, Any]:
    """Return a fitted pipeline of `estimators.cluster_pipeline` as plain numbers, for `PlainClusters`."""
    columns = [_column_state(steps, names[0]) for _, steps, names in pipeline.named_steps["bins"].transformers_]
    clusters = pipeline.named_steps["clusters"]
    return {"columns": columns, "centroids": clusters.cluster_centers_, "numbers": [int(n) for n in clusters.numbers]}


def _column_state(steps: Any, name: str) -> dict[str, Any]:
    """Return a column's name, its cap (None for the column that counts backwards) and the edges of its bins."""
    change, bins = (step for _, step in steps.steps)
    cap = (change.kw_args or {}).get("cap")
    return {"name": str(name), "cap": None if cap is None else float(cap), "edges": bins.bin_edges_[0]}


class PlainClusters:
    """Bins and clusters of plain numbers.

    Attributes:
        state: What `pipeline_state` returned.
    """

    def __init__(self, state: Mapping[str, Any]) -> None:
        """Read the state.

        Raises:
            KeyError: It is of another kind.
        """
        self.state = state
        self._clusters = NamedKMeans.from_centroids(state["centroids"], state["numbers"])

    def predict(self, values: pd.DataFrame) -> NDArray[np.int64]:
        """Return the number of the cluster of each row."""
        return self._clusters.predict(np.column_stack([_bins(column, values) for column in self.state["columns"]]))


def _bins(column: Mapping[str, Any], values: pd.DataFrame) -> NDArray[np.float64]:
    """Return the bin of each row in a column."""
    numbers = values[column["name"]].to_numpy(dtype=np.float64)
    changed = np.negative(numbers) if column["cap"] is None else np.minimum(numbers, column["cap"])
    bins: NDArray[np.float64] = np.searchsorted(column["edges"][1:-1], changed, side="right").astype(np.float64)
    return bins
