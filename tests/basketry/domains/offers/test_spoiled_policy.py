"""The shipped gate of policies: too few decisions that count and too heavy ones are refused, whatever they earned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from basketry.domains.offers import ope
from basketry.domains.offers.ope import LoggedFeedback, TargetPolicy
from basketry.gates import evaluate_gate
from tests.kit.gates import Spoiled, failed, shipped_gate

FEW, ENOUGH = 2_000, 60_000
"""Tested decisions: what the views and carts of the demo's last 60 days come to, and what this policy needs."""

SHOPPERS = {FEW: 170, ENOUGH: 1_500}
"""Who use the demo's app, and all who buy in a month."""

CLICKS = np.array([0.02, 0.05, 0.20])
"""Clicks a showing of each of three offers, the popular one first."""
LOGGING, LEARNED = np.array([0.6, 0.3, 0.1]), np.array([0.1, 0.2, 0.7])


def measured(decisions: int, rarest: float | None = None) -> Mapping[str, float]:
    """What the training logs of a policy that has learned what is clicked.

    rarest: the probability with which a single decision, not clicked, was logged instead of its own.
    """
    random = np.random.default_rng(4)
    action = random.choice(3, decisions, p=LOGGING)
    probability = LOGGING[action]
    clicked = (random.random(decisions) < CLICKS[action]).astype(np.float64)
    if rarest is not None:
        some = int(np.flatnonzero((action == 2) & (clicked == 0))[0])
        probability[some] = rarest
    logged = LoggedFeedback(clicked, probability, random.integers(SHOPPERS[decisions], size=decisions))

    def judged(policy: np.ndarray) -> ope.OffPolicyEvaluation:
        target = TargetPolicy(policy[action], CLICKS[action], np.full(decisions, CLICKS @ policy))
        return ope.evaluate_off_policy(logged, target, seed=7)

    return ope.policy_metrics(judged(LEARNED), {"naive/popular": judged(np.array([1.0, 0, 0]))})


SPOILED: Spoiled = {
    "too few decisions": (lambda: measured(FEW), frozenset({"effective_sample_size"})),
    "one decision too heavy": (lambda: measured(ENOUGH, rarest=0.7 / 250), frozenset({"greatest_weight"})),
}


@pytest.mark.parametrize("kind", SPOILED)
def test_a_policy_on_spoiled_decisions_is_refused_by_the_limit_that_guards_against_it(kind: str) -> None:
    """By that limit alone: the policy is as good as ever, and surely better than what is popular."""
    metrics, guards = SPOILED[kind]
    decision = evaluate_gate(shipped_gate("offer_policy"), metrics())
    assert decision.verdict == "refuse"
    assert {check.metric for check in decision.checks if check.outcome == "failed"} == failed(decision) == guards


def test_the_same_policy_on_enough_decisions_is_promoted() -> None:
    """As many as the demo's shoppers make when all of them use the app; the few who do make too few."""
    assert evaluate_gate(shipped_gate("offer_policy"), measured(ENOUGH)).verdict == "promote"


def test_a_count_has_two_answers() -> None:
    """One decision short of the limit is short of it: what decisions are worth and weigh is no estimate of anything."""
    metrics = measured(ENOUGH)
    assert not [name for name in metrics if name.startswith("interval/")]
    for changed in ({"effective_sample_size": 4_999.0}, {"greatest_weight": 200.1}):
        assert evaluate_gate(shipped_gate("offer_policy"), {**metrics, **changed}).verdict == "refuse"
