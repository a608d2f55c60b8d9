"""Intervals of the measures of clusters hold what other customers of the same kind would show."""

from __future__ import annotations

import numpy as np
import pytest

from basketry.learning.evaluation import Interval
from basketry.retail.clustering import choose_k, silhouette, silhouette_draws, stability_interval
from basketry.retail.clustering.choice import ClusterCandidate

RESAMPLES = 8


def customers(seed: int, count: int = 160, apart: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Points on a grid around three centres, and the centre of each."""
    random = np.random.default_rng(seed)
    kind = random.integers(3, size=count)
    centres = np.array([[0.0, 0.0], [apart, 0.0], [0.0, apart]])
    return np.round(centres[kind] + random.normal(0, 1.0, (count, 2)), 0), kind


def stability(matrix: np.ndarray, k: int, resamples: int = RESAMPLES) -> tuple[ClusterCandidate, Interval]:
    """As a training has it."""
    [candidate] = choose_k(matrix, [k], seed=7, resamples=resamples).candidates
    return candidate, stability_interval(matrix, candidate, seed=7, resamples=resamples)


def test_an_interval_of_a_silhouette_is_as_wide_as_samples_differ() -> None:
    """Of the true kinds: the spread of 30 samples is a fourth of the interval's width, give or take a third."""

    def measured(seed: int) -> tuple[np.ndarray, np.ndarray, float]:
        points, kind = customers(seed)
        distances = np.linalg.norm(points[:, None] - points[None], axis=2)
        return distances, kind, silhouette(distances, kind)

    values = [measured(seed)[2] for seed in range(30)]
    distances, kind, value = measured(0)
    [draws] = silhouette_draws(distances, (kind,), np.ones(len(kind)), repetitions=200, seed=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    assert (high - low) / 3.92 == pytest.approx(float(np.std(values)), rel=0.35)
    assert low < value < high


def test_partitions_are_measured_in_the_same_resamples() -> None:
    """So that the difference of a partition and itself is nothing."""
    points, kind = customers(1)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    draws = silhouette_draws(distances, (kind, kind), np.ones(len(kind)), repetitions=20, seed=1)
    assert np.array_equal(*draws) and draws[0].std() > 0


def test_an_interval_of_a_stability_holds_that_of_other_customers() -> None:
    """Eight samples of the same kinds of customers: all but one interval hold the mean of their stabilities."""
    samples = [stability(customers(seed, apart=2.2)[0], 3) for seed in range(8)]
    middle = np.mean([candidate.stability for candidate, _ in samples])
    assert sum(around.low <= middle <= around.high for _, around in samples) >= 7


def test_more_resamples_do_not_make_the_customers_more() -> None:
    """Three times as many pairs of fits make the mean surer of the draws, but not of which customers there are."""
    points = customers(3, count=60, apart=2.2)[0]
    candidate, around = stability(points, 3, 3 * RESAMPLES)
    draws_alone = candidate.spread / (3 * RESAMPLES - 1) ** 0.5
    assert (around.high - around.low) / 2 > 1.3 * 2.07 * draws_alone


def test_what_is_clear_is_surely_stable_and_the_seed_decides_all() -> None:
    """Centres far apart: nothing but 1, and the same interval again."""
    points = customers(4, apart=30.0)[0]
    assert stability(points, 3)[1] == Interval(1.0, 1.0, 1.0)
    loose = customers(4, apart=1.0)[0]
    assert stability(loose, 3) == stability(loose, 3)
