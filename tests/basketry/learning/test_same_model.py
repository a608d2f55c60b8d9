"""The same data and the same seed train the same model: whatever a clock shows, and however many cores there are."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from basketry.domains.forecast import train
from basketry.domains.offers import policy_learning, train_recommender
from basketry.domains.rfm import model
from tests.basketry.domains.forecast import shop
from tests.basketry.domains.rfm import samples
from tests.kit import offers
from tests.kit.jobs import job_arguments

Metrics = Mapping[str, float]
customers, panel, purchases = cache(samples.customers), cache(shop.panel), cache(offers.two_tastes)


def segments() -> Metrics:
    """Clusters of a few customers."""
    return model.train_rfm_model(customers(), samples.SETTINGS).metrics


def forecasts() -> Metrics:
    """A back-test of a few products."""
    arguments = job_arguments("demo", "train_forecast", as_of=date(2026, 3, 1))
    return train.train_challenger(panel(), arguments, shop.settings()).metrics


def recommendations() -> Metrics:
    """What alike shoppers buy."""
    return train_recommender.evaluate_recommender(purchases(), purchases(seed=2), None, seed=7)


@cache
def decisions() -> offers.ExplorationLog:
    """Four days of a shop that explored at random."""
    return offers.ExplorationLog(
        offers.settings(at_most=1, control_share=0.2, a_day=50, a_category_a_day=50, recommended=8)
    )


def policy() -> Metrics:
    """Learned from those days."""
    log = decisions()
    categories = log.world.shop.categories
    logged = policy_learning.training_examples(log.rows_of_training, categories, log.popularity())
    return policy_learning.train_policy(logged, categories, offers.settings(), champion=None).metrics


TRAININGS = (segments, forecasts, recommendations, policy)


@pytest.mark.parametrize("training", TRAININGS)
def test_a_clock_has_no_say(training: Callable[[], Metrics], monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours pass between any two looks at it, and every number is the same to the last digit."""
    quick = training()
    hours = itertools.count(0, 3600)
    for name in ("time", "monotonic", "perf_counter"):
        monkeypatch.setattr(time, name, lambda: float(next(hours)))
    assert training() == quick


@pytest.mark.parametrize("training", TRAININGS)
def test_a_training_keeps_to_one_core(training: Callable[[], Metrics], monkeypatch: pytest.MonkeyPatch) -> None:
    """No sum is split among cores, so that it is rounded alike everywhere; afterwards the libraries may use them again."""
    threads: list[int] = []
    generator = np.random.default_rng

    def watched(*arguments: Any) -> np.random.Generator:
        threads.extend(pool["num_threads"] for pool in threadpool_info())
        return generator(*arguments)

    training()  # its data are drawn by the generator too, once
    monkeypatch.setattr(np.random, "default_rng", watched)
    with threadpool_limits(2):
        training()
        assert threads and set(threads) == {1}
        assert {pool["num_threads"] for pool in threadpool_info()} == {2}
