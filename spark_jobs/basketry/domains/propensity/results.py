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
from basketry.learning.confidence import Confidence, confidence
from basketry.learning.evaluation import (
    METRICS,
    Comparison,
    Floats,
    Interval,
    gain,
    mean_measures,
    measures_by_group,
    paired_bootstrap,
    reliability,
)
from basketry.tables import wide_column

AUDIENCES = ("repeat", "explore")
CHAMPION = "champion"
SHARES = tuple(np.round(np.linspace(0, 1, 21), 2).tolist())
Measures = Mapping[str, float]


@dataclass(frozen=True)
class Results:
    """The challenger and each of its rivals (baselines, and the champion if there is one) on the same test rows.

    rivals: probabilities by name, a baseline as naive/<name>. comparisons: challenger less rival. confidence: how sure the
    challenger's own metrics are.
    """

    rows: pd.DataFrame
    predicted: Floats
    rivals: Mapping[str, Floats]
    comparisons: Mapping[str, Comparison]
    confidence: Confidence

    @property
    def observed(self) -> Floats:
        """What came true."""
        return self.rows[LABEL].to_numpy(dtype=np.float64)

    def by_category(self, predicted: Floats, rows: np.ndarray | None = None) -> dict[str, dict[str, float]]:
        """Every metric of each category, of the chosen rows or of all."""
        chosen = np.ones(len(predicted), dtype=bool) if rows is None else rows
        categories = self.rows["category"].to_numpy()
        return measures_by_group(self.observed[chosen], predicted[chosen], categories[chosen])

    def mean(self, predicted: Floats, rows: np.ndarray | None = None) -> dict[str, float]:
        """Every metric, mean over the categories."""
        return mean_measures(self.by_category(predicted, rows))

    def audience(self, name: str) -> np.ndarray:
        """Which rows belong to repeat (bought the category before) or to explore (did not)."""
        repeat = self.rows["baseline_days_ever"].to_numpy() > 0
        return repeat if name == "repeat" else ~repeat


def compare(
    rows: pd.DataFrame,
    predicted: Floats,
    naive: Mapping[str, Floats],
    champion: Floats | None,
    settings: PropensitySettings,
) -> Results:
    """Set the challenger beside its rivals on the same rows, with confidence."""
    rivals = {f"naive/{name}": values for name, values in naive.items()}
    rivals |= {} if champion is None else {CHAMPION: champion}
    comparisons = paired_bootstrap(
        rows[LABEL],
        predicted,
        rivals,
        customers=rows["customer_id"],
        groups=rows["category"],
        repetitions=settings.bootstrap,
        seed=settings.seed,
    )
    own = confidence(
        rows[LABEL],
        predicted,
        customers=rows["customer_id"],
        groups=rows["category"],
        repetitions=settings.bootstrap,
        seed=settings.seed,
    )
    return Results(rows, predicted, rivals, comparisons, own)


def slug(category: str) -> str:
    """How a category is called in the names of metrics."""
    return wide_column(category)[2:]


def metrics(results: Results) -> dict[str, float]:
    """Every number by its logged name; what has no meaning (nan) is left out."""
    return {name: value for name, value in _all_metrics(results) if math.isfinite(value)}


def _all_metrics(results: Results) -> Iterator[tuple[str, float]]:
    yield from _scored("", results, results.predicted)
    yield from results.confidence.logged()
    for name in AUDIENCES:
        yield from _named(f"{name}/", results.mean(results.predicted, results.audience(name)))
    for name, predicted in results.rivals.items():
        if name == CHAMPION:
            yield from _scored(f"{name}/", results, predicted)
        else:
            yield from _named(f"{name}/", results.mean(predicted))
    for name, comparison in results.comparisons.items():
        yield from _compared(f"versus/{name}/", comparison.overall)
    if CHAMPION in results.comparisons:
        for category, intervals in results.comparisons[CHAMPION].by_group.items():
            yield from _compared(f"versus/{CHAMPION}/category/{slug(category)}/", intervals)


def _scored(prefix: str, results: Results, predicted: Floats) -> Iterator[tuple[str, float]]:
    """The mean over categories, and each category."""
    by_category = results.by_category(predicted)
    yield from _named(prefix, mean_measures(by_category))
    for category, measured in by_category.items():
        yield from _named(f"{prefix}category/{slug(category)}/", measured)


def _named(prefix: str, measured: Measures) -> Iterator[tuple[str, float]]:
    return ((f"{prefix}{name}", measured[name]) for name in METRICS)


def _compared(prefix: str, intervals: Mapping[str, Interval]) -> Iterator[tuple[str, float]]:
    for name, interval in intervals.items():
        yield f"{prefix}{name}/mean", interval.mean
        yield f"{prefix}{name}/low", interval.low
        yield f"{prefix}{name}/high", interval.high


def curves(results: Results) -> dict[str, dict[str, Any]]:
    """Reliability bins and gain curve of the challenger and its rivals over all test rows, ready for JSON."""
    found = {"challenger": results.predicted, **results.rivals}
    return {name: _curve(results, predicted, slice(None)) for name, predicted in found.items()} | {
        name: _curve(results, results.predicted, results.audience(name))
        for name in AUDIENCES
        if results.audience(name).any()
    }


def _curve(results: Results, predicted: Floats, rows: Any) -> dict[str, Any]:
    observed, scores = results.observed[rows], predicted[rows]
    bins = [vars(one) for one in reliability(observed, scores)]
    captured = gain(observed, scores, SHARES)
    return {
        "reliability": bins,
        "gain": [None if np.isnan(value) else float(value) for value in captured],
        "shares": list(SHARES),
    }


def importance(predict: Any, rows: pd.DataFrame, inputs: tuple[str, ...], seed: int) -> pd.DataFrame:
    """How much mean average precision is lost when an input is shuffled among the test rows, the most important first.

    Inputs that say the same share their importance: each alone may look dispensable.
    """
    random = np.random.default_rng(seed)
    whole = _mean_precision(rows, predict(rows))
    found = []
    for name in ("category", *inputs):
        shuffled = rows.assign(**{name: random.permutation(rows[name].to_numpy())})
        found.append((name, whole - _mean_precision(rows, predict(shuffled))))
    table = pd.DataFrame(found, columns=["input", "average_precision_lost"])
    return table.sort_values("average_precision_lost", ascending=False, ignore_index=True)


def _mean_precision(rows: pd.DataFrame, predicted: Floats) -> float:
    return mean_measures(measures_by_group(rows[LABEL], predicted, rows["category"]))["average_precision"]
