"""How good forecasts of amounts are, and how sure one can be that one is better than another.

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
    """Rows x _SUMS. naive_error: root mean squared error of the naive forecast in the past; 0 where it made none."""
    truth, found = np.asarray(observed, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    error, naive = found - truth, np.asarray(naive_error, dtype=np.float64)
    known = naive > 0
    scaled = np.divide(np.abs(error), naive, out=np.zeros(len(error)), where=known)
    return np.column_stack([np.ones(len(error)), truth, np.abs(error), error, error**2, scaled, known])


def _over(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def _of(name: str) -> Callable[[Floats], Floats]:
    place = _SUMS.index(name)
    return lambda sums: sums[..., place]


_rows, _observed, _absolute, _signed, _squared, _scaled, _scaled_rows = (_of(name) for name in _SUMS)

METRICS: dict[str, Callable[[Floats], Floats]] = {
    "wape": lambda sums: _over(_absolute(sums), _observed(sums)),
    "rmse": lambda sums: np.sqrt(_over(_squared(sums), _rows(sums))),
    "rmsse": lambda sums: _over(_scaled(sums), _scaled_rows(sums)),
    "bias": lambda sums: _over(_signed(sums), _observed(sums)),
    "absolute_bias": lambda sums: np.abs(_over(_signed(sums), _observed(sums))),
}
"""wape: sum of absolute errors over the sum of what came; rmse: in money; rmsse: mean error over the naive forecast's
own past error, a product each; bias: sum of errors over the sum of what came, above 0 too much.

Source of rmsse: the M5 competition (Makridakis, Spiliotis & Assimakopoulos 2022), for a total of one horizon.
"""


def measures(observed: ArrayLike, predicted: ArrayLike, naive_error: ArrayLike) -> dict[str, float]:
    """Every metric of these rows; nan where it has no meaning."""
    sums = _sums(observed, predicted, naive_error).sum(axis=0)
    return {name: float(metric(sums)) for name, metric in METRICS.items()}


def mean_measures(
    observed: ArrayLike, predicted: ArrayLike, naive_error: ArrayLike, origins: ArrayLike
) -> dict[str, float]:
    """Every metric, mean over the origins: an origin with large totals counts like every other."""
    truth, found, naive, when = map(np.asarray, (observed, predicted, naive_error, origins))
    each = [measures(truth[when == one], found[when == one], naive[when == one]) for one in np.unique(when)]
    return {name: float(np.mean([one[name] for one in each])) if each else float("nan") for name in METRICS}


def coverage(observed: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Share of what came within [low, high]."""
    truth = np.asarray(observed, dtype=np.float64)
    return float(((truth >= np.asarray(low)) & (truth <= np.asarray(high))).mean()) if len(truth) else float("nan")


@dataclass(frozen=True)
class Resamples:
    """Bootstrap resamples of rows that are products at origins.

    codes: the product of each row; products: how often each product is drawn, resamples x products; positions: the
    origin of each row; origins: how often each origin is drawn, resamples x origins.
    """

    codes: NDArray[np.int64]
    products: Floats
    positions: NDArray[np.int64]
    origins: Floats

    @classmethod
    def of_products(cls, products: ArrayLike, origins: ArrayLike, repetitions: int, seed: int) -> Resamples:
        """Resamples of whole products, every origin as it was: for differences, which all origins have in common."""
        codes, positions = _numbered(products), _numbered(origins)
        draws = _drawn(np.random.default_rng(seed), codes, repetitions)
        return cls(codes, draws, positions, np.ones((repetitions, int(positions.max()) + 1)))

    @classmethod
    def crossed(cls, products: ArrayLike, origins: ArrayLike, repetitions: int, seed: int) -> Resamples:
        """Resamples of whole products and, independently of them, of whole origins: for a forecast's own values.

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
        """Sums of the rows' values in each resample: origins x resamples x columns. values: rows x columns."""
        count = self.origins.shape[1]
        rows_of = [self.positions == position for position in range(count)]
        return np.stack([self.products[:, self.codes[rows]] @ values[rows] for rows in rows_of])

    def mean(self, by_origin: Floats) -> Floats:
        """Mean over the origins of each resample. by_origin: origins x resamples."""
        weights = self.origins.T
        return np.where(weights > 0, weights * by_origin, 0.0).sum(axis=0) / weights.sum(axis=0)


def _numbered(values: ArrayLike) -> NDArray[np.int64]:
    codes: NDArray[np.int64] = np.unique(np.asarray(values, dtype=object).astype(str), return_inverse=True)[1]
    return codes


def _drawn(generator: np.random.Generator, codes: NDArray[np.int64], repetitions: int) -> Floats:
    count = int(codes.max()) + 1
    return generator.multinomial(count, np.full(count, 1 / count), size=repetitions).astype(np.float64)


def resampled(
    observed: ArrayLike, predicted: ArrayLike, naive_error: ArrayLike, resamples: Resamples
) -> dict[str, Floats]:
    """A prediction's metrics, mean over the origins, in each resample."""
    sums = resamples.by_origin(_sums(observed, predicted, naive_error))
    return {metric: resamples.mean(use(sums)) for metric, use in METRICS.items()}


def resampled_coverage(observed: ArrayLike, low: ArrayLike, high: ArrayLike, resamples: Resamples) -> Floats:
    """Share of what came within [low, high], of all origins together, in each resample."""
    truth = np.asarray(observed, dtype=np.float64)
    inside = (truth >= np.asarray(low)) & (truth <= np.asarray(high))
    sums = resamples.by_origin(np.column_stack([inside, np.ones(len(truth))]))
    within, rows = (resamples.mean(sums[..., column]) for column in range(2))
    return _over(within, rows)


def interval(values: Floats) -> Interval:
    """Mean and 95 % percentile interval of resamples; nan without any."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Interval(float("nan"), float("nan"), float("nan"))
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(float(known.mean()), float(low), float(high))
