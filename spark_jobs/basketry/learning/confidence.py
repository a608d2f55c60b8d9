"""How sure a model's own metrics are, and how much of its calibration error is more than chance.

Both rest on resamples of whole customers (bootstrap; Efron and Tibshirani, An Introduction to the Bootstrap, 1993). A
resample adds its own chance to that of the rows, which for some metrics is a bias: absolute gaps grow. So each interval
is the percentile interval of the resamples, moved by the estimate less their mean (chapter 10 of the same book).

**Perfect calibration.** A bin of few rows shows a gap between predicted and observed even when every probability is true.
What such a model would show is found by drawing each row's label from its own predicted probability, again and again
(parametric bootstrap, "consistency resampling": Broecker and Smith, Weather and Forecasting 22, 2007; for the calibration
error: Vaicenavicius et al., AISTATS 2019).

**Excess** = calibration error of the rows less the mean of those draws. For its interval each resample of customers is
measured twice, with the labels that came true and with drawn ones, so that what resampling adds is in both and cancels;
the difference varies with the rows and with the draws, which makes the interval wider than of the error alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from basketry.learning.evaluation import (
    METRICS,
    Floats,
    Interval,
    Tally,
    customer_codes,
    customer_draws,
    expected_calibration_error,
    mean_metrics,
    mean_over_groups,
    metrics_by_group,
    rows_by_group,
)

CALIBRATION = expected_calibration_error.__name__
_ENDS = (2.5, 97.5)


@dataclass(frozen=True)
class MetricConfidence:
    """95 % intervals of means over the groups; `mean` of each is the estimate itself.

    Attributes:
        own: Interval of each metric, by name.
        calibrated: The calibration error of a perfectly calibrated model.
        excess: What calibration error there is beyond that.
    """

    own: Mapping[str, Interval]
    calibrated: Interval
    excess: Interval

    def as_metrics(self) -> Iterator[tuple[str, float]]:
        """Yield every number by the name under which a gate looks for it; see `basketry.gates.model.Metrics`."""
        for name, interval in self.own.items():
            yield f"interval/{name}/low", interval.low
            yield f"interval/{name}/high", interval.high
        for kind, interval in (("calibrated", self.calibrated), ("excess", self.excess)):
            yield f"{kind}/{CALIBRATION}", interval.mean
            yield f"{kind}/{CALIBRATION}/low", interval.low
            yield f"{kind}/{CALIBRATION}/high", interval.high


@dataclass(frozen=True)
class _Group:
    """Rows of a group, the highest predictions first, with the generator of its labels."""

    codes: NDArray[np.int64]
    observed: Floats
    predicted: Floats
    random: np.random.Generator

    def select(self, rows: NDArray[np.int64], seed: list[int]) -> _Group:
        """Return some of the rows with a generator of their own, sorted once, because every resample will be."""
        order = rows[np.argsort(-self.predicted[rows], kind="stable")]
        random = np.random.default_rng(seed)
        return _Group(self.codes[order], self.observed[order], self.predicted[order], random)

    def measured(self, draws: Floats) -> Floats:
        """Measure every metric, then the calibration error of drawn labels on the resample and on the rows.

        Args:
            draws: How often each customer is drawn, resamples x customers.

        Returns:
            Kind x resample.
        """
        weights = draws[:, self.codes]
        labels = (self.random.random(weights.shape) < self.predicted).astype(np.float64)
        ours = Tally.of(self.observed, self.predicted, weights)
        errors = (
            expected_calibration_error(Tally.of(labels, self.predicted, each))
            for each in (weights, np.ones_like(weights))
        )
        return np.array([*(metric(ours) for metric in METRICS.values()), *errors])


def metric_confidence(
    observed: ArrayLike,
    predicted: ArrayLike,
    *,
    customers: ArrayLike,
    groups: ArrayLike,
    repetitions: int = 500,
    seed: int = 0,
) -> MetricConfidence:
    """Find intervals of every metric's mean over the groups, and of the calibration error's excess over chance.

    Args:
        observed: 0 or 1 for each row.
        predicted: The probability of each row.
        customers: The customer of each row.
        groups: The group of each row, such as its category.
        repetitions: How many resamples.
        seed: The same seed gives the same intervals, whatever fits into memory.
    """
    truth, scores = np.asarray(observed, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    codes = customer_codes(customers)
    everybody = _Group(codes, truth, scores, np.random.default_rng(seed))
    parts = [everybody.select(rows, [seed, number]) for number, (_, rows) in enumerate(rows_by_group(groups))]
    pieces = [np.array([part.measured(draws) for part in parts]) for draws in customer_draws(codes, repetitions, seed)]
    by_group = np.concatenate(pieces, axis=2)  # group x kind x resample
    *own, resampled, calibrated = mean_over_groups(by_group.reshape(len(parts), -1)).reshape(by_group.shape[1:])
    estimates = mean_metrics(metrics_by_group(truth, scores, groups))
    by_metric = dict(zip(METRICS, own, strict=True))
    chance = _around(float(calibrated.mean()), calibrated)
    excess = _around(estimates[CALIBRATION] - chance.mean, by_metric[CALIBRATION] - resampled)
    intervals = {name: _around(estimates[name], by_metric[name]) for name in METRICS}
    return MetricConfidence(intervals, chance, excess)


def _around(estimate: float, resampled: Floats) -> Interval:
    """Return the percentile interval of the resamples about the estimate; nan where no resample has a meaning."""
    finite = resampled[~np.isnan(resampled)]
    if not len(finite):
        return Interval(estimate, float("nan"), float("nan"))
    low, high = np.percentile(finite, _ENDS) - finite.mean() + estimate
    return Interval(estimate, float(low), float(high))
