"""A policy from logged decisions: learned, evaluated off-policy against a truth that is known, kept and brought back."""

from __future__ import annotations

import numpy as np
import pytest

from basketry.domains.offers import ope, policy_learning
from basketry.domains.offers.decisions import SlotDecisions
from basketry.domains.offers.engine import Engine
from basketry.domains.offers.memory import Memory
from basketry.domains.offers.policy import ThompsonSampling, Uniform
from tests.kit.offers import ExplorationLog, settings
from tools.demo.offer_simulation import blurred_knowledge


@pytest.fixture(scope="module")
def log() -> ExplorationLog:
    return ExplorationLog(settings(at_most=1, control_share=0.2, a_day=50, a_category_a_day=50, recommended=8))


def test_examples_are_what_was_logged(log: ExplorationLog) -> None:
    """Without control; probabilities of the candidates and of nothing sum to 1; what was chosen is among them."""
    examples = policy_learning.training_examples(log.rows_of_training, log.world.shop.categories, log.popularity())
    rows = log.rows_of_training.to_pylist()
    assert len(examples) == sum(row["audience"] == "treatment" and bool(row["candidates"]) for row in rows)
    assert (np.diff(examples.inputs.at) >= 0).all()
    uniform = Uniform().probabilities(examples.inputs)
    each = np.arange(len(examples))
    assert examples.probability == pytest.approx(uniform[each, examples.chosen])


def test_what_a_learned_policy_would_have_earned_is_what_it_really_would_have(log: ExplorationLog) -> None:
    """Estimated from random exploration: above popularity, and the truth lies within the interval, or a tenth from it."""
    chosen = settings(at_most=1)
    categories = log.world.shop.categories
    examples = policy_learning.training_examples(log.rows_of_training, categories, log.popularity())
    border = int(len(examples) * 0.5)
    older, newest = examples.between(0, border), examples.between(border, len(examples))
    model = policy_learning.fit_policy(older, categories, chosen).posterior
    policy = ThompsonSampling.from_posterior(model, chosen, [1])
    found = policy_learning.evaluate_policy(newest, policy, model)
    truth = log.truth(newest, policy.probabilities(newest.inputs))
    for name in ("reward_snips", "reward_dr"):
        estimate = found.estimates[name]
        assert estimate.low * 0.9 <= truth <= estimate.high * 1.1
    trained = policy_learning.train_policy(examples, categories, chosen, champion=None)
    assert trained.metrics["reward_dr"] > trained.metrics["naive/popular/reward_dr"]
    assert trained.metrics["reward_snips"] > trained.metrics["logged_reward"]
    assert "versus/naive/popular/reward_dr/low" in trained.metrics and "champion/reward_dr" not in trained.metrics


def test_a_champion_is_judged_on_the_same_decisions(log: ExplorationLog) -> None:
    """A challenger that equals it differs by nothing at all."""
    categories = log.world.shop.categories
    examples = policy_learning.training_examples(log.rows_of_training, categories, log.popularity())
    older = examples.between(0, int(len(examples) * (1 - policy_learning.TESTED_SHARE)))
    champion = policy_learning.fit_policy(older, categories, settings())
    measured = policy_learning.train_policy(examples, categories, settings(), champion).metrics
    for name in ope.ESTIMATORS:
        assert measured[name] == pytest.approx(measured[f"champion/{name}"])
        assert measured[f"versus/champion/{name}/low"] == pytest.approx(0, abs=1e-12)


def test_a_version_comes_back_as_it_was_kept_and_follows_the_categories(log: ExplorationLog) -> None:
    """Through plain values; a new category begins at the prior, one that is gone is dropped."""
    categories = log.world.shop.categories
    examples = policy_learning.training_examples(log.rows_of_training, categories, log.popularity())
    learned = policy_learning.fit_policy(examples, categories, settings())
    back = policy_learning.policy_from_state(learned.state())
    assert back.posterior.moment.tolist() == learned.posterior.moment.tolist()
    changed = back.posterior_over(("new", *categories[1:]), settings())
    assert changed.mean[len(changed.mean) - 1] != 0
    assert changed.moment[6] == pytest.approx(settings().policy.prior_rate * settings().policy.prior_weight, abs=1e-5)
    with pytest.raises(ValueError, match="other features"):
        policy_learning.policy_from_state({**learned.state(), "numbers": ["other"]})


def test_no_product_is_offered_twice_in_one_answer() -> None:
    """Also where it is a candidate twice: recommended, and popular."""
    of = ExplorationLog(settings(at_most=2, control_share=0.0))
    records = of.world.activity(1)
    engine = Engine(
        shop=of.world.shop,
        knowledge=blurred_knowledge(of.world, settings()),
        popular=of.popular,
        settings=settings(),
        memory=Memory.empty(of.world.shop.categories, of.world.shop.products, settings()),
    )
    slots: dict[str, list[int]] = {}
    for places, decided in engine.process(records, frozenset(), {}).slot_decisions:
        assert isinstance(decided, SlotDecisions)
        for row, place in enumerate(places.tolist()):
            if decided.product[row] >= 0:
                slots.setdefault(records.ids[place], []).append(int(decided.product[row]))
    assert any(len(products) == 2 for products in slots.values())
    assert all(len(set(products)) == len(products) for products in slots.values())
