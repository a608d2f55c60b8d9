"""How good forecasts of amounts are, and how sure it is that one is better than another.

Every metric is a function of sums over rows (a row is a product at an origin), so that a bootstrap resample of products is
a vector of weights and a thousand resamples cost one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from basketry.learning.evaluation import Interval

Floats = NDArray[np.float64]

_SUMS = ("rows", "observed", "absolute", "signed", "squared", "scaled", "scaled_rows")


def _sums(observed: ArrayLike, predicted: ArrayLike, naive_error: ArrayLike) -> Floats:
    """Compute what the metrics sum up, rows x _SUMS.

    Args:
        observed: The amount of each row.
        predicted: Its forecast.
        naive_error: Root mean squared error of the naive forecast in the past; 0 where it made none.
    """
    truth, forecast = np.asarray(observed, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    error, naive = forecast - truth, np.asarray(naive_error, dtype=np.float64)
    has_error = naive > 0
    scaled = np.divide(np.abs(error), naive, out=np.zeros(len(error)), where=has_error)
    return np.column_stack([np.ones(len(error)), truth, np.abs(error), error, error**2, scaled, has_error])


def _over(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def _of(name: str) -> Callable[[Floats], Floats]:
    column = _SUMS.index(name)
    return lambda sums: sums[..., column]


_rows, _observed, _absolute, _signed, _squared, _scaled, _scaled_rows = (_of(name) for name in _SUMS)

METRICS: dict[str, Callable[[Floats], Floats]] = {
    "wape": lambda sums: _over(_absolute(sums), _observed(sums)),
    "rmse": lambda sums: np.sqrt(_over(_squared(sums), _rows(sums))),
    "rmsse": lambda sums: _over(_scaled(sums), _scaled_rows(sums)),
    "bias": lambda sums: _over(_signed(sums), _observed(sums)),
    "absolute_bias": lambda sums: np.abs(_over(_signed(sums), _observed(sums))),
}
"""wape: sum of absolute errors over the sum of what was sold; rmse: in money; rmsse: mean error over the naive forecast's
own past error, product by product; bias: sum of errors over the sum of what was sold, above 0 too much.

Source of rmsse: the M5 competition (Makridakis, Spiliotis & Assimakopoulos 2022), for a total of one horizon.
"""


def amount_metrics(observed: ArrayLike, predicted: ArrayLike, naive_error: ArrayLike) -> dict[str, float]:
    """Compute every metric of some rows; nan where it has no meaning."""
    sums = _sums(observed, predicted, naive_error).sum(axis=0)
    return {name: float(metric(sums)) for name, metric in METRICS.items()}


def mean_amount_metrics(
    observed: ArrayLike, predicted: ArrayLike, naive_error: ArrayLike, origins: ArrayLike
) -> dict[str, float]:
    """Average every metric over the origins: an origin with large totals counts like every other."""
    truth, forecast, naive, origin_of = map(np.asarray, (observed, predicted, naive_error, origins))
    by_origin = []
    for origin in np.unique(origin_of):
        rows = origin_of == origin
        by_origin.append(amount_metrics(truth[rows], forecast[rows], naive[rows]))
    if not by_origin:
        return dict.fromkeys(METRICS, float("nan"))
    return {name: float(np.mean([values[name] for values in by_origin])) for name in METRICS}


def coverage(observed: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Compute the share of amounts within [low, high]."""
    truth = np.asarray(observed, dtype=np.float64)
    return float(((truth >= np.asarray(low)) & (truth <= np.asarray(high))).mean()) if len(truth) else float("nan")


@dataclass(frozen=True)
class Resamples:
    """Bootstrap resamples of rows that are products at origins.

    Attributes:
        codes: The product of each row.
        products: How often each product is drawn, resamples x products.
        positions: The origin of each row.
        origins: How often each origin is drawn, resamples x origins.
    """

    codes: NDArray[np.int64]
    products: Floats
    positions: NDArray[np.int64]
    origins: Floats

    @classmethod
    def of_products(cls, products: ArrayLike, origins: ArrayLike, repetitions: int, seed: int) -> Resamples:
        """Draw whole products, every origin as it was: for differences, which all origins have in common."""
        codes, positions = _numbered(products), _numbered(origins)
        draws = _drawn(np.random.default_rng(seed), codes, repetitions)
        return cls(codes, draws, positions, np.ones((repetitions, int(positions.max()) + 1)))

    @classmethod
    def crossed(cls, products: ArrayLike, origins: ArrayLike, repetitions: int, seed: int) -> Resamples:
        """Draw whole products and, independently of them, whole origins: for a forecast's own values.

        A season moves all products of an origin together, so that products alone would promise far too much. Source: the
        pigeonhole bootstrap for crossed random effects (Owen 2007, Annals of Applied Statistics 1(2)). With few origins
        the ends of its interval lie about where the best and the worst of them lie; it knows nothing of a season that none
        of them saw.
        """
        codes, positions = _numbered(products), _numbered(origins)
        generator = np.random.default_rng(seed)
        draws = _drawn(generator, codes, repetitions)
        return cls(codes, draws, positions, _drawn(generator, positions, repetitions))

    def by_origin(self, values: Floats) -> Floats:
        """Sum the rows' values in each resample.

        Args:
            values: Rows x columns.

        Returns:
            Origins x resamples x columns.
        """
        count = self.origins.shape[1]
        rows_of = [self.positions == position for position in range(count)]
        return np.stack([self.products[:, self.codes[rows]] @ values[rows] for rows in rows_of])

    def mean(self, by_origin: Floats) -> Floats:
        """Average over the origins of each resample.

        Args:
            by_origin: Origins x resamples.
        """
        weights = self.origins.T
        mean_error: Floats = np.where(weights > 0, weights * by_origin, 0.0).sum(axis=0) / weights.sum(axis=0)
        return mean_error


def _numbered(values: ArrayLike) -> NDArray[np.int64]:
    codes: NDArray[np.int64] = np.unique(np.asarray(values, dtype=object).astype(str), return_inverse=True)[1]
    return codes


def _drawn(generator: np.random.Generator, codes: NDArray[np.int64], repetitions: int) -> Floats:
    count = int(codes.max()) + 1
    return generator.multinomial(count, np.full(count, 1 / count), size=repetitions).astype(np.float64)


def resampled_metrics(
    observed: ArrayLike, predicted: ArrayLike, naive_error: ArrayLike, resamples: Resamples
) -> dict[str, Floats]:
    """Compute a forecast's metrics, mean over the origins, in each resample."""
    sums = resamples.by_origin(_sums(observed, predicted, naive_error))
    return {name: resamples.mean(metric(sums)) for name, metric in METRICS.items()}


def resampled_coverage(observed: ArrayLike, low: ArrayLike, high: ArrayLike, resamples: Resamples) -> Floats:
    """Compute the share of amounts within [low, high], of all origins together, in each resample."""
    truth = np.asarray(observed, dtype=np.float64)
    inside = (truth >= np.asarray(low)) & (truth <= np.asarray(high))
    sums = resamples.by_origin(np.column_stack([inside, np.ones(len(truth))]))
    within, rows = (resamples.mean(sums[..., column]) for column in range(2))
    return _over(within, rows)


def percentile_interval(values: Floats) -> Interval:
    """Return mean and 95 % percentile interval of resamples; nan without any."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return Interval(float("nan"), float("nan"), float("nan"))
    low, high = np.percentile(finite, [2.5, 97.5])
    return Interval(float(finite.mean()), float(low), float(high))
