"""The choice of k: first what a bootstrap finds again, then what is best separated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from basketry.errors import BadInputError
from basketry.retail.clustering.kmeans import RESTARTS, Points, fit_points, nearest_centroid
from basketry.retail.clustering.measures import Floats, adjusted_rand_index, silhouette

STABLE = 0.75
"""Mean adjusted Rand index from which clusters count as found and not made up (Hennig 2007: 0.75 and more is valid)."""

MOST_ROWS = 4_000
"""Distinct rows beyond which a sample of that size is used: silhouettes need the distances of all pairs of them."""


@dataclass(frozen=True, kw_only=True)
class ClusterCandidate:
    """What one k shows.

    Attributes:
        k: How many clusters.
        stability: Mean adjusted Rand index of pairs of bootstrap fits.
        spread: Standard deviation of that index.
        silhouette: Mean silhouette of the clusters of all rows.
        inertia: Sum of squared distances to the centroids.
        smallest_share: Share of the rows in the smallest cluster.
    """

    k: int
    stability: float
    spread: float
    silhouette: float
    inertia: float
    smallest_share: float


@dataclass(frozen=True)
class ClusterCount:
    """The chosen number of clusters, with everything it was chosen from.

    Attributes:
        k: How many clusters.
        candidates: Every k that was tried, in order: both curves.
        reason: Why this one, in one sentence.
        is_stable: Whether it is stable enough under the bootstrap.
    """

    k: int
    candidates: tuple[ClusterCandidate, ...]
    reason: str
    is_stable: bool

    @property
    def chosen(self) -> ClusterCandidate:
        """The candidate that was chosen."""
        return next(candidate for candidate in self.candidates if candidate.k == self.k)


def choose_k(
    matrix: ArrayLike,
    bounds: Iterable[int],
    *,
    seed: int,
    resamples: int = 20,
    least_stability: float = STABLE,
    most_rows: int = MOST_ROWS,
    restarts: int = 3,
) -> ClusterCount:
    """Choose k: of those stable enough under the bootstrap the one of the best silhouette, the smaller of equal ones.

    Both samples of a pair are fitted, both fits assign all rows, and the adjusted Rand index of the two assignments is
    averaged over the pairs (Dolnicar & Leisch 2010). When no k is stable enough the most stable one is taken and
    `is_stable` is False.

    Args:
        matrix: Rows to cluster.
        bounds: Every k to try; those above the number of distinct rows are left out.
        seed: Decides every draw.
        resamples: Pairs of bootstrap samples for each k.
        least_stability: Mean adjusted Rand index from which a k is stable enough.
        most_rows: Beyond so many distinct rows a sample of that size is used.
        restarts: k-means++ beginnings of each bootstrap fit.

    Raises:
        BadInputError: No k is left to try.
    """
    points = Points.of(matrix, most=most_rows, seed=seed)
    tried = sorted({k for k in bounds if 2 <= k <= len(points.rows)})
    if not tried:
        raise BadInputError(
            f"there are {len(points.rows)} distinct customers: too few for any of the numbers of clusters asked for."
        )
    distances = _distances(points.rows)
    candidates = tuple(
        _candidate(points, distances, k, seed=seed, resamples=resamples, restarts=restarts) for k in tried
    )
    stable = [candidate for candidate in candidates if candidate.stability >= least_stability]
    if stable:
        best = max(stable, key=lambda candidate: (round(candidate.silhouette, 12), -candidate.k))
        reason = (
            f"k = {best.k} has the best silhouette ({best.silhouette:.3f}) of the {len(stable)} of {len(candidates)} that"
            f" are stable (adjusted Rand index {best.stability:.2f}, at least {least_stability:g} wanted)"
        )
        return ClusterCount(best.k, candidates, reason, True)
    best = max(candidates, key=lambda candidate: (round(candidate.stability, 12), -candidate.k))
    reason = f"no k reaches an adjusted Rand index of {least_stability:g}; k = {best.k} is the most stable ({best.stability:.2f})"
    return ClusterCount(best.k, candidates, reason, False)


def _candidate(
    points: Points, distances: Floats, k: int, *, seed: int, resamples: int, restarts: int
) -> ClusterCandidate:
    reference = fit_points(
        points, k, seed=seed, restarts=RESTARTS
    )  # as `fit_kmeans` does it: the curve is of its clusters
    labels = nearest_centroid(points.rows, reference.centroids)
    indices = pair_indices(points, k, seed=seed, resamples=resamples, restarts=restarts)
    shares = np.bincount(labels, weights=points.weights, minlength=k) / points.weights.sum()
    return ClusterCandidate(
        k=k,
        stability=float(np.mean(indices)),
        spread=float(np.std(indices)),
        silhouette=silhouette(distances, labels, points.weights),
        inertia=reference.inertia,
        smallest_share=float(shares.min()),
    )


def pair_indices(points: Points, k: int, *, seed: int, resamples: int, restarts: int) -> list[float]:
    """Return the adjusted Rand index of each pair of resamples; the resamples are the same for every k."""
    generator = np.random.default_rng(seed)
    indices = []
    for number in range(resamples):
        pair = [points.resampled(generator) for _ in range(2)]
        if min(len(resample.rows) for resample in pair) < k:
            indices.append(0.0)  # so many clusters are not even in the resample: as unstable as can be
            continue
        fits = (fit_points(resample, k, seed=seed + number, restarts=restarts) for resample in pair)
        left, right = (nearest_centroid(points.rows, fit.centroids) for fit in fits)
        indices.append(adjusted_rand_index(left, right, points.weights))
    return indices


def _distances(rows: Floats) -> Floats:
    from sklearn.metrics import pairwise_distances

    distances: Floats = pairwise_distances(rows)
    return distances
