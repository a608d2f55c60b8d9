"""Clusters of customers by the shares of categories or products in what they spend: numpy in, numpy out.

Shares are scaled by their square root, so that distances are Hellinger's: a category of 2 % counts beside one of 40 %,
and the scale needs no parameters that would differ from week to week. The previous run's centroids start the fit,
labels are matched by the distance of centroids, and names say what a cluster buys more than all do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from basketry.domains.marketing.settings import ClusterSettings
from basketry.retail import clustering
from basketry.retail.clustering import Clusters
from basketry.retail.clustering.measures import Floats, Integers

CATEGORY, PRODUCT = "category", "product"
MIXES = (CATEGORY, PRODUCT)

OVER, LEAST_SHARE = 1.2, 0.03
"""A name tells of what a cluster buys at least so many times as often as all do, and spends at least that share on."""

_WHO = {CATEGORY: "households", PRODUCT: "buyers"}
ALL_ROUND = "A bit of everything"


@dataclass(frozen=True)
class Previous:
    """The clusters of an earlier run. columns: what each column of the centroids is the share of."""

    as_of: str
    columns: tuple[str, ...]
    clusters: Clusters

    def over(self, columns: Sequence[str]) -> Clusters:
        """The clusters in the space of these columns; one that the earlier run had not counts 0."""
        places = {name: place for place, name in enumerate(self.columns)}
        centroids = np.zeros((self.clusters.k, len(columns)))
        for place, name in enumerate(columns):
            if name in places:
                centroids[:, place] = self.clusters.centroids[:, places[name]]
        return Clusters(centroids, self.clusters.labels, self.clusters.inertia)


@dataclass(frozen=True)
class MixClusters:
    """The clusters of a mix. names, over_index: by label; from_run: where they began; metrics: for MLflow."""

    mix: str
    columns: tuple[str, ...]
    clusters: Clusters
    names: Mapping[int, str]
    over_index: Mapping[int, Mapping[str, float]]
    from_run: str
    metrics: Mapping[str, float] = field(default_factory=dict)


def scaled(spent: Floats) -> Floats:
    """Square roots of the shares of each row's spending. spent: customers x columns, 0 or more; a row of zeros stays."""
    sums = spent.sum(axis=1, keepdims=True)
    return np.sqrt(np.divide(spent, sums, out=np.zeros_like(spent), where=sums > 0))


def fit_mix(
    mix: str, rows: Floats, columns: Sequence[str], previous: Previous | None, settings: ClusterSettings
) -> MixClusters | None:
    """Clusters of scaled shares, begun from the previous ones where there are any; None where customers are too few."""
    distinct = len(np.unique(rows, axis=0))
    metrics: dict[str, float] = {"customers": float(len(rows))}
    if previous is not None and distinct >= previous.clusters.k:
        before = previous.over(columns)
        after = clustering.fit(rows, before.k, seed=settings.seed, start_centroids=before.centroids)
        found = clustering.relabelled(after, clustering.match(before, after))
        agreed = clustering.stability(clustering.assign(rows, before), clustering.assign(rows, found))
        metrics |= {"adjusted_rand_index": agreed.adjusted_rand_index, "changed_share": agreed.changed_share}
        from_run = f"moved from {previous.as_of}"
    elif distinct <= settings.most:
        return None
    else:
        bounds = range(settings.least, settings.most + 1)
        choice = clustering.choose_k(
            rows,
            bounds,
            seed=settings.seed,
            resamples=settings.resamples,
            least_stability=settings.least_stability,
            most_rows=settings.customers,
            restarts=2,
        )
        found = clustering.fit(rows, choice.k, seed=settings.seed)
        metrics |= {"silhouette": choice.chosen.silhouette, "stability": choice.chosen.stability}
        from_run = "refitted"
    metrics |= {"k": float(found.k), "inertia": found.inertia}
    index = over_index(rows, clustering.assign(rows, found), columns, found.labels)
    names = named(mix, index, rows, clustering.assign(rows, found), columns)
    return MixClusters(mix, tuple(columns), found, names, index, from_run, metrics)


def over_index(
    rows: Floats, labels: Integers, columns: Sequence[str], known: Iterable[int]
) -> dict[int, dict[str, float]]:
    """Share of each column in a cluster over its share among all, where above 1; by label."""
    shares = rows**2
    usual = shares.mean(axis=0)
    found: dict[int, dict[str, float]] = {}
    for label in known:
        own = shares[labels == label]
        ratio = np.divide(own.mean(axis=0), usual, out=np.zeros_like(usual), where=usual > 0) if len(own) else usual * 0
        found[label] = {name: round(float(value), 4) for name, value in zip(columns, ratio, strict=True) if value > 1}
    return found


def named(
    mix: str, index: Mapping[int, Mapping[str, float]], rows: Floats, labels: Integers, columns: Sequence[str]
) -> dict[int, str]:
    """A name for each label, of the two columns whose share is most above usual; no two labels share a name."""
    shares = rows**2
    usual = shares.mean(axis=0)
    names: dict[int, str] = {}
    for label in index:
        own = shares[labels == label]
        mean = own.mean(axis=0) if len(own) else usual
        above = [
            columns[place]
            for place in np.argsort(usual - mean, kind="stable").tolist()
            if index[label].get(columns[place], 0) >= OVER and mean[place] >= LEAST_SHARE
        ]
        names[label] = _unused(mix, above, set(names.values()), label)
    return names


def _unused(mix: str, above: Sequence[str], taken: set[str], label: int) -> str:
    """The shortest name of two or more columns that no other cluster has."""
    if not above:
        return ALL_ROUND if ALL_ROUND not in taken else f"{ALL_ROUND} ({label})"
    for many in range(min(2, len(above)), len(above) + 1):
        name = _joined(sorted(above[:many]), _WHO[mix])  # two that are close must not change places next week
        if name not in taken:
            return name
    return f"{_joined(sorted(above[:2]), _WHO[mix])} ({label})"


def _joined(words: Sequence[str], who: str) -> str:
    first, *others = (" ".join(word.split()) for word in words)
    return (
        " & ".join([first, *(word if word.isupper() else word[:1].lower() + word[1:] for word in others)]) + f" {who}"
    )
