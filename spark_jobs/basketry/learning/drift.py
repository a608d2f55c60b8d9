"""How far values are from those that a model was trained on: the population stability index. Pure numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_BINS = 10


@dataclass(frozen=True)
class Distribution:
    """Where values lay.

    Attributes:
        edges: Upper edges of all bins but the last.
        shares: Share of the values in each bin; the very last share is of nan.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]

    @classmethod
    def of(cls, values: ArrayLike) -> Distribution:
        """Count values in ten bins of equal count, fewer where many values are equal."""
        numbers = np.asarray(values, dtype=np.float64)
        present = numbers[~np.isnan(numbers)]
        edges = np.array([])
        if len(present):
            edges = np.unique(np.quantile(present, np.arange(1, _BINS) / _BINS, method="inverted_cdf"))
        return cls(tuple(map(float, edges)), _shares(numbers, edges))


def _shares(values: Floats, edges: Floats) -> tuple[float, ...]:
    missing = np.isnan(values)
    bins = np.where(missing, len(edges) + 1, np.searchsorted(edges, values, side="left"))
    return tuple(map(float, np.bincount(bins, minlength=len(edges) + 2) / max(1, len(values))))


def population_stability_index(before: Distribution, values: ArrayLike, least: float = 1e-4) -> float:
    """Sum (p - q) ln(p / q) over the bins, where p are the shares before and q those of the values.

    Args:
        before: The distribution that a model was trained on.
        values: The values of today.
        least: Every share counts as at least so much.
    """
    after = _shares(np.asarray(values, dtype=np.float64), np.array(before.edges))
    p, q = (np.maximum(np.array(shares), least) for shares in (before.shares, after))
    return float(((p - q) * np.log(p / q)).sum())
