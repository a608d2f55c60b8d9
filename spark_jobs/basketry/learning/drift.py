"""How far values are from those that a model was trained on: the population stability index. Pure numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_BINS = 10


@dataclass(frozen=True)
class Distribution:
    """Where values lay: upper edges of all bins but the last, and each bin's share; the very last share is of nan."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]

    @classmethod
    def of(cls, values: ArrayLike) -> Distribution:
        """Ten bins of equal count, fewer where many values are equal."""
        given = np.asarray(values, dtype=np.float64)
        known = given[~np.isnan(given)]
        edges = (
            np.unique(np.quantile(known, np.arange(1, _BINS) / _BINS, method="inverted_cdf"))
            if len(known)
            else np.array([])
        )
        return cls(tuple(map(float, edges)), _shares(given, edges))


def _shares(values: Floats, edges: Floats) -> tuple[float, ...]:
    missing = np.isnan(values)
    bins = np.where(missing, len(edges) + 1, np.searchsorted(edges, values, side="left"))
    return tuple(map(float, np.bincount(bins, minlength=len(edges) + 2) / max(1, len(values))))


def population_stability_index(before: Distribution, values: ArrayLike, least: float = 1e-4) -> float:
    """Sum over the bins of (p - q) ln(p / q), p the shares before and q those of the values, each at least `least`."""
    after = _shares(np.asarray(values, dtype=np.float64), np.array(before.edges))
    p, q = (np.maximum(np.array(shares), least) for shares in (before.shares, after))
    return float(((p - q) * np.log(p / q)).sum())
