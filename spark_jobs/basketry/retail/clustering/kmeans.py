"""k-means on distinct weighted rows, assignment to centroids, and labels that survive a refit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from basketry.errors import BadInputError
from basketry.retail.clustering.measures import Floats, Integers

RESTARTS = 10
"""k-means++ beginnings of which the best is kept."""

_PIECE = 2_000_000
"""Distances held in memory at once while rows are assigned: 16 MB."""


@dataclass(frozen=True)
class Points:
    """Distinct rows.

    Attributes:
        rows: Distinct rows x columns, in sorted order.
        weights: How often each row occurs.
    """

    rows: Floats
    weights: Floats

    @classmethod
    def of(cls, matrix: ArrayLike, *, most: int | None = None, seed: int = 0) -> Points:
        """Find the distinct rows of a matrix; of a sample of the rows where more than `most` are distinct."""
        values = _checked(matrix)
        rows, counts = np.unique(values, axis=0, return_counts=True)
        if most is not None and len(rows) > most:
            drawn = np.random.default_rng(seed).choice(len(values), size=most, replace=False)
            rows, counts = np.unique(values[np.sort(drawn)], axis=0, return_counts=True)
        return cls(rows, counts.astype(np.float64))

    def resampled(self, generator: np.random.Generator) -> Points:
        """Draw a bootstrap resample of the rows behind the points."""
        total = self.weights.sum()
        drawn = generator.multinomial(int(total), self.weights / total)
        return Points(self.rows[drawn > 0], drawn[drawn > 0].astype(np.float64))


def _checked(matrix: ArrayLike) -> Floats:
    values = np.asarray(matrix, dtype=np.float64)
    if values.ndim != 2 or not len(values):
        raise BadInputError("there is nothing to cluster: give at least one row of numbers.")
    if not np.isfinite(values).all():
        raise BadInputError("rows to cluster hold a missing or infinite number: fill or leave out such rows.")
    return values


@dataclass(frozen=True)
class Clusters:
    """k-means clusters.

    Attributes:
        centroids: k x columns.
        labels: The name of each cluster, distinct integers.
        inertia: Sum of squared distances of the rows to their centroids.
    """

    centroids: Floats
    labels: tuple[int, ...]
    inertia: float

    @property
    def k(self) -> int:
        """How many clusters there are."""
        return len(self.labels)


def fit_kmeans(
    matrix: ArrayLike, k: int, *, seed: int, start_centroids: ArrayLike | None = None, restarts: int = RESTARTS
) -> Clusters:
    """Fit k-means to rows.

    Labels count from 0, the centroids sorted by their values, so that they do not depend on the seed alone.

    Args:
        matrix: Rows to cluster.
        k: How many clusters.
        seed: Decides every draw.
        start_centroids: Where to begin instead of k-means++, so that a refit moves clusters rather than finding others.
        restarts: k-means++ beginnings of which the best is kept.

    Raises:
        BadInputError: Fewer than k rows are distinct.
    """
    return fit_points(Points.of(matrix), k, seed=seed, start=start_centroids, restarts=restarts)


def fit_points(points: Points, k: int, *, seed: int, restarts: int, start: ArrayLike | None = None) -> Clusters:
    """Fit k-means to points, as `fit_kmeans` does; `start` is where to begin, None for k-means++."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    if k < 1 or len(points.rows) < k:
        raise BadInputError(
            f"{k} clusters need at least {max(1, k)} distinct customers and there are {len(points.rows)}:"
            " ask for fewer clusters or load more data."
        )
    if start is None:
        means = KMeans(k, n_init=restarts, random_state=seed)
    else:
        centroids = np.asarray(start, dtype=np.float64)
        if centroids.shape != (k, points.rows.shape[1]):
            raise BadInputError(f"start centroids are {centroids.shape}; give {(k, points.rows.shape[1])}.")
        means = KMeans(k, init=centroids, n_init=1, random_state=seed)
    with threadpool_limits(1):  # sums that several cores share out are rounded otherwise on another machine
        means.fit(points.rows, sample_weight=points.weights)
    fitted = np.asarray(means.cluster_centers_, dtype=np.float64)
    if start is None:
        fitted = fitted[np.lexsort(fitted.T[::-1])]
    return Clusters(fitted, tuple(range(k)), float(means.inertia_))


def assign_labels(matrix: ArrayLike, clusters: Clusters) -> Integers:
    """Return the label of the nearest centroid of each row; of equally near ones the first."""
    return np.asarray(clusters.labels, dtype=np.int64)[nearest_centroid(_checked(matrix), clusters.centroids)]


def nearest_centroid(rows: Floats, centroids: Floats) -> Integers:
    """Return the position of the nearest centroid of each row, in bounded memory."""
    piece = max(1, _PIECE // max(1, centroids.size))
    parts = [
        ((rows[start : start + piece, None, :] - centroids[None]) ** 2).sum(axis=2).argmin(axis=1)
        for start in range(0, len(rows), piece)
    ]
    return np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, dtype=np.int64)


def match_labels(before: Clusters, after: Clusters) -> tuple[int, ...]:
    """Return the label of each cluster after a refit: that of the cluster before whose centroid is nearest.

    Each label is used once, by the least total squared distance (Kuhn 1955). Clusters beyond those before get labels that
    none had.
    """
    from scipy.optimize import linear_sum_assignment

    cost = ((after.centroids[:, None, :] - before.centroids[None]) ** 2).sum(axis=2)
    matched = dict(zip(*(map(int, part) for part in linear_sum_assignment(cost)), strict=True))
    labels = []
    next_label = max(before.labels) + 1
    for position in range(after.k):
        if position in matched:
            labels.append(before.labels[matched[position]])
        else:
            labels.append(next_label)
            next_label += 1
    return tuple(labels)


def relabel(clusters: Clusters, labels: Sequence[int]) -> Clusters:
    """Return the clusters under other labels, sorted by label."""
    order = np.argsort(np.asarray(labels), kind="stable")
    sorted_labels = tuple(int(labels[position]) for position in order)
    return replace(clusters, centroids=clusters.centroids[order], labels=sorted_labels)
