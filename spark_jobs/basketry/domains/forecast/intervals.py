"""How sure a forecast is: quantiles of observed over forecast, at earlier origins (split conformal prediction).

A ratio, so that one set of past errors serves products of all sizes, per demand class and size of the forecast (Mondrian
conformal prediction: Vovk, Gammerman & Shafer 2005). Bounds are never negative.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from basketry.domains.forecast.series import Floats, Texts

LEVELS = (0.5, 0.9)
_LEAST_ROWS = 60
_SIZES = 3


@dataclass(frozen=True)
class Spread:
    """Quantiles of the ratio of observed to forecast.

    Attributes:
        offset: Keeps ratios of tiny forecasts finite.
        edges: Edges of the sizes of forecasts.
        quantiles: Low and high end of each level, by demand class and size.
    """

    offset: float
    edges: tuple[float, ...]
    quantiles: Mapping[str, tuple[float, ...]]

    def bounds(self, forecast: Floats, classes: Texts) -> dict[float, tuple[Floats, Floats]]:
        """Return the low and high bound of each level, by level.

        Args:
            forecast: One value per product.
            classes: The demand class of each product.
        """
        groups = _groups(classes, forecast, self.edges)
        table = np.array([self.quantiles.get(name, self.quantiles["all"]) for name in groups]).reshape(len(groups), -1)
        values = np.maximum((forecast[:, None] + self.offset) * table - self.offset, 0.0)
        bounds = {}
        for number, level in enumerate(LEVELS):
            low, high = values[:, 2 * number], values[:, 2 * number + 1]
            bounds[level] = (np.minimum(low, forecast), np.maximum(high, forecast))
        return bounds


def spread_of(observed: Floats, forecast: Floats, classes: Texts) -> Spread:
    """Learn the spread from past forecasts and what was sold; without any past, as wide as 0 to three times the forecast."""
    if not len(observed):
        return Spread(1.0, (), {"all": (0.5, 1.5, 0.0, 3.0)})
    offset = 0.05 * max(float(np.mean(forecast)), 1e-6)
    edges = tuple(float(edge) for edge in np.quantile(forecast, np.arange(1, _SIZES) / _SIZES))
    ratio = (observed + offset) / (forecast + offset)
    groups = np.array(_groups(classes, forecast, edges), dtype=object)
    quantiles = {"all": ratio_quantiles(ratio)}
    for name in np.unique(groups):
        own = ratio[groups == name]
        if len(own) >= _LEAST_ROWS:
            quantiles[str(name)] = ratio_quantiles(own)
    return Spread(offset, edges, quantiles)


def _groups(classes: Texts, forecast: Floats, edges: tuple[float, ...]) -> list[str]:
    sizes = np.searchsorted(np.array(edges), forecast)
    return [f"{name}/{size}" for name, size in zip(classes, sizes, strict=True)]


def ratio_quantiles(ratio: Floats) -> tuple[float, ...]:
    """Return low and high end of each level, one rank further out than the plain quantile, as a finite sample demands."""
    count = len(ratio)
    ends = []
    for level in LEVELS:
        tail = (1 - level) / 2
        low = np.floor((count + 1) * tail) / count
        high = np.ceil((count + 1) * (1 - tail)) / count
        ends += [float(np.quantile(ratio, min(max(low, 0), 1))), float(np.quantile(ratio, min(max(high, 0), 1)))]
    return tuple(ends)
