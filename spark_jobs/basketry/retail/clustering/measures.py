"""How well points are separated, and how far two partitions of the same points agree. Pure numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def silhouette(distances: Floats, labels: Integers, weights: Floats | None = None) -> float:
    """Return the mean silhouette of weighted points, as of one row per unit of weight (Rousseeuw 1987).

    A row that is alone in its cluster counts 0.

    Args:
        distances: Points x points.
        labels: The cluster of each point.
        weights: Rows at each point; 1 each when None.

    Returns:
        The mean; nan with a single cluster.
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
    """Measure how far two partitions agree beyond chance: 1 when equal, 0 as chance would (Hubert & Arabie 1985)."""
    left_codes = np.unique(np.asarray(left), return_inverse=True)[1]
    right_codes = np.unique(np.asarray(right), return_inverse=True)[1]
    table = np.zeros((int(left_codes.max()) + 1, int(right_codes.max()) + 1))
    np.add.at(table, (left_codes, right_codes), 1.0 if weights is None else weights)
    together, rows, columns = (_pairs(part) for part in (table, table.sum(axis=1), table.sum(axis=0)))
    chance = rows * columns / max(_pairs(np.asarray(table.sum())), 1.0)
    most = (rows + columns) / 2
    return 1.0 if most == chance else float((together - chance) / (most - chance))


def _pairs(counts: Floats) -> float:
    return float((counts * (counts - 1) / 2).sum())


@dataclass(frozen=True)
class Stability:
    """How two assignments of the same rows agree.

    Attributes:
        adjusted_rand_index: Agreement beyond chance.
        changed_share: Share of the rows whose label differs.
        rows: How many rows were compared.
    """

    adjusted_rand_index: float
    changed_share: float
    rows: int


def stability(before: ArrayLike, after: ArrayLike, unmoved: ArrayLike | None = None) -> Stability:
    """Compare two assignments of the same rows.

    Two models that assign the very same rows differ by what the refit did: nobody changed by a purchase of their own.

    Args:
        before: One label per row.
        after: One label per row.
        unmoved: Only rows where it is true are compared; all when None.

    Returns:
        The agreement; nan when no row is compared.
    """
    left, right = np.asarray(before), np.asarray(after)
    if unmoved is not None:
        compared = np.asarray(unmoved, dtype=bool)
        left, right = left[compared], right[compared]
    if not len(left):
        return Stability(float("nan"), float("nan"), 0)
    return Stability(adjusted_rand_index(left, right), float(np.mean(left != right)), len(left))
