"""How good probabilities are: metrics, of all rows, by group and of resamples.

Every metric is defined on weighted rows, so that a bootstrap resample is a vector of weights and not a copy of the
rows: a thousand resamples cost one sort. Rows with equal predictions are never told apart: each metric sees them as one
group, so that no result depends on the order of rows. With weights of 1 the values are those of scikit-learn.

`weights` is a matrix: one row per resample, one column per row of data. Results have one value per resample, nan where a
metric has no meaning (no buyers, or nothing but buyers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
BINS = 10
_SMALLEST = float(np.finfo(np.float64).eps)
_CHUNK = 1_000_000
"""Weights held in memory at once: 8 MB for a matrix of them."""


@dataclass(frozen=True)
class Tally:
    """Rows summed by distinct prediction, the highest first.

    Attributes:
        predicted: The distinct predictions.
        weight: Weight of all rows, resamples x predictions.
        positive: Weight of the positive rows, resamples x predictions.
    """

    predicted: Floats
    weight: Floats
    positive: Floats

    @classmethod
    def of(cls, observed: ArrayLike, predicted: ArrayLike, weights: Floats | None = None) -> Tally:
        """Sum rows by prediction.

        Args:
            observed: 0 or 1 for each row, or one line of them per resample.
            predicted: The probability of each row.
            weights: Resamples x rows; one resample of weights 1 when None.
        """
        truth, scores = np.asarray(observed, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
        weights = np.ones((1, len(scores))) if weights is None else weights
        order = np.argsort(-scores, kind="stable")
        sorted_scores = scores[order]
        starts = np.flatnonzero(np.r_[True, sorted_scores[1:] != sorted_scores[:-1]])
        weight = weights[:, order]
        positive = weight * truth[..., order]
        if len(starts) < len(order):
            weight, positive = (np.add.reduceat(rows, starts, axis=1) for rows in (weight, positive))
        return cls(sorted_scores[starts], weight, positive)

    @cached_property
    def negative(self) -> Floats:
        """Weights of negative rows."""
        return self.weight - self.positive

    @cached_property
    def cumulative_weight(self) -> Floats:
        """Weight down to each prediction, from 0 to that of all rows."""
        return _running(self.weight)

    @cached_property
    def cumulative_positives(self) -> Floats:
        """Weight of positive rows down to each prediction, from 0 to that of all."""
        return _running(self.positive)

    @property
    def total(self) -> Floats:
        """Weight of all rows, one value per resample."""
        return self.cumulative_weight[:, -1]

    @property
    def positives(self) -> Floats:
        """Weight of positive rows, one value per resample."""
        return self.cumulative_positives[:, -1]


def _running(values: Floats) -> Floats:
    """Return the running sums of each line, beginning with 0."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def average_precision(tally: Tally) -> Floats:
    """Average precision over the positives: the sum of (recall gained x precision) over descending thresholds."""
    precision = tally.cumulative_positives[:, 1:] / np.maximum(tally.cumulative_weight[:, 1:], _SMALLEST)
    return _ratio((tally.positive * precision).sum(axis=1), tally.positives)


def roc_auc(tally: Tally) -> Floats:
    """Estimate the probability that a positive row is predicted higher than a negative one; a tie counts half."""
    above = tally.cumulative_positives[:, 1:] - tally.positive / 2
    return _ratio((tally.negative * above).sum(axis=1), tally.positives * (tally.total - tally.positives))


def log_loss(tally: Tally) -> Floats:
    """Average the negative log likelihood; probabilities are kept an epsilon away from 0 and 1."""
    sure = np.clip(tally.predicted, _SMALLEST, 1 - _SMALLEST)
    return _ratio(-(tally.positive @ np.log(sure) + tally.negative @ np.log1p(-sure)), tally.total)


def brier_score(tally: Tally) -> Floats:
    """Average the squared distance of the probability from what came true."""
    return _ratio(tally.positive @ (1 - tally.predicted) ** 2 + tally.negative @ tally.predicted**2, tally.total)


def values_at_shares(tally: Tally, sums: Floats, shares: Floats) -> Floats:
    """Interpolate running sums at the top shares of the weight; a group that straddles a share counts in proportion.

    Args:
        tally: The rows.
        sums: Running sums of the rows, resamples x predictions + 1.
        shares: Shares of the weight, the highest predictions first.

    Returns:
        Resamples x shares.
    """
    return np.array(
        [np.interp(shares * edge[-1], edge, line) for edge, line in zip(tally.cumulative_weight, sums, strict=True)]
    )


def expected_calibration_error(tally: Tally) -> Floats:
    """Average the absolute gap between predicted and observed over ten equal-count bins."""
    gaps = tally.weight * tally.predicted - tally.positive
    bins = np.diff(values_at_shares(tally, _running(gaps), np.linspace(0, 1, BINS + 1)), axis=1)
    return _ratio(np.abs(bins).sum(axis=1), tally.total)


def lift_top_decile(tally: Tally) -> Floats:
    """Divide the share of positives in the top tenth of the rows by their share in all rows."""
    return _ratio(
        values_at_shares(tally, tally.cumulative_positives, np.array([1 / BINS]))[:, 0] * BINS, tally.positives
    )


def calibration_ratio(tally: Tally) -> Floats:
    """Divide mean predicted by mean observed: 1 is right on average, more is too hopeful."""
    return _ratio(tally.weight @ tally.predicted, tally.positives)


METRICS: dict[str, Callable[[Tally], Floats]] = {
    function.__name__: function
    for function in (
        average_precision,
        roc_auc,
        log_loss,
        expected_calibration_error,
        brier_score,
        lift_top_decile,
        calibration_ratio,
    )
}
"""Every metric by the name under which it is logged."""


def probability_metrics(observed: ArrayLike, predicted: ArrayLike) -> dict[str, float]:
    """Compute every metric of some rows; nan where it has no meaning, also when there is no row."""
    if np.size(np.asarray(observed)) == 0:
        return dict.fromkeys(METRICS, float("nan"))
    tally = Tally.of(observed, predicted)
    return {name: float(metric(tally)[0]) for name, metric in METRICS.items()}


def metrics_by_group(observed: ArrayLike, predicted: ArrayLike, groups: ArrayLike) -> dict[str, dict[str, float]]:
    """Compute every metric of each group (such as a category), by group."""
    truth, scores = np.asarray(observed), np.asarray(predicted)
    return {name: probability_metrics(truth[rows], scores[rows]) for name, rows in rows_by_group(groups)}


def mean_metrics(by_group: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Average each metric over the groups where it has a meaning; nan where it has none anywhere."""
    values = np.array([[group[name] for name in METRICS] for group in by_group.values()]).reshape(-1, len(METRICS))
    return dict(zip(METRICS, map(float, mean_over_groups(values)), strict=True))


def rows_by_group(groups: ArrayLike) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield each group by name, with the positions of its rows."""
    names, codes = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    for code, name in enumerate(names):
        yield str(name), np.flatnonzero(codes == code)


def mean_over_groups(values: Floats) -> Floats:
    """Average each column (a metric or a resample) over the groups where it is not nan.

    Args:
        values: Groups x columns.
    """
    finite = ~np.isnan(values)
    return _ratio(np.where(finite, values, 0).sum(axis=0), finite.sum(axis=0).astype(np.float64))


@dataclass(frozen=True)
class Interval:
    """A difference with its 95 % confidence interval."""

    mean: float
    low: float
    high: float


def customer_codes(customers: ArrayLike) -> NDArray[np.int64]:
    """Return the number of each row's customer, counted from 0."""
    return np.unique(np.asarray(customers, dtype=object).astype(str), return_inverse=True)[1]


def customer_draws(codes: NDArray[np.int64], repetitions: int, seed: int) -> Iterator[Floats]:
    """Draw customers with replacement: how often each is drawn, one line per resample, in pieces that fit into memory."""
    generator = np.random.default_rng(seed)
    count, piece = int(codes.max()) + 1, max(1, _CHUNK // len(codes))
    for start in range(0, repetitions, piece):
        size = min(piece, repetitions - start)
        yield generator.multinomial(count, np.full(count, 1 / count), size=size).astype(np.float64)
