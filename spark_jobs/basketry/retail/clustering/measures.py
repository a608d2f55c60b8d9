"""How well points are parted, and how far two partitions of the same points agree. Pure numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def silhouette(distances: Floats, labels: Integers, weights: Floats | None = None) -> float:
    """Mean silhouette of weighted points, as of a row for each unit of weight (Rousseeuw 1987); nan with one cluster.

    distances: points x points. A row that is alone in its cluster counts 0.
    """
    weights = np.ones(len(labels)) if weights is None else weights
    names, codes = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        return float("nan")
    members = np.zeros((len(codes), len(names)))
    members[np.arange(len(codes)), codes] = weights
    sizes, sums = members.sum(axis=0), distances @ members
    own = np.arange(len(codes)), codes
    within = sums[own] / np.maximum(sizes[codes] - 1, 1)
    others = sums / sizes
    others[own] = np.inf
    between = others.min(axis=1)
    widths = np.where(sizes[codes] > 1, (between - within) / np.maximum(np.maximum(within, between), 1e-300), 0.0)
    return float(np.average(widths, weights=weights))


def adjusted_rand_index(left: ArrayLike, right: ArrayLike, weights: Floats | None = None) -> float:
    """How far two partitions agree beyond chance: 1 the same, 0 as chance would (Hubert & Arabie 1985)."""
    one = np.unique(np.asarray(left), return_inverse=True)[1]
    two = np.unique(np.asarray(right), return_inverse=True)[1]
    table = np.zeros((int(one.max()) + 1, int(two.max()) + 1))
    np.add.at(table, (one, two), 1.0 if weights is None else weights)
    together, rows, columns = (_pairs(part) for part in (table, table.sum(axis=1), table.sum(axis=0)))
    chance = rows * columns / max(_pairs(table.sum()), 1.0)
    most = (rows + columns) / 2
    return 1.0 if most == chance else float((together - chance) / (most - chance))


def _pairs(counts: Floats) -> float:
    return float((counts * (counts - 1) / 2).sum())


@dataclass(frozen=True)
class Stability:
    """How two assignments of the same rows agree: adjusted Rand index, share of rows whose label differs, rows."""

    adjusted_rand_index: float
    changed_share: float
    rows: int


def stability(before: ArrayLike, after: ArrayLike, unmoved: ArrayLike | None = None) -> Stability:
    """Agreement of two assignments, a label a row each; with `unmoved` of the rows where it is true only.

    Two models that assign the very same rows differ by what the refit did: nobody changed by a purchase of their own.
    Of no rows: nan.
    """
    left, right = np.asarray(before), np.asarray(after)
    if unmoved is not None:
        kept = np.asarray(unmoved, dtype=bool)
        left, right = left[kept], right[kept]
    if not len(left):
        return Stability(float("nan"), float("nan"), 0)
    return Stability(adjusted_rand_index(left, right), float(np.mean(left != right)), len(left))
