"""Intervals of a model's own metrics, and of what its calibration error holds beyond chance."""

from __future__ import annotations

import numpy as np
import pytest

from basketry.learning.confidence import CALIBRATION, MetricConfidence, metric_confidence
from basketry.learning.evaluation import METRICS, Floats, mean_metrics, metrics_by_group

CUSTOMERS, GROUPS = 400, 4


class Shop:
    """Customers x groups with their true probabilities, and labels drawn from these."""

    def __init__(self, seed: int, customers: int = CUSTOMERS) -> None:
        self.random = np.random.default_rng(seed)
        taste = np.repeat(self.random.normal(size=customers), GROUPS)
        self.truth: Floats = 1 / (1 + np.exp(1.5 - taste - self.random.normal(size=customers * GROUPS)))
        self.observed = (self.random.random(len(self.truth)) < self.truth).astype(int)
        self.customers = np.repeat(np.arange(customers) + 1000, GROUPS)
        self.groups = np.tile(list("abcd"), customers)

    def confidence(self, predicted: Floats, repetitions: int = 60, seed: int = 3) -> MetricConfidence:
        """Of these predictions."""
        return metric_confidence(
            self.observed, predicted, customers=self.customers, groups=self.groups, repetitions=repetitions, seed=seed
        )

    def measured(self, predicted: Floats, observed: np.ndarray, rows: np.ndarray | None = None) -> dict[str, float]:
        """Every metric of the rows, each as often as it is listed, or of all."""
        chosen = np.arange(len(observed)) if rows is None else rows
        return mean_metrics(metrics_by_group(observed[chosen], predicted[chosen], self.groups[chosen]))


def odds(predicted: Floats, times: float) -> Floats:
    """The probabilities with their odds so many times as high."""
    return times * predicted / (1 - predicted + times * predicted)


def test_own_intervals_are_those_of_resampled_customers() -> None:
    """Each is the percentile interval of metrics of copied rows of the drawn customers, moved by its bias."""
    shop = Shop(5)
    confidence = shop.confidence(shop.truth, repetitions=40)
    draws = np.random.default_rng(3).multinomial(CUSTOMERS, np.full(CUSTOMERS, 1 / CUSTOMERS), size=40)
    copies = [np.repeat(np.arange(len(shop.truth)), draw[shop.customers - 1000]) for draw in draws]
    by_hand = [shop.measured(shop.truth, shop.observed, rows) for rows in copies]
    for metric, estimate in shop.measured(shop.truth, shop.observed).items():
        values = np.array([one[metric] for one in by_hand])
        wanted = np.percentile(values, [2.5, 97.5]) - values.mean() + estimate
        assert (confidence.own[metric].low, confidence.own[metric].high) == pytest.approx(tuple(wanted))
        assert confidence.own[metric].mean == pytest.approx(estimate)


def test_the_reference_is_the_error_of_labels_drawn_from_the_predictions() -> None:
    """What a perfectly calibrated model shows is not zero, and the excess is what the model shows beyond its mean."""
    shop = Shop(6)
    confidence = shop.confidence(shop.truth, repetitions=200)
    drawn = [
        shop.measured(shop.truth, (shop.random.random(len(shop.truth)) < shop.truth).astype(int))[CALIBRATION]
        for _ in range(200)
    ]
    assert confidence.calibrated.mean == pytest.approx(np.mean(drawn), rel=0.03)
    assert (confidence.calibrated.low, confidence.calibrated.high) == pytest.approx(
        tuple(np.percentile(drawn, [2.5, 97.5])), rel=0.1
    )
    assert confidence.calibrated.low > 0.02
    assert confidence.excess.mean == pytest.approx(confidence.own[CALIBRATION].mean - confidence.calibrated.mean)
    assert confidence.excess.low < confidence.excess.mean < confidence.excess.high


def test_the_excess_tells_a_calibrated_model_from_one_that_is_off() -> None:
    """Over many worlds the interval of a calibrated model holds 0 about as often as it says; odds doubled never do."""
    shops = [Shop(seed) for seed in range(40)]
    calibrated = [shop.confidence(shop.truth).excess for shop in shops]
    assert sum(one.low <= 0 <= one.high for one in calibrated) >= 37
    doubled = [shop.confidence(odds(shop.truth, 2)).excess for shop in shops[:10]]
    assert min(one.low for one in doubled) > 0


def test_the_same_seed_gives_the_same_whatever_fits_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of resamples held at once changes nothing; another seed changes the interval."""
    shop = Shop(7)
    whole = dict(shop.confidence(shop.truth).as_metrics())
    assert dict(shop.confidence(shop.truth, seed=4).as_metrics()) != whole
    monkeypatch.setattr("basketry.learning.evaluation._CHUNK", len(shop.truth) * 7)
    assert dict(shop.confidence(shop.truth).as_metrics()) == pytest.approx(whole)


def test_names_are_those_a_gate_looks_for() -> None:
    """An interval for every metric; the reference and the excess for the calibration error alone."""
    shop = Shop(8)
    names = {f"interval/{metric}/{end}" for metric in METRICS for end in ("low", "high")}
    names |= {f"{kind}/{CALIBRATION}{end}" for kind in ("calibrated", "excess") for end in ("", "/low", "/high")}
    assert {name for name, _ in shop.confidence(shop.truth).as_metrics()} == names


def test_a_group_without_buyers_has_no_say_where_it_has_no_meaning() -> None:
    """The ranking's interval is that of the other groups; without any buyer it is not a number and nothing breaks."""
    shop = Shop(9)
    shop.observed[shop.groups == "a"] = 0
    assert np.isfinite(shop.confidence(shop.truth).own["roc_auc"].low)
    shop.observed[:] = 0
    nobody = shop.confidence(shop.truth)
    assert np.isnan(nobody.own["roc_auc"].low) and np.isfinite(nobody.excess.low)
