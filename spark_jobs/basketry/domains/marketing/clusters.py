"""Clusters of customers by the shares of categories or products in what they spend: numpy in, numpy out.

Shares are scaled by their square root, so that distances are Hellinger's: a category of 2 % counts beside one of 40 %,
and the scale needs no parameters that would differ from week to week. The previous run's centroids start the fit,
labels are matched by the distance of centroids, and names say what a cluster buys more than all do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from basketry.domains.marketing.settings import MarketingSettings
from basketry.retail import clustering
from basketry.retail.clustering import Clusters
from basketry.retail.clustering.measures import Floats, Integers

CATEGORY, PRODUCT = "category", "product"
MIXES = (CATEGORY, PRODUCT)

OVER, LEAST_SHARE = 1.2, 0.03
"""A name tells what a cluster buys at least so many times as often as all do, and spends at least that share on."""

_WHO = {CATEGORY: "households", PRODUCT: "buyers"}
ALL_ROUND = "A bit of everything"


@dataclass(frozen=True)
class PreviousClusters:
    """The clusters of an earlier run.

    Attributes:
        as_of: Day of that run.
        columns: What each column of the centroids is the share of.
        clusters: The clusters.
    """

    as_of: str
    columns: tuple[str, ...]
    clusters: Clusters

    def clusters_over(self, columns: Sequence[str]) -> Clusters:
        """Return the clusters in the space of these columns; a column that the earlier run had not counts 0."""
        position = {name: number for number, name in enumerate(self.columns)}
        centroids = np.zeros((self.clusters.k, len(columns)))
        for column, name in enumerate(columns):
            if name in position:
                centroids[:, column] = self.clusters.centroids[:, position[name]]
        return Clusters(centroids, self.clusters.labels, self.clusters.inertia)


@dataclass(frozen=True, kw_only=True)
class MixClusters:
    """The clusters of a mix.

    Attributes:
        mix: Which mix.
        columns: What each column of the centroids is the share of.
        clusters: The clusters.
        names: Name of each cluster by label.
        over_index: Columns that each cluster buys more than all do, by label.
        from_run: Where the clusters began.
        metrics: Metrics for MLflow.
    """

    mix: str
    columns: tuple[str, ...]
    clusters: Clusters
    names: Mapping[int, str]
    over_index: Mapping[int, Mapping[str, float]]
    from_run: str
    metrics: Mapping[str, float] = field(default_factory=dict)


def hellinger_shares(spent: Floats) -> Floats:
    """Compute the square roots of the shares of each row's spending; a row of zeros stays.

    Args:
        spent: What was spent, 0 or more: customers x columns.
    """
    sums = spent.sum(axis=1, keepdims=True)
    roots: Floats = np.sqrt(np.divide(spent, sums, out=np.zeros_like(spent), where=sums > 0))
    return roots


def fit_mix(
    mix: str, rows: Floats, columns: Sequence[str], *, previous: PreviousClusters | None, settings: MarketingSettings
) -> MixClusters | None:
    """Fit clusters, begun from the previous ones where there are any.

    Args:
        mix: Which mix.
        rows: Scaled shares: customers x columns.
        columns: What each column is the share of.
        previous: The clusters of an earlier run.
        settings: How clusters are fitted.

    Returns:
        The clusters; None where there are too few customers.
    """
    distinct = len(np.unique(rows, axis=0))
    metrics: dict[str, float] = {"customers": float(len(rows))}
    if previous is not None and distinct >= previous.clusters.k:
        before = previous.clusters_over(columns)
        after = clustering.fit_kmeans(rows, before.k, seed=settings.seed, start_centroids=before.centroids)
        clusters = clustering.relabel(after, clustering.match_labels(before, after))
        agreement = clustering.stability(
            clustering.assign_labels(rows, before), clustering.assign_labels(rows, clusters)
        )
        metrics |= {"adjusted_rand_index": agreement.adjusted_rand_index, "changed_share": agreement.changed_share}
        from_run = f"moved from {previous.as_of}"
    elif distinct <= settings.clusters.most:
        return None
    else:
        bounds = range(settings.clusters.least, settings.clusters.most + 1)
        choice = clustering.choose_k(
            rows,
            bounds,
            seed=settings.seed,
            resamples=settings.clusters.resamples,
            least_stability=settings.clusters.least_stability,
            most_rows=settings.clusters.customers,
            restarts=2,
        )
        clusters = clustering.fit_kmeans(rows, choice.k, seed=settings.seed)
        metrics |= {"silhouette": choice.chosen.silhouette, "stability": choice.chosen.stability}
        from_run = "refitted"
    metrics |= {"k": float(clusters.k), "inertia": clusters.inertia}
    means = cluster_means(rows, clustering.assign_labels(rows, clusters), clusters.labels)
    usual = (rows**2).mean(axis=0)
    return MixClusters(
        mix=mix,
        columns=tuple(columns),
        clusters=clusters,
        names=cluster_names(mix, means, usual, columns),
        over_index=over_indexes(means, usual, columns),
        from_run=from_run,
        metrics=metrics,
    )


def cluster_means(rows: Floats, labels: Integers, all_labels: Iterable[int]) -> dict[int, Floats | None]:
    """Average the shares of each cluster by label; None for a cluster that is empty.

    Args:
        rows: Scaled shares: customers x columns.
        labels: Label of each customer.
        all_labels: Labels of all clusters.
    """
    shares = rows**2
    members = {label: shares[labels == label] for label in all_labels}
    return {label: own.mean(axis=0) if len(own) else None for label, own in members.items()}


def over_indexes(
    means: Mapping[int, Floats | None], usual: Floats, columns: Sequence[str]
) -> dict[int, dict[str, float]]:
    """Divide the share of each column in a cluster by its share among all; by label, where it is above 1.

    Args:
        means: See `cluster_means`.
        usual: Share of each column among all.
        columns: What each column is the share of.
    """
    indexes: dict[int, dict[str, float]] = {}
    for label, mean in means.items():
        ratio = usual * 0
        if mean is not None:
            ratio = np.divide(mean, usual, out=np.zeros_like(usual), where=usual > 0)
        indexes[label] = {name: round(float(value), 4) for name, value in zip(columns, ratio, strict=True) if value > 1}
    return indexes


def cluster_names(
    mix: str, means: Mapping[int, Floats | None], usual: Floats, columns: Sequence[str]
) -> dict[int, str]:
    """Name each label after the two columns whose share is most above usual; no two labels share a name.

    Args:
        mix: Which mix.
        means: See `cluster_means`.
        usual: Share of each column among all.
        columns: What each column is the share of.
    """
    indexes = over_indexes(means, usual, columns)
    names: dict[int, str] = {}
    for label, mean in means.items():
        share = usual if mean is None else mean
        above = [
            columns[column]
            for column in np.argsort(usual - share, kind="stable").tolist()
            if indexes[label].get(columns[column], 0) >= OVER and share[column] >= LEAST_SHARE
        ]
        names[label] = _unused_name(mix, above, set(names.values()), label)
    return names


def _unused_name(mix: str, above: Sequence[str], taken: set[str], label: int) -> str:
    """Return the shortest name of two or more columns that no other cluster has."""
    if not above:
        return ALL_ROUND if ALL_ROUND not in taken else f"{ALL_ROUND} ({label})"
    for many in range(min(2, len(above)), len(above) + 1):
        name = _joined(sorted(above[:many]), _WHO[mix])  # two that are close must not change places next week
        if name not in taken:
            return name
    return f"{_joined(sorted(above[:2]), _WHO[mix])} ({label})"


def _joined(words: Sequence[str], who: str) -> str:
    first, *others = (" ".join(word.split()) for word in words)
    lowered = [word if word.isupper() else word[:1].lower() + word[1:] for word in others]
    return " & ".join([first, *lowered]) + f" {who}"
