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

from basketry.domains.rfm.estimators import binned, binning, pipeline
from basketry.domains.rfm.grid import SCORES
from basketry.domains.rfm.settings import RfmSettings
from basketry.domains.rfm.values import VALUES, Scoring
from basketry.errors import BadInputError
from basketry.learning.evaluation import Interval
from basketry.retail import clustering
from basketry.retail.clustering import Choice, Clusters, Stability
from basketry.retail.clustering.measures import Floats, Integers

FIRST_NUMBER = 1
"""Clusters count from 1 for people."""


class Champion(Protocol):
    """What a training needs of the model that assigns now."""

    @property
    def number(self) -> str:
        """Its version."""

    def clusters_of(self, values: pd.DataFrame) -> Integers:
        """The cluster of each row of columns VALUES."""


@dataclass(frozen=True)
class Comparison:
    """Challenger and champion on the same customers as of the same day: everything that differs is the refit's doing.

    silhouette: of both assignments among the challenger's points; low, high: 95 % interval of challenger less champion.
    """

    champion: str
    stability: Stability
    silhouette: float
    low: float
    high: float


@dataclass(frozen=True)
class Trained:
    """A fitted model with what was measured on the way. assigned: cluster of each row; matrix: the binned rows.

    silhouette, stability: each with its 95 % interval over customers.
    """

    scoring: Scoring
    pipeline: Any
    clusters: Clusters
    choice: Choice
    kept_k: bool
    silhouette: Interval
    stability: Interval
    comparison: Comparison | None
    assigned: Integers
    matrix: Floats

    @property
    def metrics(self) -> dict[str, float]:
        """Numbers by the names that the gate knows, and both curves."""
        shares = np.unique(self.assigned, return_counts=True)[1] / len(self.assigned)
        found = {"clusters": float(self.clusters.k), "smallest_share": float(shares.min())}
        for name, measured in (("silhouette", self.silhouette), ("stability", self.stability)):
            found |= {name: measured.mean, f"interval/{name}/low": measured.low, f"interval/{name}/high": measured.high}
        if self.comparison is not None:
            one = self.comparison
            found |= {
                "agreement": one.stability.adjusted_rand_index,
                "changed_share": one.stability.changed_share,
                "champion/silhouette": one.silhouette,
                "versus/champion/silhouette/low": one.low,
                "versus/champion/silhouette/high": one.high,
            }
        return found


def train(values: pd.DataFrame, settings: RfmSettings, champion: Champion | None = None) -> Trained:
    """Learn from these customers; the champion's clusters keep their numbers, its k while that is good enough.

    values: columns VALUES. BadInputError when there are fewer distinct customers than clusters, or none at all.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums that several cores share out are rounded otherwise on another machine
        return _trained(values, settings, champion)


def _trained(values: pd.DataFrame, settings: RfmSettings, champion: Champion | None) -> Trained:
    scoring = Scoring.learned(values, settings.frequency_cap, settings.monetary_cap)
    given = values[list(VALUES)].astype(np.float64)
    columns = binning(scoring.caps, SCORES)
    matrix = binned(columns, given)
    last = None if champion is None else _carried(matrix, champion.clusters_of(given))
    choice = _choice(matrix, settings)
    k, kept = _k(choice, last, settings)
    clusters = _clusters(matrix, k, last, settings)
    model = pipeline(columns, clusters.centroids, clusters.labels, given)
    clusters = Clusters(model.named_steps["clusters"].cluster_centers_, clusters.labels, clusters.inertia)
    assigned = np.asarray(model.predict(given), dtype=np.int64)
    compared = None if champion is None else _comparison(matrix, assigned, champion, given, settings)
    return Trained(
        scoring,
        model,
        clusters,
        choice,
        kept,
        _silhouette(matrix, assigned, settings),
        _stability(matrix, choice, k, settings),
        compared,
        assigned,
        matrix,
    )


def _choice(matrix: Floats, settings: RfmSettings) -> Choice:
    if len(matrix) < settings.least_clusters:
        raise BadInputError(
            f"there are {len(matrix)} customers and the fewest clusters to try are {settings.least_clusters}: load more data."
        )
    return clustering.choose_k(
        matrix,
        range(settings.least_clusters, settings.most_clusters + 1),
        seed=settings.seed,
        resamples=settings.resamples,
        least_stability=settings.least_stability,
    )


def _carried(matrix: Floats, labels: Integers) -> Clusters:
    """The champion's clusters among these rows: the mean of each one's members, under its number."""
    numbers = np.unique(labels)
    return Clusters(
        np.stack([matrix[labels == number].mean(axis=0) for number in numbers]), tuple(map(int, numbers)), 0.0
    )


def _k(choice: Choice, last: Clusters | None, settings: RfmSettings) -> tuple[int, bool]:
    """How many clusters, and whether it is the last number rather than the choice: people keep their segments."""
    before = next((one for one in choice.candidates if last is not None and one.k == last.k), None)
    if before is None or before.k == choice.k:
        return choice.k, False
    stable = before.stability >= settings.keep_stability
    good = before.silhouette >= choice.chosen.silhouette - settings.keep_within
    return (before.k, True) if stable and good else (choice.k, False)


def _clusters(matrix: Floats, k: int, last: Clusters | None, settings: RfmSettings) -> Clusters:
    if last is None:
        found = clustering.fit(matrix, k, seed=settings.seed)
        return Clusters(found.centroids, tuple(range(FIRST_NUMBER, FIRST_NUMBER + k)), found.inertia)
    start = last.centroids if last.k == k else None
    found = clustering.fit(matrix, k, seed=settings.seed, start_centroids=start)
    return clustering.relabelled(found, clustering.match(last, found))


def _comparison(
    matrix: Floats, assigned: Integers, champion: Champion, values: pd.DataFrame, settings: RfmSettings
) -> Comparison:
    before = champion.clusters_of(values)
    points, weights = np.unique(np.column_stack([matrix, assigned, before]), axis=0, return_counts=True)
    rows, ours, theirs = points[:, :-2], points[:, -2].astype(np.int64), points[:, -1].astype(np.int64)
    from sklearn.metrics import pairwise_distances

    distances, customers = pairwise_distances(rows), weights.astype(np.float64)
    draws = clustering.silhouette_draws(
        distances, (ours, theirs), customers, repetitions=settings.bootstrap, seed=settings.seed
    )
    low, high = np.nanpercentile(draws[0] - draws[1], [2.5, 97.5])
    return Comparison(
        champion.number,
        clustering.stability(before, assigned),
        clustering.silhouette(distances, theirs, customers),
        float(low),
        float(high),
    )


def _silhouette(matrix: Floats, labels: Integers, settings: RfmSettings) -> Interval:
    """Of the very assignment that the model makes, over distinct rows or a sample of them; its interval over customers."""
    from sklearn.metrics import pairwise_distances

    points = clustering.Points.of(np.column_stack([matrix, labels]), most=clustering.MOST_ROWS, seed=settings.seed)
    distances: NDArray[np.float64] = pairwise_distances(points.rows[:, :-1])
    assigned = points.rows[:, -1].astype(np.int64)
    [draws] = clustering.silhouette_draws(
        distances, (assigned,), points.weights, repetitions=settings.bootstrap, seed=settings.seed
    )
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return Interval(clustering.silhouette(distances, assigned, points.weights), float(low), float(high))


def _stability(matrix: Floats, choice: Choice, k: int, settings: RfmSettings) -> Interval:
    """Of so many clusters, with its interval over customers."""
    candidate = next(one for one in choice.candidates if one.k == k)
    return clustering.stability_interval(matrix, candidate, seed=settings.seed, resamples=settings.resamples)


def curves(choice: Choice) -> dict[str, Sequence[float]]:
    """Both curves for pictures and documents: a list a measure, in order of k."""
    names = ("k", "stability", "spread", "silhouette", "inertia", "smallest_share")
    return {name: [float(getattr(one, name)) for one in choice.candidates] for name in names}
