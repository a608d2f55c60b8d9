"""Thirty simulated days: what is learned comes near the truth, and above chance and popularity."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from basketry.domains.offers import ope
from tests.kit.offers import NOON, settings, shop, shoppers
from tools.demo.offer_shoppers import ShopperWorld
from tools.demo.offer_simulation import SimulatedDay, simulate

pytestmark = pytest.mark.slow

DAYS, SHOPPERS = 30, 300


@cache
def lived(policy: str) -> tuple[SimulatedDay, ...]:
    """The same world under a policy, without control, so that the policy has every shopper."""
    world = ShopperWorld.create(shop(), shoppers(SHOPPERS), days=DAYS, start=NOON - 43_200, seed=11)
    return tuple(simulate(world, settings(control_share=0.0), policy))


def rate(days: Sequence[SimulatedDay]) -> float:
    return sum(day.clicked for day in days) / sum(day.shown for day in days)


def test_thirty_days_reach_four_fifths_of_the_oracle_and_beat_chance_and_popularity() -> None:
    """Click-through at least 0.8 times the oracle's, 1.5 times random's, and above always showing what is popular."""
    learned = rate(lived("learned"))
    assert learned >= 0.8 * rate(lived("oracle"))
    assert learned >= 1.5 * rate(lived("random"))
    assert learned > rate(lived("popular"))


def test_it_learns_and_keeps_up_while_tastes_drift() -> None:
    """The last ten days are better than the first ten, and nearer to the oracle."""
    first, last = lived("learned")[:10], lived("learned")[-10:]
    assert rate(last) > rate(first)
    assert rate(last) / rate(lived("oracle")[-10:]) > rate(first) / rate(lived("oracle")[:10])


def test_the_same_seed_lives_the_same_days() -> None:
    """Nothing in it depends on anything else."""
    world = ShopperWorld.create(shop(), shoppers(40), days=2, start=NOON - 43_200, seed=5)
    assert list(simulate(world, settings())) == list(simulate(world, settings()))


def test_control_measures_what_the_policy_is_worth() -> None:
    """Treatment against control in one simulated shop: the interval of the difference lies above 0."""
    world = ShopperWorld.create(shop(), shoppers(200), days=8, start=NOON - 43_200, seed=11)
    days = list(simulate(world, settings(control_share=0.3)))
    shown, clicked = sum(day.shown for day in days), sum(day.clicked for day in days)
    control, by_control = sum(day.shown_control for day in days), sum(day.clicked_control for day in days)
    reward = np.r_[np.ones(clicked), np.zeros(shown - clicked), np.ones(by_control), np.zeros(control - by_control)]
    is_control = np.r_[np.zeros(shown), np.ones(control)]
    found = ope.incremental_reward(reward, is_control, [str(number) for number in range(len(reward))])
    assert 0 < found.low < found.mean < found.high
