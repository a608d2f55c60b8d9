"""Off-policy estimates where the truth is known, because it was made up."""

from __future__ import annotations

import numpy as np
import pytest

from basketry.config.settings import CHECKOUT
from basketry.domains.offers import ope
from basketry.domains.offers.ope import LoggedFeedback, TargetPolicy
from basketry.gates import evaluate_gate, load_gate

TRUTH = np.array([0.02, 0.05, 0.20])
"""Reward rate of each action."""
LOGGING, TARGET = np.array([0.6, 0.3, 0.1]), np.array([0.1, 0.2, 0.7])


def world(rows: int, seed: int = 0, model: np.ndarray | None = None) -> tuple[LoggedFeedback, TargetPolicy]:
    random = np.random.default_rng(seed)
    action = random.choice(3, rows, p=LOGGING)
    reward = (random.random(rows) < TRUTH[action]).astype(np.float64)
    model = np.zeros(3) if model is None else model
    units = random.integers(rows // 4, size=rows)
    return LoggedFeedback(reward, LOGGING[action], units), TargetPolicy(
        TARGET[action], model[action], np.full(rows, model @ TARGET)
    )


def test_every_estimator_finds_the_truth() -> None:
    """Within its interval, from 20,000 rows of another policy."""
    evaluation = ope.evaluate_off_policy(*world(20_000, model=np.array([0.05, 0.05, 0.05])))
    for estimate in evaluation.estimates.values():
        assert estimate.low <= TRUTH @ TARGET <= estimate.high
        assert estimate.mean == pytest.approx(TRUTH @ TARGET, rel=0.1)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """About 90 of 100 intervals of 90 %."""
    for name in ope.ESTIMATORS:
        covered = 0
        for seed in range(100):
            estimate = ope.evaluate_off_policy(*world(800, seed), repetitions=150, confidence=0.9).estimates[name]
            covered += estimate.low <= TRUTH @ TARGET <= estimate.high
        assert 78 <= covered <= 98


def test_a_good_model_narrows_the_doubly_robust_interval_and_a_bad_one_does_not_bias_it() -> None:
    """With the true rates as model the interval shrinks; with nonsense it still covers."""
    plain = ope.evaluate_off_policy(*world(5_000)).estimates["reward_dr"]
    good = ope.evaluate_off_policy(*world(5_000, model=TRUTH)).estimates["reward_dr"]
    bad = ope.evaluate_off_policy(*world(5_000, model=np.array([0.9, 0.5, 0.0]))).estimates["reward_dr"]
    assert good.high - good.low < 0.95 * (plain.high - plain.low)
    assert bad.low <= TRUTH @ TARGET <= bad.high


def test_the_policy_that_did_it_earns_what_it_earned() -> None:
    """Weights of 1: every estimate is the mean reward, and every row counts."""
    logged, _ = world(1_000)
    evaluation = ope.evaluate_off_policy(logged, ope.logging_policy(logged))
    for estimate in evaluation.estimates.values():
        assert estimate.mean == pytest.approx(logged.reward.mean())
    assert evaluation.effective_sample_size == pytest.approx(1_000)
    assert evaluation.greatest_weight == 1.0


def test_the_gate_promotes_only_what_is_surely_better_on_enough_rows() -> None:
    """The same two policies: refused on 10,000 rows (too few that count), promoted on 60,000."""
    gate = load_gate("offer_policy", CHECKOUT / "include")
    for rows, wanted in ((10_000, "refuse"), (60_000, "promote")):
        logged, target = world(rows, model=TRUTH)
        champion = ope.evaluate_off_policy(logged, ope.logging_policy(logged))
        challenger = ope.evaluate_off_policy(logged, target)
        decision = evaluate_gate(
            gate, ope.policy_metrics(challenger, {"champion": champion, "naive/popular": champion})
        )
        assert decision.verdict == wanted, decision.reason


def test_treatment_against_control_covers_the_truth() -> None:
    """A lift of two points, found with an interval; nothing to compare gives no number."""
    random = np.random.default_rng(1)
    control = random.random(20_000) < 0.2
    reward = (random.random(20_000) < np.where(control, 0.04, 0.06)).astype(float)
    units = [f"s{number // 5}" for number in range(20_000)]
    estimate = ope.incremental_reward(reward, control, units)
    assert estimate.low <= 0.02 <= estimate.high and estimate.low > 0
    nothing = ope.incremental_reward(reward, np.zeros(20_000), units)
    assert np.isnan(nothing.mean) and np.isnan(nothing.low)
