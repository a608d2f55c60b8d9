"""The choice of k: first what a bootstrap finds again, then what is best parted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from basketry.errors import BadInputError
from basketry.retail.clustering.kmeans import RESTARTS, Points, fit_points, nearest
from basketry.retail.clustering.measures import Floats, adjusted_rand_index, silhouette

STABLE = 0.75
"""Mean adjusted Rand index from which clusters count as found and not made up (Hennig 2007: 0.75 and more is valid)."""

MOST_ROWS = 4_000
"""Distinct rows beyond which a sample of that size is looked at: silhouettes need the distances of all pairs of them."""


@dataclass(frozen=True)
class Candidate:
    """What one k shows. stability: mean adjusted Rand index of pairs of bootstrap fits, spread its standard deviation."""

    k: int
    stability: float
    spread: float
    silhouette: float
    inertia: float
    smallest_share: float


@dataclass(frozen=True)
class Choice:
    """The chosen k, every candidate in order of k (both curves), and why this one, in one sentence."""

    k: int
    candidates: tuple[Candidate, ...]
    reason: str
    is_stable: bool

    @property
    def chosen(self) -> Candidate:
        """The candidate that was chosen."""
        return next(one for one in self.candidates if one.k == self.k)


def choose_k(
    matrix: ArrayLike,
    bounds: Iterable[int],
    *,
    seed: int,
    resamples: int = 20,
    least_stability: float = STABLE,
    most_rows: int = MOST_ROWS,
    restarts: int = 3,
) -> Choice:
    """Choose k: of those stable enough under the bootstrap the one of the best silhouette, the smaller of equal ones.

    bounds: every k to try; those above the number of distinct rows are left out, BadInputError when none is left.
    resamples: pairs of bootstrap samples for each k; both are fitted, both assign all rows, and the adjusted Rand index
    of the two assignments is averaged (Dolnicar & Leisch 2010). When no k is stable enough the most stable one is
    taken and `is_stable` is False. most_rows: beyond so many distinct rows a sample of that size is looked at.
    """
    points = Points.of(matrix, most=most_rows, seed=seed)
    tried = sorted({k for k in bounds if 2 <= k <= len(points.rows)})
    if not tried:
        raise BadInputError(
            f"there are {len(points.rows)} distinct customers: too few for any of the numbers of clusters asked for."
        )
    distances = _distances(points.rows)
    candidates = tuple(_candidate(points, distances, k, seed, resamples, restarts) for k in tried)
    stable = [one for one in candidates if one.stability >= least_stability]
    if stable:
        best = max(stable, key=lambda one: (round(one.silhouette, 12), -one.k))
        reason = (
            f"k = {best.k} has the best silhouette ({best.silhouette:.3f}) of the {len(stable)} of {len(candidates)} that"
            f" are stable (adjusted Rand index {best.stability:.2f}, at least {least_stability:g} wanted)"
        )
        return Choice(best.k, candidates, reason, True)
    best = max(candidates, key=lambda one: (round(one.stability, 12), -one.k))
    reason = f"no k reaches an adjusted Rand index of {least_stability:g}; k = {best.k} is the most stable ({best.stability:.2f})"
    return Choice(best.k, candidates, reason, False)


def _candidate(points: Points, distances: Floats, k: int, seed: int, resamples: int, restarts: int) -> Candidate:
    reference = fit_points(points, k, seed, None, RESTARTS)  # as `fit` does it, so the curve is of its clusters
    labels = nearest(points.rows, reference.centroids)
    indices = pair_indices(points, k, seed, resamples, restarts)
    shares = np.bincount(labels, weights=points.weights, minlength=k) / points.weights.sum()
    return Candidate(
        k,
        float(np.mean(indices)),
        float(np.std(indices)),
        silhouette(distances, labels, points.weights),
        reference.inertia,
        float(shares.min()),
    )


def pair_indices(points: Points, k: int, seed: int, resamples: int, restarts: int) -> list[float]:
    """The adjusted Rand index of each pair of resamples; the same resamples for every k."""
    generator = np.random.default_rng(seed)
    found = []
    for number in range(resamples):
        pair = [points.resampled(generator) for _ in range(2)]
        if min(len(one.rows) for one in pair) < k:
            found.append(0.0)  # so many clusters are not even in the resample: as unstable as can be
            continue
        left, right = (
            nearest(points.rows, fit_points(one, k, seed + number, None, restarts).centroids) for one in pair
        )
        found.append(adjusted_rand_index(left, right, points.weights))
    return found


def _distances(rows: Floats) -> Floats:
    from sklearn.metrics import pairwise_distances

    found: Floats = pairwise_distances(rows)
    return found
