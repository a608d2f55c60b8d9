"""Learns scores, bins and clusters from customers' values, and says how they compare with those of the champion. Pandas.

The champion's clusters are carried into the challenger's space as the means of their present members, so that matching
and warm start work whatever the new bins are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from basketry.domains.rfm.estimators import cluster_pipeline, fit_bins, quantile_bins
from basketry.domains.rfm.grid import SCORES
from basketry.domains.rfm.settings import RfmSettings
from basketry.domains.rfm.values import VALUES, Scoring
from basketry.errors import BadInputError
from basketry.learning.evaluation import Interval
from basketry.retail import clustering
from basketry.retail.clustering import ClusterCount, Clusters, Stability
from basketry.retail.clustering.measures import Floats, Integers

FIRST_NUMBER = 1
"""Clusters count from 1 for people."""


class Champion(Protocol):
    """What a training needs of the model that assigns now."""

    @property
    def number(self) -> str:
        """Its version."""

    def clusters_of(self, values: pd.DataFrame) -> Integers:
        """Return the cluster of each row of columns VALUES."""


@dataclass(frozen=True, kw_only=True)
class RefitComparison:
    """Challenger and champion on the same customers as of the same day: everything that differs is the refit's doing.

    Attributes:
        champion: The champion's version.
        stability: How far both assignments agree.
        silhouette: That of the champion's assignment among the challenger's points.
        low: Lower end of the 95 % interval of challenger less champion.
        high: Upper end of that interval.
    """

    champion: str
    stability: Stability
    silhouette: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class TrainedRfmModel:
    """A fitted model with what was measured on the way.

    Attributes:
        scoring: What turns values into scores.
        pipeline: Bins and clusters.
        clusters: The centroids and numbers of the clusters.
        choice: The choice of the number of clusters.
        keeps_k: Whether the number of clusters is the champion's instead of the chosen one.
        silhouette: The silhouette with its 95 % interval over customers.
        stability: The stability with its 95 % interval over customers.
        comparison: The comparison with the champion, if there is one.
        assigned: The cluster of each row.
        matrix: The binned rows.
    """

    scoring: Scoring
    pipeline: Any
    clusters: Clusters
    choice: ClusterCount
    keeps_k: bool
    silhouette: Interval
    stability: Interval
    comparison: RefitComparison | None
    assigned: Integers
    matrix: Floats

    @property
    def metrics(self) -> dict[str, float]:
        """Numbers by the names that the gate knows."""
        shares = np.unique(self.assigned, return_counts=True)[1] / len(self.assigned)
        metrics = {"clusters": float(self.clusters.k), "smallest_share": float(shares.min())}
        for name, interval in (("silhouette", self.silhouette), ("stability", self.stability)):
            metrics[name] = interval.mean
            metrics[f"interval/{name}/low"] = interval.low
            metrics[f"interval/{name}/high"] = interval.high
        if self.comparison is not None:
            metrics["agreement"] = self.comparison.stability.adjusted_rand_index
            metrics["changed_share"] = self.comparison.stability.changed_share
            metrics["champion/silhouette"] = self.comparison.silhouette
            metrics["versus/champion/silhouette/low"] = self.comparison.low
            metrics["versus/champion/silhouette/high"] = self.comparison.high
        return metrics


def train_rfm_model(values: pd.DataFrame, settings: RfmSettings, champion: Champion | None = None) -> TrainedRfmModel:
    """Learn from these customers' columns VALUES.

    The champion's clusters keep their numbers, and its number of clusters stays while that is good enough.

    Raises:
        BadInputError: There are fewer distinct customers than clusters, or none at all.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums that several cores share are rounded otherwise on another computer
        return _train(values, settings, champion)


def _train(values: pd.DataFrame, settings: RfmSettings, champion: Champion | None) -> TrainedRfmModel:
    scoring = Scoring.from_values(values, settings.caps.frequency.cap, settings.caps.monetary.cap)
    doubles = values[list(VALUES)].astype(np.float64)
    bins = quantile_bins(scoring.caps, SCORES)
    matrix = fit_bins(bins, doubles)
    last = None if champion is None else _carried_over(matrix, champion.clusters_of(doubles))
    choice = _choice(matrix, settings)
    k, keeps_k = _number_of_clusters(choice, last, settings)
    clusters = _clusters(matrix, k, last, settings)
    pipeline = cluster_pipeline(bins, clusters.centroids, clusters.labels, doubles)
    clusters = Clusters(pipeline.named_steps["clusters"].cluster_centers_, clusters.labels, clusters.inertia)
    assigned = np.asarray(pipeline.predict(doubles), dtype=np.int64)
    comparison = None
    if champion is not None:
        comparison = _comparison(matrix, assigned, champion.clusters_of(doubles), champion.number, settings=settings)
    return TrainedRfmModel(
        scoring=scoring,
        pipeline=pipeline,
        clusters=clusters,
        choice=choice,
        keeps_k=keeps_k,
        silhouette=_silhouette(matrix, assigned, settings),
        stability=_stability(matrix, choice, k, settings),
        comparison=comparison,
        assigned=assigned,
        matrix=matrix,
    )


def _choice(matrix: Floats, settings: RfmSettings) -> ClusterCount:
    if len(matrix) < settings.clusters.least:
        raise BadInputError(
            f"there are {len(matrix)} customers and the fewest clusters to try are {settings.clusters.least}: load more data."
        )
    return clustering.choose_k(
        matrix,
        range(settings.clusters.least, settings.clusters.most + 1),
        seed=settings.seed,
        resamples=settings.clusters.resamples,
        least_stability=settings.clusters.least_stability,
    )


def _carried_over(matrix: Floats, labels: Integers) -> Clusters:
    """Return the champion's clusters among these rows: the mean of each one's members, under its number."""
    numbers = np.unique(labels)
    centroids = np.stack([matrix[labels == number].mean(axis=0) for number in numbers])
    return Clusters(centroids, tuple(map(int, numbers)), 0.0)


def _number_of_clusters(choice: ClusterCount, last: Clusters | None, settings: RfmSettings) -> tuple[int, bool]:
    """Return how many clusters there are, and whether that is the champion's number instead of the choice.

    People keep their segments while the champion's number is stable and about as good as the chosen one.
    """
    same_k = next((candidate for candidate in choice.candidates if last is not None and candidate.k == last.k), None)
    if same_k is None or same_k.k == choice.k:
        return choice.k, False
    is_stable = same_k.stability >= settings.clusters.keep_stability
    is_good = same_k.silhouette >= choice.chosen.silhouette - settings.clusters.keep_within
    return (same_k.k, True) if is_stable and is_good else (choice.k, False)


def _clusters(matrix: Floats, k: int, last: Clusters | None, settings: RfmSettings) -> Clusters:
    if last is None:
        fitted = clustering.fit_kmeans(matrix, k, seed=settings.seed)
        return Clusters(fitted.centroids, tuple(range(FIRST_NUMBER, FIRST_NUMBER + k)), fitted.inertia)
    start = last.centroids if last.k == k else None
    fitted = clustering.fit_kmeans(matrix, k, seed=settings.seed, start_centroids=start)
    return clustering.relabel(fitted, clustering.match_labels(last, fitted))


def _comparison(
    matrix: Floats, assigned: Integers, champion_clusters: Integers, champion: str, *, settings: RfmSettings
) -> RefitComparison:
    from sklearn.metrics import pairwise_distances

    columns = np.column_stack([matrix, assigned, champion_clusters])
    points, weights = np.unique(columns, axis=0, return_counts=True)
    rows, ours, theirs = points[:, :-2], points[:, -2].astype(np.int64), points[:, -1].astype(np.int64)
    distances, customers = pairwise_distances(rows), weights.astype(np.float64)
    our_draws, their_draws = clustering.silhouette_draws(
        distances, (ours, theirs), customers, repetitions=settings.bootstrap, seed=settings.seed
    )
    low, high = np.nanpercentile(our_draws - their_draws, [2.5, 97.5])
    return RefitComparison(
        champion=champion,
        stability=clustering.stability(champion_clusters, assigned),
        silhouette=clustering.silhouette(distances, theirs, customers),
        low=float(low),
        high=float(high),
    )


def _silhouette(matrix: Floats, labels: Integers, settings: RfmSettings) -> Interval:
    """Return the silhouette of the model's assignment over distinct rows or a sample of them, with its interval."""
    from sklearn.metrics import pairwise_distances

    points = clustering.Points.of(np.column_stack([matrix, labels]), most=clustering.MOST_ROWS, seed=settings.seed)
    distances: NDArray[np.float64] = pairwise_distances(points.rows[:, :-1])
    assigned = points.rows[:, -1].astype(np.int64)
    [draws] = clustering.silhouette_draws(
        distances, (assigned,), points.weights, repetitions=settings.bootstrap, seed=settings.seed
    )
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return Interval(clustering.silhouette(distances, assigned, points.weights), float(low), float(high))


def _stability(matrix: Floats, choice: ClusterCount, k: int, settings: RfmSettings) -> Interval:
    """Return the stability of so many clusters, with its interval over customers."""
    candidate = next(candidate for candidate in choice.candidates if candidate.k == k)
    return clustering.stability_interval(matrix, candidate, seed=settings.seed, resamples=settings.clusters.resamples)


def cluster_curves(choice: ClusterCount) -> dict[str, Sequence[float]]:
    """Return the measures of every number of clusters for pictures and documents: one list per measure, in order of k."""
    candidates = choice.candidates
    return {
        "k": [float(candidate.k) for candidate in candidates],
        "stability": [candidate.stability for candidate in candidates],
        "spread": [candidate.spread for candidate in candidates],
        "silhouette": [candidate.silhouette for candidate in candidates],
        "inertia": [candidate.inertia for candidate in candidates],
        "smallest_share": [candidate.smallest_share for candidate in candidates],
    }
