"""How sure the measures of clusters are: 95 % intervals over customers. Pure numpy; the seed decides every draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from basketry.learning.evaluation import Interval
from basketry.retail.clustering.choice import MOST_ROWS, ClusterCandidate, pair_indices
from basketry.retail.clustering.kmeans import Points
from basketry.retail.clustering.measures import Floats, Integers, silhouette

_PAIRS = 2
"""Pairs of fits within each resample of the customers: the fewest that tell their own chance from that of the resample."""


def silhouette_draws(
    distances: Floats, partitions: Sequence[Integers], weights: Floats, *, repetitions: int, seed: int
) -> Floats:
    """Return the mean silhouette of each partition in resamples of the customers, the same ones for all.

    The assignment stays as it is: what the interval covers is which customers there are, not another fit.

    Args:
        distances: Points x points.
        partitions: Labels of the points, by partition.
        weights: Customers at each point.
        repetitions: How many resamples.
        seed: Decides every draw.

    Returns:
        Partitions x repetitions.
    """
    generator, total = np.random.default_rng(seed), weights.sum()
    silhouettes = np.empty((len(partitions), repetitions))
    for column in range(repetitions):
        drawn = generator.multinomial(int(total), weights / total).astype(np.float64)
        some = drawn > 0
        part = distances[np.ix_(some, some)]
        silhouettes[:, column] = [silhouette(part, labels[some], drawn[some]) for labels in partitions]
    return silhouettes


def stability_interval(
    matrix: ArrayLike,
    chosen: ClusterCandidate,
    *,
    seed: int,
    resamples: int,
    most_rows: int = MOST_ROWS,
    restarts: int = 3,
) -> Interval:
    """Return the interval of a candidate's stability, given the arguments of the `choose_k` that made the candidate.

    The pairs of fits behind a stability are drawn independently of each other, but from the same customers. Their spread
    alone would tell how far the mean hangs on the draws, and more pairs would make that as small as one likes; so the
    customers are resampled too, with pairs of fits within each resample (a double bootstrap: Efron & Tibshirani 1993).
    What resamples differ by beyond the pairs within them is the doing of the customers (one-way random effects, by
    analysis of variance: Searle, Casella & McCulloch 1992, chapter 3):

        variance = max(0, variance of the resamples' means - variance within / pairs) + spread^2 / (resamples - 1)

    The ends are those of Student's t with resamples - 1 degrees of freedom; an adjusted Rand index is at most 1.
    """
    from scipy.stats import t as student

    points = Points.of(matrix, most=most_rows, seed=seed)
    indices = _nested_indices(points, chosen.k, seed=seed, resamples=resamples, restarts=restarts)
    within = float(indices.var(axis=1, ddof=1).mean()) / _PAIRS
    between = float(indices.mean(axis=1).var(ddof=1))
    variance = max(0.0, between - within) + chosen.spread**2 / (resamples - 1)
    reach = float(student.ppf(0.975, resamples - 1)) * variance**0.5
    return Interval(chosen.stability, chosen.stability - reach, min(1.0, chosen.stability + reach))


def _nested_indices(points: Points, k: int, *, seed: int, resamples: int, restarts: int) -> Floats:
    """Return adjusted Rand indices of pairs of fits within resamples of the customers: resamples x pairs."""
    generator = np.random.default_rng([seed, k])
    rows = []
    for _ in range(resamples):
        resample = points.resampled(generator)  # drawn before its seed
        pair_seed = int(generator.integers(2**31))
        rows.append(pair_indices(resample, k, seed=pair_seed, resamples=_PAIRS, restarts=restarts))
    return np.array(rows)
