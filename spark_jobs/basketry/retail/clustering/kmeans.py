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
    """Distinct rows, in sorted order, and how often each occurs."""

    rows: Floats
    weights: Floats

    @classmethod
    def of(cls, matrix: ArrayLike, *, most: int | None = None, seed: int = 0) -> Points:
        """The distinct rows of a matrix; of a sample of the rows where more than `most` are distinct."""
        given = _checked(matrix)
        rows, counts = np.unique(given, axis=0, return_counts=True)
        if most is not None and len(rows) > most:
            drawn = np.random.default_rng(seed).choice(len(given), size=most, replace=False)
            rows, counts = np.unique(given[np.sort(drawn)], axis=0, return_counts=True)
        return cls(rows, counts.astype(np.float64))

    def resampled(self, generator: np.random.Generator) -> Points:
        """A bootstrap resample of the rows behind the points."""
        total = self.weights.sum()
        drawn = generator.multinomial(int(total), self.weights / total)
        return Points(self.rows[drawn > 0], drawn[drawn > 0].astype(np.float64))


def _checked(matrix: ArrayLike) -> Floats:
    given = np.asarray(matrix, dtype=np.float64)
    if given.ndim != 2 or not len(given):
        raise BadInputError("there is nothing to cluster: give at least one row of numbers.")
    if not np.isfinite(given).all():
        raise BadInputError("rows to cluster hold a missing or infinite number: fill or leave out such rows.")
    return given


@dataclass(frozen=True)
class Clusters:
    """k-means clusters. centroids: k x columns; labels: the name of each, distinct integers; inertia: sum of squares."""

    centroids: Floats
    labels: tuple[int, ...]
    inertia: float

    @property
    def k(self) -> int:
        """How many clusters there are."""
        return len(self.labels)


def fit(
    matrix: ArrayLike, k: int, *, seed: int, start_centroids: ArrayLike | None = None, restarts: int = RESTARTS
) -> Clusters:
    """Fit k-means to the rows; BadInputError when fewer than k of them are distinct.

    start_centroids: where to begin instead of k-means++, so that a refit moves clusters rather than finding others.
    Labels count from 0, the centroids sorted by their values, so that they do not depend on the seed alone.
    """
    return fit_points(Points.of(matrix), k, seed, start_centroids, restarts)


def fit_points(points: Points, k: int, seed: int, start: ArrayLike | None, restarts: int) -> Clusters:
    """As `fit`, of points. start: where to begin, None for k-means++."""
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
    found = np.asarray(means.cluster_centers_, dtype=np.float64)
    if start is None:
        found = found[np.lexsort(found.T[::-1])]
    return Clusters(found, tuple(range(k)), float(means.inertia_))


def assign(matrix: ArrayLike, clusters: Clusters) -> Integers:
    """Label of the nearest centroid of each row; of equally near ones the first."""
    return np.asarray(clusters.labels, dtype=np.int64)[nearest(_checked(matrix), clusters.centroids)]


def nearest(rows: Floats, centroids: Floats) -> Integers:
    """Position of the nearest centroid of each row, in bounded memory."""
    piece = max(1, _PIECE // max(1, centroids.size))
    parts = [
        ((rows[start : start + piece, None, :] - centroids[None]) ** 2).sum(axis=2).argmin(axis=1)
        for start in range(0, len(rows), piece)
    ]
    return np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, dtype=np.int64)


def match(before: Clusters, after: Clusters) -> tuple[int, ...]:
    """The label of each cluster after a refit: that of the cluster before whose centroid is nearest, each used once.

    Least total squared distance (Kuhn 1955). Clusters beyond those before get labels that none had.
    """
    from scipy.optimize import linear_sum_assignment

    cost = ((after.centroids[:, None, :] - before.centroids[None]) ** 2).sum(axis=2)
    places = dict(zip(*(map(int, part) for part in linear_sum_assignment(cost)), strict=True))
    fresh = iter(range(max(before.labels) + 1, max(before.labels) + 1 + after.k))
    return tuple(before.labels[places[place]] if place in places else next(fresh) for place in range(after.k))


def relabelled(clusters: Clusters, labels: Sequence[int]) -> Clusters:
    """The clusters under these labels, sorted by label."""
    order = np.argsort(np.asarray(labels), kind="stable")
    return replace(clusters, centroids=clusters.centroids[order], labels=tuple(int(labels[place]) for place in order))
