"""How good forecasts of amounts are, and how sure one can be that one is better than another.

Every metric is a function of sums over rows (a row is a product at an origin), so that a bootstrap resample of products is
a vector of weights and a thousand resamples cost one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from basketry.evaluation import Interval

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


def resampled(
    observed: ArrayLike, predictions: Mapping[str, ArrayLike], naive_error: ArrayLike, products: ArrayLike,
    origins: ArrayLike, repetitions: int, seed: int,
) -> dict[str, dict[str, Floats]]:  # fmt: skip
    """Each prediction's metrics (mean over the origins) in resamples of whole products, the same ones for all."""
    codes = np.unique(np.asarray(products, dtype=object).astype(str), return_inverse=True)[1]
    when, naive, truth = np.asarray(origins), np.asarray(naive_error), np.asarray(observed)
    count = int(codes.max()) + 1
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=repetitions).astype(float)
    found: dict[str, dict[str, Floats]] = {}
    for name, predicted in predictions.items():
        each = []
        for one in np.unique(when):
            rows = when == one
            sums = _sums(truth[rows], np.asarray(predicted)[rows], naive[rows])
            each.append(draws[:, codes[rows]] @ sums)
        found[name] = {metric: np.mean([use(sums) for sums in each], axis=0) for metric, use in METRICS.items()}
    return found


def interval(values: Floats) -> Interval:
    """Mean and 95 % percentile interval of resamples; nan without any."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Interval(float("nan"), float("nan"), float("nan"))
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(float(known.mean()), float(low), float(high))
