"""How good probabilities are: metrics, their differences with confidence, calibration bins and gain.

Every metric is defined on weighted rows, so that a bootstrap resample is a vector of weights and not a copy of the
rows: a thousand resamples cost one sort. Rows with equal predictions are never told apart: each metric sees them as one
group, so that no result depends on the order of rows. With weights of 1 the values are those of scikit-learn.

`weights` is a matrix, a row a resample and a column a row of data; results have a value a resample, nan where a metric
has no meaning (no buyers, or nothing but buyers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    """Rows summed by distinct prediction, the highest first: weights of all and of positive rows, a line a resample."""

    predicted: Floats
    weight: Floats
    positive: Floats

    @classmethod
    def of(cls, observed: ArrayLike, predicted: ArrayLike, weights: Floats | None = None) -> Tally:
        """Tally the rows; observed: 0 or 1, or a line of them a resample; weights: as in the module's head, 1 each when None."""
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
    def seen(self) -> Floats:
        """Weight down to each prediction, from 0 to that of all rows."""
        return _running(self.weight)

    @cached_property
    def found(self) -> Floats:
        """Weight of positive rows down to each prediction, from 0 to that of all."""
        return _running(self.positive)

    @property
    def total(self) -> Floats:
        """Weight of all rows, a value a resample."""
        return self.seen[:, -1]

    @property
    def positives(self) -> Floats:
        """Weight of positive rows, a value a resample."""
        return self.found[:, -1]


def _running(values: Floats) -> Floats:
    """Sums down each line, beginning with 0."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def average_precision(tally: Tally) -> Floats:
    """Mean precision over the positives: sum of (recall gained x precision) over descending thresholds."""
    precision = tally.found[:, 1:] / np.maximum(tally.seen[:, 1:], _SMALLEST)
    return _ratio((tally.positive * precision).sum(axis=1), tally.positives)


def roc_auc(tally: Tally) -> Floats:
    """Probability that a positive row is predicted higher than a negative one; a tie counts half."""
    above = tally.found[:, 1:] - tally.positive / 2
    return _ratio((tally.negative * above).sum(axis=1), tally.positives * (tally.total - tally.positives))


def log_loss(tally: Tally) -> Floats:
    """Mean negative log likelihood; probabilities are kept an epsilon away from 0 and 1."""
    sure = np.clip(tally.predicted, _SMALLEST, 1 - _SMALLEST)
    return _ratio(-(tally.positive @ np.log(sure) + tally.negative @ np.log1p(-sure)), tally.total)


def brier_score(tally: Tally) -> Floats:
    """Mean squared distance of the probability from what came true."""
    return _ratio(tally.positive @ (1 - tally.predicted) ** 2 + tally.negative @ tally.predicted**2, tally.total)


def _up_to(tally: Tally, sums: Floats, shares: Floats) -> Floats:
    """Running sums at the top shares of the weight; a group that straddles a share counts in proportion."""
    return np.array([np.interp(shares * edge[-1], edge, line) for edge, line in zip(tally.seen, sums, strict=True)])


def expected_calibration_error(tally: Tally) -> Floats:
    """Mean absolute gap of predicted and observed over ten equal-count bins."""
    gaps = tally.weight * tally.predicted - tally.positive
    bins = np.diff(_up_to(tally, _running(gaps), np.linspace(0, 1, BINS + 1)), axis=1)
    return _ratio(np.abs(bins).sum(axis=1), tally.total)


def lift_top_decile(tally: Tally) -> Floats:
    """Share of positives in the top tenth of the rows, over their share in all rows."""
    return _ratio(_up_to(tally, tally.found, np.array([1 / BINS]))[:, 0] * BINS, tally.positives)


def calibration_ratio(tally: Tally) -> Floats:
    """Mean predicted over mean observed: 1 is right on average, more is too hopeful."""
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


def measures(observed: ArrayLike, predicted: ArrayLike) -> dict[str, float]:
    """Every metric of these rows; nan where it has no meaning, also when there is no row."""
    if np.size(np.asarray(observed)) == 0:
        return dict.fromkeys(METRICS, float("nan"))
    tally = Tally.of(observed, predicted)
    return {name: float(metric(tally)[0]) for name, metric in METRICS.items()}


def measures_by_group(observed: ArrayLike, predicted: ArrayLike, groups: ArrayLike) -> dict[str, dict[str, float]]:
    """Every metric of each group (such as a category), by group."""
    truth, scores = np.asarray(observed), np.asarray(predicted)
    return {name: measures(truth[rows], scores[rows]) for name, rows in rows_by_group(groups)}


def mean_measures(by_group: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Mean of each metric over the groups where it has a meaning; nan where it has none anywhere."""
    values = np.array([[group[name] for name in METRICS] for group in by_group.values()]).reshape(-1, len(METRICS))
    return dict(zip(METRICS, map(float, mean_over_groups(values)), strict=True))


def rows_by_group(groups: ArrayLike) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Each group by name, with the positions of its rows."""
    names, codes = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    for code, name in enumerate(names):
        yield str(name), np.flatnonzero(codes == code)


def mean_over_groups(values: Floats) -> Floats:
    """Mean down each column (a metric or a resample) over the lines that are not nan: groups where it has a meaning."""
    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0).sum(axis=0), known.sum(axis=0).astype(np.float64))


@dataclass(frozen=True)
class Interval:
    """A difference with its 95 % confidence interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Differences of two models on the same rows: by metric for the mean over the groups, and for each group."""

    overall: Mapping[str, Interval]
    by_group: Mapping[str, Mapping[str, Interval]]


def paired_bootstrap(
    observed: ArrayLike,
    ours: ArrayLike,
    theirs: Mapping[str, ArrayLike],
    *,
    customers: ArrayLike,
    groups: ArrayLike,
    repetitions: int = 500,
    seed: int = 0,
) -> dict[str, Comparison]:
    """How far our metrics are from each of theirs: ours less theirs over resamples of whole customers.

    A customer's rows are drawn together, in all groups and for all models, so what they share does not count as noise.
    """
    truth, left = np.asarray(observed, dtype=np.float64), np.asarray(ours, dtype=np.float64)
    rights = {name: np.asarray(values, dtype=np.float64) for name, values in theirs.items()}
    codes = customer_codes(customers)
    rows_of = list(rows_by_group(groups))
    found: dict[str, list[list[Floats]]] = {name: [[] for _ in rows_of] for name in rights}
    for draws in customer_draws(codes, repetitions, seed):
        for place, (_, rows) in enumerate(rows_of):
            weights = draws[:, codes[rows]]
            mine = _all_metrics(truth[rows], left[rows], weights)
            for name, right in rights.items():
                found[name][place].append(mine - _all_metrics(truth[rows], right[rows], weights))
    names = [name for name, _ in rows_of]
    return {
        name: _comparison(names, np.array([np.concatenate(parts, axis=1) for parts in found[name]])) for name in rights
    }


def _comparison(groups: Sequence[str], differences: Floats) -> Comparison:
    """differences: group x metric x resample."""
    overall = mean_over_groups(differences.reshape(len(groups), -1)).reshape(differences.shape[1:])
    return Comparison(
        _intervals(overall), {name: _intervals(each) for name, each in zip(groups, differences, strict=True)}
    )


def customer_codes(customers: ArrayLike) -> NDArray[np.int64]:
    """A number from 0 for each row's customer."""
    return np.unique(np.asarray(customers, dtype=object).astype(str), return_inverse=True)[1]


def customer_draws(codes: NDArray[np.int64], repetitions: int, seed: int) -> Iterator[Floats]:
    """How often each customer is drawn, a line a resample, in pieces that fit into memory."""
    generator = np.random.default_rng(seed)
    count, piece = int(codes.max()) + 1, max(1, _CHUNK // len(codes))
    for start in range(0, repetitions, piece):
        size = min(piece, repetitions - start)
        yield generator.multinomial(count, np.full(count, 1 / count), size=size).astype(np.float64)


def _all_metrics(observed: Floats, predicted: Floats, weights: Floats) -> Floats:
    tally = Tally.of(observed, predicted, weights)
    return np.array([metric(tally) for metric in METRICS.values()])


def _intervals(differences: Floats) -> dict[str, Interval]:
    return {name: _interval(values) for name, values in zip(METRICS, differences, strict=True)}


def _interval(values: Floats) -> Interval:
    known = values[~np.isnan(values)]
    if not len(known):
        return Interval(float("nan"), float("nan"), float("nan"))
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(float(known.mean()), float(low), float(high))


@dataclass(frozen=True)
class ReliabilityBin:
    """One of ten equal-count bins of predictions: how many rows, mean predicted, mean observed."""

    rows: int
    predicted: float
    observed: float


def reliability(observed: ArrayLike, predicted: ArrayLike) -> tuple[ReliabilityBin, ...]:
    """Ten equal-count bins from the lowest predictions to the highest; fewer when there are fewer rows."""
    truth, scores = np.asarray(observed, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    parts = np.array_split(np.argsort(scores, kind="stable"), BINS)
    return tuple(
        ReliabilityBin(len(part), float(scores[part].mean()), float(truth[part].mean())) for part in parts if len(part)
    )


def gain(observed: ArrayLike, predicted: ArrayLike, shares: Sequence[float]) -> Floats:
    """Share of all positives among the top shares of the rows; nan without positives."""
    tally = Tally.of(observed, predicted)
    return _up_to(tally, tally.found, np.asarray(shares, dtype=np.float64))[0] / (tally.positives[0] or np.nan)
