"""Clusters: the choice of k, warm starts, labels that survive a refit, and the measures behind them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_score

from basketry.errors import BadInputError
from basketry.retail.clustering import (
    Clusters,
    adjusted_rand_index,
    assign_labels,
    choose_k,
    fit_kmeans,
    match_labels,
    relabel,
    silhouette,
    stability,
)
from basketry.retail.clustering.kmeans import Points

CENTRES = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])


def blobs(count: int = 60, seed: int = 1) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return np.concatenate([centre + generator.normal(0, 0.7, (count, 2)) for centre in CENTRES])


def test_four_clear_groups_are_found() -> None:
    """k-means++ finds four groups that lie apart, and the choice of k says four, with a curve value for every k."""
    choice = choose_k(blobs(30), range(2, 7), seed=3, resamples=3)
    assert choice.k == 4
    assert choice.is_stable
    assert [one.k for one in choice.candidates] == list(range(2, 7))
    assert choice.chosen.stability == pytest.approx(1)
    assert choice.chosen.silhouette == max(one.silhouette for one in choice.candidates)
    assert choice.chosen.smallest_share == pytest.approx(0.25)


def test_noise_is_not_called_stable() -> None:
    """One round cloud has no clusters: no larger k reaches the wanted agreement, and then the most stable is taken."""
    cloud = np.random.default_rng(5).normal(size=(80, 4))
    choice = choose_k(cloud, range(4, 7), seed=3, resamples=4, least_stability=0.9)
    assert not choice.is_stable
    assert choice.chosen.stability == max(one.stability for one in choice.candidates)
    assert "no k reaches" in choice.reason


def test_the_same_seed_gives_the_same_choice() -> None:
    """Nothing but the arguments decides."""
    first, second = (choose_k(blobs(20), range(2, 5), seed=3, resamples=3) for _ in range(2))
    assert first == second


def test_measures_are_those_of_scikit_learn() -> None:
    """The adjusted Rand index and the silhouette equal scikit-learn's on rows that are written out."""
    generator = np.random.default_rng(2)
    points = Points.of(generator.integers(0, 3, size=(400, 3)))
    weights = points.weights.astype(int)
    labels, other = generator.integers(0, 4, len(points.rows)), generator.integers(0, 3, len(points.rows))
    distances = np.linalg.norm(points.rows[:, None] - points.rows[None], axis=2)
    rows, spread, spread_other = (np.repeat(values, weights, axis=0) for values in (points.rows, labels, other))
    assert silhouette(distances, labels, points.weights) == pytest.approx(silhouette_score(rows, spread))
    assert adjusted_rand_index(labels, other, points.weights) == pytest.approx(
        adjusted_rand_score(spread, spread_other)
    )
    assert adjusted_rand_index(spread, spread) == 1


def test_repeated_rows_weigh_what_they_count() -> None:
    """Clusters of rows written out a hundred times are those of the rows with a weight of a hundred."""
    rows = blobs(10)
    assert np.allclose(
        fit_kmeans(rows, 4, seed=1).centroids, fit_kmeans(np.repeat(rows, 100, axis=0), 4, seed=1).centroids
    )


def test_a_warm_start_keeps_the_order_of_the_clusters() -> None:
    """A refit that starts at the last centroids moves each a little, and the labels mean what they meant."""
    last = fit_kmeans(blobs(seed=1), 4, seed=1)
    again = fit_kmeans(blobs(seed=2), 4, seed=99, start_centroids=last.centroids)
    assert np.abs(again.centroids - last.centroids).max() < 0.5
    assert match_labels(last, again) == last.labels


def test_labels_follow_the_nearest_centroid_after_a_cold_refit() -> None:
    """Clusters in another order get back the labels of those that they lie nearest to."""
    last = fit_kmeans(blobs(), 4, seed=1)
    shuffled = Clusters(last.centroids[[2, 0, 3, 1]] + 0.1, (0, 1, 2, 3), 0.0)
    assert match_labels(last, shuffled) == (2, 0, 3, 1)
    mended = relabel(shuffled, match_labels(last, shuffled))
    assert mended.labels == (0, 1, 2, 3)
    assert (assign_labels(blobs(), mended) == assign_labels(blobs(), last)).all()


def test_a_new_cluster_gets_a_label_that_none_had() -> None:
    """More clusters than before: the new one is not given an old name; fewer: a name is left over."""
    three, four = Clusters(CENTRES[:3], (0, 1, 5), 0.0), Clusters(CENTRES[[3, 0, 1, 2]], (0, 1, 2, 3), 0.0)
    assert match_labels(three, four) == (6, 0, 1, 5)
    assert match_labels(four, three) == (1, 2, 3)


def test_stability_tells_who_changed() -> None:
    """One of four rows changed; of the unmoved three none did; of no rows nothing can be said."""
    before, after = [0, 0, 1, 1], [0, 0, 1, 0]
    assert stability(before, after).changed_share == 0.25
    assert stability(before, after, unmoved=[True, True, True, False]).changed_share == 0
    assert np.isnan(stability(before, after, unmoved=[False] * 4).changed_share)


@pytest.mark.parametrize(
    ("rows", "k", "said"),
    [
        (np.zeros((0, 2)), 2, "nothing to cluster"),
        (np.ones((50, 2)), 2, "at least 2 distinct customers and there are 1"),
        ([[0.0, 1.0], [1.0, 1.0]], 3, "at least 3 distinct customers and there are 2"),
        ([[0.0, np.nan], [1.0, 1.0]], 2, "missing or infinite"),
    ],
    ids=["no rows", "all the same", "fewer than k", "missing"],
)
def test_what_cannot_be_clustered_is_one_sentence(rows: object, k: int, said: str) -> None:
    """No rows, identical rows, fewer distinct rows than k, and missing numbers are named."""
    with pytest.raises(BadInputError, match=said):
        fit_kmeans(rows, k, seed=1)  # type: ignore[arg-type]


def test_a_base_too_small_for_any_k_is_refused() -> None:
    """Identical customers leave no k to choose from; k beyond the distinct rows are left out."""
    with pytest.raises(BadInputError, match="too few"):
        choose_k(np.ones((50, 2)), range(2, 5), seed=1)
    few = np.repeat([[0.0], [1.0], [5.0]], 20, axis=0)
    assert [one.k for one in choose_k(few, range(2, 21), seed=1, resamples=3).candidates] == [2, 3]


def test_many_rows_are_sampled_for_the_choice() -> None:
    """Beyond most_rows distinct rows the choice looks at so many, and still finds the groups."""
    assert choose_k(blobs(300), range(2, 6), seed=3, resamples=3, most_rows=200).k == 4
