"""Stored clusters are numbers, and assign what the fitted ones do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from basketry.domains.rfm.estimators import cluster_pipeline, fit_bins, quantile_bins
from basketry.domains.rfm.plain import PlainClusters, pipeline_state
from basketry.domains.rfm.values import VALUES
from basketry.registry.artifacts import read_state, write_state


def drawn(seed: int) -> pd.DataFrame:
    """Values of customers, many of them equal."""
    random = np.random.default_rng(seed)
    columns = (random.integers(0, 365, 3000), random.integers(1, 12, 3000), random.gamma(2, 20, 3000).round(2))
    return pd.DataFrame(dict(zip(VALUES, columns, strict=True))).astype(np.float64)


@pytest.mark.parametrize("count", [2, 7])
def test_clusters_assign_as_they_were_fitted(tmp_path: Path, count: int) -> None:
    """Customers that were never seen, past the caps and on the edges; under the numbers that clusters have."""
    values = drawn(1)
    bins = quantile_bins({"frequency": 8.0, "monetary": 90.0}, 5)
    matrix = fit_bins(bins, values)
    numbers = range(11, 11 + count)
    fitted = cluster_pipeline(
        bins, np.unique(matrix, axis=0)[:: len(np.unique(matrix, axis=0)) // count][:count], numbers, values
    )
    write_state(tmp_path / "stored", "rfm", pipeline_state(fitted))
    again = PlainClusters(read_state(tmp_path / "stored", "rfm"))
    for frame in (values, drawn(2), drawn(2).head(1), drawn(3) * 10):
        assert np.array_equal(again.predict(frame), fitted.predict(frame))
    assert set(again.predict(values).tolist()) == set(numbers)
