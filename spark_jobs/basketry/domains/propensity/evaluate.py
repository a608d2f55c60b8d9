"""What a trained model is worth on the test rows: every metric by the name under which it is logged."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from basketry.domains.propensity.inputs import LABEL
from basketry.domains.propensity.settings import PropensitySettings
from basketry.learning.comparison import ModelComparison, paired_bootstrap
from basketry.learning.confidence import MetricConfidence, metric_confidence
from basketry.learning.curves import cumulative_gain, reliability_bins
from basketry.learning.evaluation import METRICS, Floats, Interval, mean_metrics, metrics_by_group
from basketry.tables import propensity_wide_column

AUDIENCES = ("repeat", "explore")
CHAMPION = "champion"
SHARES = tuple(np.round(np.linspace(0, 1, 21), 2).tolist())
Measures = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class PropensityEvaluation:
    """The challenger and each of its rivals (baselines, and the champion if there is one) on the same test rows.

    Attributes:
        rows: The test rows.
        predicted: The challenger's probabilities.
        rivals: Probabilities by the rival's name; a baseline is naive/<name>.
        comparisons: Challenger less rival.
        confidence: How sure the challenger's own metrics are.
    """

    rows: pd.DataFrame
    predicted: Floats
    rivals: Mapping[str, Floats]
    comparisons: Mapping[str, ModelComparison]
    confidence: MetricConfidence

    @property
    def observed(self) -> Floats:
        """What came true."""
        return self.rows[LABEL].to_numpy(dtype=np.float64)

    def by_category(self, predicted: Floats, rows: np.ndarray | None = None) -> dict[str, dict[str, float]]:
        """Return every metric of each category, over the chosen rows or over all."""
        chosen = np.ones(len(predicted), dtype=bool) if rows is None else rows
        categories = self.rows["category"].to_numpy()
        return metrics_by_group(self.observed[chosen], predicted[chosen], categories[chosen])

    def mean(self, predicted: Floats, rows: np.ndarray | None = None) -> dict[str, float]:
        """Return every metric as its mean over the categories."""
        return mean_metrics(self.by_category(predicted, rows))

    def audience(self, name: str) -> np.ndarray:
        """Return which rows belong to repeat (bought the category before) or to explore (did not)."""
        repeat = self.rows["baseline_days_ever"].to_numpy() > 0
        return repeat if name == "repeat" else ~repeat


def compare_with_rivals(
    rows: pd.DataFrame,
    predicted: Floats,
    *,
    naive: Mapping[str, Floats],
    champion: Floats | None,
    settings: PropensitySettings,
) -> PropensityEvaluation:
    """Compare the challenger with its rivals on the same rows, with confidence.

    Args:
        rows: The test rows.
        predicted: The challenger's probabilities.
        naive: The baselines' probabilities by name.
        champion: The champion's probabilities, if there are any.
        settings: How many resamples there are, and the seed.
    """
    rivals = {f"naive/{name}": values for name, values in naive.items()}
    if champion is not None:
        rivals[CHAMPION] = champion
    comparisons = paired_bootstrap(
        rows[LABEL],
        predicted,
        rivals,
        customers=rows["customer_id"],
        groups=rows["category"],
        repetitions=settings.bootstrap,
        seed=settings.seed,
    )
    own = metric_confidence(
        rows[LABEL],
        predicted,
        customers=rows["customer_id"],
        groups=rows["category"],
        repetitions=settings.bootstrap,
        seed=settings.seed,
    )
    return PropensityEvaluation(rows=rows, predicted=predicted, rivals=rivals, comparisons=comparisons, confidence=own)


def metric_slug(category: str) -> str:
    """Return the name of a category within the names of metrics."""
    return propensity_wide_column(category)[2:]


def logged_metrics(evaluation: PropensityEvaluation) -> dict[str, float]:
    """Return every number by its logged name; what has no meaning (nan) is left out."""
    return {name: value for name, value in _all_metrics(evaluation) if math.isfinite(value)}


def _all_metrics(evaluation: PropensityEvaluation) -> Iterator[tuple[str, float]]:
    yield from _metrics_of("", evaluation, evaluation.predicted)
    yield from evaluation.confidence.as_metrics()
    for name in AUDIENCES:
        yield from _prefixed(f"{name}/", evaluation.mean(evaluation.predicted, evaluation.audience(name)))
    for name, predicted in evaluation.rivals.items():
        if name == CHAMPION:
            yield from _metrics_of(f"{name}/", evaluation, predicted)
        else:
            yield from _prefixed(f"{name}/", evaluation.mean(predicted))
    for name, comparison in evaluation.comparisons.items():
        yield from _interval_metrics(f"versus/{name}/", comparison.overall)
    if CHAMPION in evaluation.comparisons:
        for category, intervals in evaluation.comparisons[CHAMPION].by_group.items():
            yield from _interval_metrics(f"versus/{CHAMPION}/category/{metric_slug(category)}/", intervals)


def _metrics_of(prefix: str, evaluation: PropensityEvaluation, predicted: Floats) -> Iterator[tuple[str, float]]:
    """Yield the metrics' means over the categories, and those of each category."""
    by_category = evaluation.by_category(predicted)
    yield from _prefixed(prefix, mean_metrics(by_category))
    for category, measured in by_category.items():
        yield from _prefixed(f"{prefix}category/{metric_slug(category)}/", measured)


def _prefixed(prefix: str, measured: Measures) -> Iterator[tuple[str, float]]:
    return ((f"{prefix}{name}", measured[name]) for name in METRICS)


def _interval_metrics(prefix: str, intervals: Mapping[str, Interval]) -> Iterator[tuple[str, float]]:
    for name, interval in intervals.items():
        yield f"{prefix}{name}/mean", interval.mean
        yield f"{prefix}{name}/low", interval.low
        yield f"{prefix}{name}/high", interval.high


def evaluation_curves(evaluation: PropensityEvaluation) -> dict[str, dict[str, Any]]:
    """Return the reliability bins and gain curves of the challenger and its rivals over all test rows, ready for JSON."""
    predictions = {"challenger": evaluation.predicted, **evaluation.rivals}
    curves = {name: _curve(evaluation, predicted, slice(None)) for name, predicted in predictions.items()}
    for name in AUDIENCES:
        if evaluation.audience(name).any():
            curves[name] = _curve(evaluation, evaluation.predicted, evaluation.audience(name))
    return curves


def _curve(evaluation: PropensityEvaluation, predicted: Floats, rows: Any) -> dict[str, Any]:
    observed, scores = evaluation.observed[rows], predicted[rows]
    bins = [vars(part) for part in reliability_bins(observed, scores)]
    captured = cumulative_gain(observed, scores, SHARES)
    return {
        "reliability": bins,
        "gain": [None if np.isnan(value) else float(value) for value in captured],
        "shares": list(SHARES),
    }


def permutation_importance(predict: Any, rows: pd.DataFrame, inputs: tuple[str, ...], seed: int) -> pd.DataFrame:
    """Return how much mean average precision is lost when an input is shuffled among the rows, the most important first.

    Inputs that say the same share their importance: each alone may look dispensable.
    """
    random = np.random.default_rng(seed)
    unshuffled = _mean_precision(rows, predict(rows))
    lost = []
    for name in ("category", *inputs):
        shuffled = rows.assign(**{name: random.permutation(rows[name].to_numpy())})
        lost.append((name, unshuffled - _mean_precision(rows, predict(shuffled))))
    table = pd.DataFrame(lost, columns=["input", "average_precision_lost"])
    return table.sort_values("average_precision_lost", ascending=False, ignore_index=True)


def _mean_precision(rows: pd.DataFrame, predicted: Floats) -> float:
    return mean_metrics(metrics_by_group(rows[LABEL], predicted, rows["category"]))["average_precision"]
