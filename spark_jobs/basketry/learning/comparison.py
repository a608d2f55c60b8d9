"""How far the metrics of two models differ, with confidence: a paired bootstrap over whole customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from basketry.learning.evaluation import (
    METRICS,
    Floats,
    Interval,
    Tally,
    customer_codes,
    customer_draws,
    mean_over_groups,
    rows_by_group,
)


@dataclass(frozen=True)
class ModelComparison:
    """Differences of two models on the same rows.

    Attributes:
        overall: By metric, of the mean over the groups.
        by_group: The same for each group, by group.
    """

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
) -> dict[str, ModelComparison]:
    """Compare our metrics with those of other models: ours less theirs over resamples of whole customers.

    A customer's rows are drawn together, in all groups and for all models, so what they share does not count as noise.

    Args:
        observed: 0 or 1 for each row.
        ours: Our probability of each row.
        theirs: The same of every other model, by name.
        customers: The customer of each row.
        groups: The group of each row, such as its category.
        repetitions: How many resamples.
        seed: Decides every draw.

    Returns:
        The comparison with each other model, by its name.
    """
    truth, left = np.asarray(observed, dtype=np.float64), np.asarray(ours, dtype=np.float64)
    rights = {name: np.asarray(values, dtype=np.float64) for name, values in theirs.items()}
    codes = customer_codes(customers)
    rows_of = dict(rows_by_group(groups))
    differences: dict[str, dict[str, list[Floats]]] = {name: {group: [] for group in rows_of} for name in rights}
    for draws in customer_draws(codes, repetitions, seed):
        for group, rows in rows_of.items():
            weights = draws[:, codes[rows]]
            mine = _all_metrics(truth[rows], left[rows], weights)
            for name, right in rights.items():
                differences[name][group].append(mine - _all_metrics(truth[rows], right[rows], weights))
    return {
        name: _comparison(list(rows_of), np.array([np.concatenate(pieces, axis=1) for pieces in by_group.values()]))
        for name, by_group in differences.items()
    }


def _comparison(groups: Sequence[str], differences: Floats) -> ModelComparison:
    """Summarise differences, groups x metrics x resamples, as intervals."""
    overall = mean_over_groups(differences.reshape(len(groups), -1)).reshape(differences.shape[1:])
    return ModelComparison(
        _intervals(overall), {name: _intervals(each) for name, each in zip(groups, differences, strict=True)}
    )


def _all_metrics(observed: Floats, predicted: Floats, weights: Floats) -> Floats:
    tally = Tally.of(observed, predicted, weights)
    return np.array([metric(tally) for metric in METRICS.values()])


def _intervals(differences: Floats) -> dict[str, Interval]:
    return {name: _interval(values) for name, values in zip(METRICS, differences, strict=True)}


def _interval(values: Floats) -> Interval:
    finite = values[~np.isnan(values)]
    if not len(finite):
        return Interval(float("nan"), float("nan"), float("nan"))
    low, high = np.percentile(finite, [2.5, 97.5])
    return Interval(float(finite.mean()), float(low), float(high))
