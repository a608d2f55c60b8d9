"""Demand classes: which kind of series a product has, so that each kind can have the method that suits it."""

from __future__ import annotations

import numpy as np

from basketry.domains.forecast.series import Floats, Panel, Texts

SMOOTH, ERRATIC, INTERMITTENT, LUMPY, NEW = CLASSES = ("smooth", "erratic", "intermittent", "lumpy", "new")

INTERVAL_LIMIT, VARIATION_LIMIT = 1.32, 0.49
"""Mean weeks between sales, and squared coefficient of variation of sizes, that separate the classes.

Source: Syntetos, Boylan & Croston (2005), On the categorization of demand patterns.
"""


def demand_intervals(history: Floats) -> Floats:
    """Average the weeks from sale to sale, counted from the first week; infinite where nothing sold."""
    count = (history > 0).sum(axis=1)
    interval: Floats = np.divide(history.shape[1], count, out=np.full(len(history), np.inf), where=count > 0)
    return interval


def squared_variation(history: Floats) -> Floats:
    """Compute the squared coefficient of variation of the weeks with a sale; 0 where there are fewer than two."""
    sold = history > 0
    count = np.maximum(sold.sum(axis=1), 1)
    mean = np.where(sold, history, 0).sum(axis=1) / count
    spread = (np.where(sold, history - mean[:, None], 0) ** 2).sum(axis=1) / count
    variation: Floats = np.divide(spread, mean**2, out=np.zeros(len(history)), where=mean > 0)
    return variation


def demand_classes(panel: Panel, new_weeks: int) -> Texts:
    """Classify each product.

    Args:
        panel: The series.
        new_weeks: A product that was first sold less than so many weeks ago is new, whatever its sales.
    """
    often = demand_intervals(panel.revenue) <= INTERVAL_LIMIT
    steady = squared_variation(panel.revenue) <= VARIATION_LIMIT
    names = np.select([often & steady, often, steady], [SMOOTH, ERRATIC, INTERMITTENT], default=LUMPY).astype(object)
    names[(panel.age < new_weeks) & (panel.weeks > new_weeks)] = NEW
    return names
