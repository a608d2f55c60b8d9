"""Forecasts of products, departments and the whole catalog that add up: each level counts by how sure it is.

The weighted least squares reconciliation of Wickramasuriya, Athanasopoulos & Hyndman (2019) with a diagonal covariance.
A tree lets it be solved by passing once up and once down. A product's variance is taken as proportional to its forecast,
so that what a department gains or loses is one factor for all its products: nothing turns negative, and a department's
products can be scaled anywhere, knowing that factor alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from basketry.domains.forecast.series import Floats

_NOTHING = 1e-9
"""Below it a factor that lifts a department's products to its share would not be a number."""


@dataclass(frozen=True)
class Variances:
    """Squared relative errors of past forecasts.

    Attributes:
        products: Of the sum of a department's product forecasts.
        departments: Of a department's own forecast.
        total: Of the total's own forecast.
    """

    products: float
    departments: float
    total: float


@dataclass(frozen=True)
class Reconciled:
    """Forecasts that add up.

    Attributes:
        departments: Departments x periods.
        total: One value per period.
        factors: What the products of each department are multiplied by, departments x periods.
    """

    departments: Floats
    total: Floats
    factors: Floats


def reconcile(products: Floats, departments: Floats, total: Floats, variances: Variances) -> Reconciled:
    """Bring the forecasts of all levels together.

    A sum of products that is worth less than a billionth counts as none, and a department without any product forecast
    stays at 0.

    Args:
        products: The sum of each department's product forecasts, departments x periods.
        departments: Each department's own forecast, the same shape.
        total: The catalog's own forecast, one value per period.
        variances: How sure each level is.
    """
    below, own = (np.where(values > _NOTHING, values, 0.0) for values in (products, departments))
    weight_below, weight_own = _precision(below, variances.products), _precision(own, variances.departments)
    weight_own = np.where(own > 0, weight_own, 0.0)
    merged = (weight_below * below + weight_own * own) / (weight_below + weight_own)
    merged = np.where(below > 0, merged, 0.0)
    spread = np.where(below > 0, 1 / (weight_below + weight_own), 0.0)
    whole, spread_whole = merged.sum(axis=0), spread.sum(axis=0)
    spread_total = variances.total * np.maximum(total, 0.0) ** 2
    gain = np.divide(spread_whole, spread_whole + spread_total, out=np.zeros_like(whole), where=spread_whole > 0)
    gain = np.where(total > 0, gain, 0.0)
    moved = gain * (total - whole)
    share = np.divide(spread, spread_whole, out=np.zeros_like(spread), where=spread_whole > 0)
    reconciled = np.maximum(merged + share * moved, 0.0)
    factors = np.divide(reconciled, below, out=np.ones_like(reconciled), where=below > 0)
    return Reconciled(reconciled, reconciled.sum(axis=0), factors)


def _precision(forecast: Floats, relative_variance: float) -> Floats:
    return 1 / np.maximum(relative_variance * forecast**2, 1e-9)


def variances_of(errors: Mapping[str, Floats]) -> Variances:
    """Average the squared relative errors of past forecasts by level; 1 where there are none.

    Args:
        errors: Relative errors by level: products, departments and total.
    """

    def mean(level: str) -> float:
        """Average the squared errors of a level; 1 where none is finite."""
        finite = errors[level][np.isfinite(errors[level])]
        return max(float(np.mean(finite**2)), 1e-4) if len(finite) else 1.0

    return Variances(mean("products"), mean("departments"), mean("total"))
