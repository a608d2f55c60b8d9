"""Metrics against scikit-learn and numbers worked out by hand; a bootstrap that is right about what it claims."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as oracle

from basketry.learning.comparison import paired_bootstrap
from basketry.learning.curves import cumulative_gain, reliability_bins
from basketry.learning.drift import Distribution, population_stability_index
from basketry.learning.evaluation import METRICS, Tally, mean_metrics, metrics_by_group, probability_metrics

RANDOM = np.random.default_rng(5)
ORACLES = {
    "average_precision": oracle.average_precision_score,
    "roc_auc": oracle.roc_auc_score,
    "log_loss": oracle.log_loss,
    "brier_score": oracle.brier_score_loss,
}


def _sample(rows: int, distinct: int) -> tuple[np.ndarray, np.ndarray]:
    predicted = RANDOM.integers(1, distinct, rows) / distinct
    return (RANDOM.random(rows) < predicted).astype(int), predicted


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("distinct", [3, 10**9])
def test_metrics_equal_scikit_learn(name: str, distinct: int) -> None:
    """With and without many equal predictions, every metric that scikit-learn knows has its value."""
    observed, predicted = _sample(997, distinct)
    assert probability_metrics(observed, predicted)[name] == pytest.approx(
        ORACLES[name](observed, predicted), rel=1e-12
    )


@pytest.mark.parametrize("name", METRICS)
def test_a_weight_is_a_repeated_row(name: str) -> None:
    """A row of weight 3 counts as three rows, one of weight 0 as none: what the bootstrap rests on."""
    observed, predicted = _sample(200, 50)
    weights = RANDOM.integers(0, 4, (3, 200))
    weighted = METRICS[name](Tally.of(observed, predicted, weights.astype(float)))
    repeated = [probability_metrics(np.repeat(observed, w), np.repeat(predicted, w))[name] for w in weights]
    assert weighted == pytest.approx(repeated, rel=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_the_order_of_rows_changes_nothing(name: str) -> None:
    """Also among rows with equal predictions."""
    observed, predicted = _sample(301, 4)
    order = RANDOM.permutation(301)
    assert probability_metrics(observed[order], predicted[order])[name] == pytest.approx(
        probability_metrics(observed, predicted)[name]
    )


def test_calibration_lift_and_gain_by_hand() -> None:
    """Twenty rows worked out on paper: bins of two, the top tenth is two rows."""
    predicted = np.arange(20, 0, -1) / 40
    observed = np.array([1, 1] + [0, 1] * 2 + [0] * 14)
    metrics = probability_metrics(observed, predicted)
    # Bins of two rows, mean predicted 0.4875, 0.4375, … 0.0375; observed 1, 0.5, 0.5, then 0.
    gaps = [0.5125, 0.0625, 0.1125, 0.3375, 0.2875, 0.2375, 0.1875, 0.1375, 0.0875, 0.0375]
    assert metrics["expected_calibration_error"] == pytest.approx(np.mean(gaps))
    assert metrics["lift_top_decile"] == pytest.approx(1 / 0.2)
    assert metrics["calibration_ratio"] == pytest.approx(0.2625 / 0.2)
    assert cumulative_gain(observed, predicted, [0, 0.1, 0.3, 1]) == pytest.approx([0, 0.5, 1, 1])
    lowest, *_, highest = reliability_bins(observed, predicted)
    assert (lowest.rows, lowest.predicted, lowest.observed) == (2, pytest.approx(0.0375), 0)
    assert (highest.predicted, highest.observed) == (pytest.approx(0.4875), 1)


def test_a_constant_prediction_is_known_to_be_constant() -> None:
    """The base rate for everybody ranks nobody: its AP is the base rate, its lift 1, and it is calibrated."""
    found = probability_metrics([1, 0, 0, 0] * 5, [0.25] * 20)
    assert found["average_precision"] == pytest.approx(0.25)
    assert (found["roc_auc"], found["lift_top_decile"], found["calibration_ratio"]) == pytest.approx((0.5, 1, 1))
    assert found["expected_calibration_error"] == pytest.approx(0)


def test_without_meaning_is_nan_and_left_out_of_means() -> None:
    """A category without buyers has no average precision, so the mean is that of the others; its loss still counts."""
    found = metrics_by_group([0, 0, 1, 0], [0.1, 0.3, 0.9, 0.1], ["x", "x", "y", "y"])
    assert np.isnan(found["x"]["average_precision"]) and found["y"]["average_precision"] == 1
    mean = mean_metrics(found)
    assert mean["average_precision"] == 1
    assert mean["brier_score"] == pytest.approx((0.05 + 0.01) / 2)
    assert all(np.isnan(value) for value in probability_metrics([], []).values())
    assert np.isnan(probability_metrics([1, 1], [0.5, 0.6])["roc_auc"])


def _panel(customers: int, groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """observed, true probability, customer, group: a customer's groups share her taste."""
    taste = np.repeat(RANDOM.normal(size=customers), groups)
    probability = 1 / (1 + np.exp(1.5 - taste - RANDOM.normal(size=customers * groups)))
    observed = (RANDOM.random(customers * groups) < probability).astype(int)
    return (
        observed,
        probability,
        np.repeat(np.arange(customers) + 1000, groups),
        np.tile(list("abc")[:groups], customers),
    )


def test_bootstrap_equals_resampling_by_hand() -> None:
    """The interval is that of metrics recomputed on copies of the drawn customers' rows."""
    observed, probability, customers, groups = _panel(60, 2)
    noisy = np.clip(probability + RANDOM.normal(scale=0.2, size=120), 0.01, 0.99)
    comparisons = paired_bootstrap(
        observed, probability, {"noisy": noisy}, customers=customers, groups=groups, repetitions=40, seed=3
    )
    draws = np.random.default_rng(3).multinomial(60, np.full(60, 1 / 60), size=40)
    by_hand = []
    for draw in draws:
        rows = np.repeat(np.arange(120), draw[customers - 1000])
        ours, theirs = (
            mean_metrics(metrics_by_group(observed[rows], scores[rows], groups[rows]))
            for scores in (probability, noisy)
        )
        by_hand.append(ours["average_precision"] - theirs["average_precision"])
    interval = comparisons["noisy"].overall["average_precision"]
    assert (interval.low, interval.high) == pytest.approx(tuple(np.percentile(by_hand, [2.5, 97.5])))
    assert interval.mean == pytest.approx(np.mean(by_hand))
    assert set(comparisons["noisy"].by_group) == {"a", "b"}


def test_bootstrap_tells_better_from_noise() -> None:
    """True probabilities beat a constant with confidence; the same predictions differ by exactly nothing."""
    observed, probability, customers, groups = _panel(400, 3)
    theirs = {"constant": np.full(1200, 0.2), "same": probability.copy()}
    found = paired_bootstrap(observed, probability, theirs, customers=customers, groups=groups, repetitions=100)
    assert found["constant"].overall["average_precision"].low > 0.05
    assert found["constant"].overall["log_loss"].high < 0
    same = found["same"].overall["average_precision"]
    assert (same.mean, same.low, same.high) == (0, 0, 0)


def test_bootstrap_in_pieces_is_the_bootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many resamples fit into memory at once changes no result."""
    observed, probability, customers, groups = _panel(30, 2)

    def interval() -> tuple[float, float]:
        given = {"theirs": np.full(60, 0.3)}
        found = paired_bootstrap(observed, probability, given, customers=customers, groups=groups, repetitions=30)
        return found["theirs"].overall["log_loss"].low, found["theirs"].by_group["a"]["log_loss"].high

    whole = interval()
    monkeypatch.setattr("basketry.learning.evaluation._CHUNK", 60 * 7)
    assert interval() == pytest.approx(whole)


def test_stability_index_by_hand() -> None:
    """Unmoved values have an index of 0; half of the tenths moved into the other half give the formula's value."""
    before = Distribution.of(np.arange(1, 101))
    assert before.edges == tuple(range(10, 100, 10))
    assert before.shares == pytest.approx((0.1,) * 10 + (0,))
    assert population_stability_index(before, np.arange(1, 101)) == pytest.approx(0)
    upper = population_stability_index(before, np.arange(51, 101))
    assert upper == pytest.approx(5 * ((0.2 - 0.1) * np.log(2)) + 5 * (0.1 - 1e-4) * np.log(0.1 / 1e-4))


def test_stability_index_sees_missing_and_heaped_values() -> None:
    """Values that became missing are drift; nine zeros of ten are one bin and not nine."""
    before = Distribution.of([0.0] * 90 + [5.0] * 10)
    assert before.edges == (0.0,) and before.shares == (0.9, 0.1, 0)
    assert population_stability_index(before, [0.0] * 9 + [7.0]) == pytest.approx(0)
    assert population_stability_index(before, [0.0] * 9 + [np.nan]) > 1
    assert Distribution.of([np.nan, np.nan]).shares == (0, 1)
