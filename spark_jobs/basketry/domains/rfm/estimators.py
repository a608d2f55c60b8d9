"""The estimators of an RFM model; `plain` stores them as plain numbers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, KBinsDiscretizer


class NamedKMeans(KMeans):
    """k-means that begins at given centroids and calls its clusters by given numbers, which survive a refit."""

    def __init__(self, n_clusters: int = 8, *, init: Any = "k-means++", numbers: Sequence[int] = ()) -> None:
        """Set the parameters; numbers are what `predict` calls each centroid, in the order of init."""
        super().__init__(n_clusters, init=init, n_init=1, random_state=0)
        self.numbers = numbers

    @classmethod
    def from_centroids(cls, centroids: NDArray[np.float64], numbers: Sequence[int]) -> NamedKMeans:
        """Return clusters fitted elsewhere: these centroids, to the last bit."""
        clusters: NamedKMeans = cls(len(centroids), init=centroids, numbers=tuple(numbers)).fit(centroids)
        clusters.cluster_centers_ = centroids
        return clusters

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:  # noqa: N803 (scikit-learn's name)
        """Return the number of the nearest centroid of each row."""
        cluster_numbers: NDArray[np.int64] = np.asarray(self.numbers, dtype=np.int64)[super().predict(X)]
        return cluster_numbers


def quantile_bins(caps: Mapping[str, float], bins: int) -> ColumnTransformer:
    """Make unfitted quantile bins of each column, 0 the worst: recency_days with few days best, the others cut at caps.

    Bins that equal values would share are one bin, so a column where many are equal has fewer.
    """
    parts = [
        (name, make_pipeline(FunctionTransformer(_capped, kw_args={"cap": cap}, validate=True), _bins(bins)), [name])
        for name, cap in sorted(caps.items())
    ]
    recent = make_pipeline(FunctionTransformer(np.negative, validate=True), _bins(bins))
    return ColumnTransformer([("recency_days", recent, ["recency_days"]), *parts])


def _capped(values: NDArray[np.float64], cap: float) -> NDArray[np.float64]:
    return np.minimum(values, cap)


def _bins(bins: int) -> KBinsDiscretizer:
    return KBinsDiscretizer(
        bins, encode="ordinal", strategy="quantile", quantile_method="averaged_inverted_cdf", subsample=None
    )


def fit_bins(columns: ColumnTransformer, values: Any) -> NDArray[np.float64]:
    """Fit the bins and apply them; that some of them fall together is expected and not worth a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        bins: NDArray[np.float64] = columns.fit_transform(values)
    return bins


def cluster_pipeline(
    columns: ColumnTransformer, centroids: NDArray[np.float64], numbers: Sequence[int], values: Any
) -> Pipeline:
    """Return bins and clusters as one estimator, fitted to values from these centroids on."""
    clusters = NamedKMeans(len(centroids), init=centroids, numbers=tuple(numbers))
    model = Pipeline([("bins", columns), ("clusters", clusters)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return model.fit(values)
