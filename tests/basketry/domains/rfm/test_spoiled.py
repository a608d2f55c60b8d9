"""The shipped gate at the demo's own size: clusters spoiled as a limit guards against are refused, good ones are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from basketry.config.settings import CHECKOUT
from basketry.domains.rfm import model
from basketry.domains.rfm.settings import load_settings
from basketry.domains.rfm.values import VALUES
from basketry.gates import evaluate_gate
from tests.kit.changed import changed
from tests.kit.gates import Spoiled, barely_beyond, failed, shipped_gate

CUSTOMERS = 2_200
"""Customers of the demo who spent something in its last year."""

SETTINGS = changed(load_settings(CHECKOUT / "include"), least=3, most=4)
Labels = np.ndarray


def customers(seed: int = 1) -> pd.DataFrame:
    """As the demo's are: who buys often has bought lately, and spends a little less each time."""
    random = np.random.default_rng(seed)
    rate = random.lognormal(2.9, 1.0, CUSTOMERS)
    frequency = 1 + random.poisson(np.minimum(rate, 120))
    gone = random.random(CUSTOMERS) < 0.2
    recency = np.where(gone, random.uniform(30, 364, CUSTOMERS), random.exponential(300 / frequency))
    monetary = random.lognormal(3.25 - 0.03 * np.log(frequency), 0.37)
    columns = (np.minimum(recency, 364).round(), frequency.astype(float), monetary.round(2))
    return pd.DataFrame(dict(zip(VALUES, columns, strict=True)))


def without_structure() -> pd.DataFrame:
    """As many customers whose days, dates and spend have nothing to do with each other."""
    random = np.random.default_rng(2)
    return pd.DataFrame({name: random.uniform(1, 300, CUSTOMERS).round(1) for name in VALUES})


class Reassigned:
    """A fitted pipeline whose assignment is changed afterwards."""

    def __init__(self, fitted: Any, change: Callable[[Labels], Labels]) -> None:
        self.fitted, self.change, self.named_steps = fitted, change, fitted.named_steps

    def predict(self, values: pd.DataFrame) -> Labels:
        return self.change(self.fitted.predict(values))


@dataclass(frozen=True)
class Last:
    """A model as a champion."""

    pipeline: Any
    number: str = "1"

    def clusters_of(self, values: pd.DataFrame) -> Labels:
        return np.asarray(self.pipeline.predict(values[list(VALUES)].astype(float)))


@cache
def good() -> model.TrainedRfmModel:
    """As it comes from the training."""
    return model.train_rfm_model(customers(), SETTINGS)


def reassigned(change: Callable[[Labels], Labels], champion: Last | None = None) -> Mapping[str, float]:
    """The metrics of a training whose model assigns otherwise than it has learned."""
    fitted = model.cluster_pipeline
    with mock.patch.object(model, "cluster_pipeline", lambda *parts: Reassigned(fitted(*parts), change)):
        return model.train_rfm_model(customers(), changed(SETTINGS, most=3), champion).metrics


def shuffled(labels: Labels) -> Labels:
    """Each customer in the cluster of another one."""
    return np.random.default_rng(3).permutation(labels)


def one_tiny(labels: Labels) -> Labels:
    """Four customers in a cluster of their own: fewer than two in a thousand."""
    return np.where(np.arange(len(labels)) < 4, 9, labels)


def twenty_clusters() -> Mapping[str, float]:
    """Far more clusters than there is structure for."""
    return model.train_rfm_model(without_structure(), changed(SETTINGS, least=20, most=20)).metrics


SPOILED: Spoiled = {
    "segments shuffled": (lambda: reassigned(shuffled), frozenset({"silhouette"})),
    "segments that chance makes": (twenty_clusters, frozenset({"stability"})),
    "one tiny segment": (lambda: reassigned(one_tiny), frozenset({"smallest_share"})),
    "another assignment than the champion's": (
        lambda: reassigned(shuffled, Last(good().pipeline)),
        frozenset({"agreement", "changed_share"}),
    ),
}


@pytest.mark.parametrize("kind", SPOILED)
def test_spoiled_segments_are_refused_by_the_limit_that_guards_against_them(kind: str) -> None:
    """Surely beyond, also for a first model and with no more customers than the demo has."""
    metrics, guards = SPOILED[kind]
    decision = evaluate_gate(shipped_gate("rfm"), metrics())
    assert decision.verdict == "refuse"
    assert guards <= failed(decision)


def test_good_segments_of_the_same_customers_are_promoted() -> None:
    """Within every limit, each but the plain share with an interval around it."""
    metrics = good().metrics
    assert evaluate_gate(shipped_gate("rfm"), metrics).verdict == "promote"
    for name in ("silhouette", "stability"):
        assert metrics[f"interval/{name}/low"] < metrics[name] < metrics[f"interval/{name}/high"] <= 1
    assert "interval/smallest_share/low" not in metrics


@pytest.mark.parametrize("metric", ["silhouette", "stability"])
def test_what_is_beyond_a_limit_but_not_surely_is_provisional(metric: str) -> None:
    """A first model whose interval holds the limit; the share of the smallest cluster has no such doubt."""
    metrics = good().metrics
    assert evaluate_gate(barely_beyond(shipped_gate("rfm"), metrics, metric), metrics).verdict == "provisional"
    assert evaluate_gate(shipped_gate("rfm"), {**metrics, "smallest_share": 0.0019}).verdict == "refuse"


def test_the_same_customers_give_the_same_intervals() -> None:
    """No draw without a seed."""
    assert model.train_rfm_model(customers(), SETTINGS).metrics == good().metrics
