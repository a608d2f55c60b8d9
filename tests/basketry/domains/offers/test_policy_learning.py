"""A policy from logged decisions: learned, evaluated off-policy against a truth that is known, kept and brought back."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from basketry.domains.offers import ope, policy_learning
from basketry.domains.offers.batch_tables import MicroBatch
from basketry.domains.offers.decisions import SlotDecisions
from basketry.domains.offers.engine import Engine
from basketry.domains.offers.memory import Memory
from basketry.domains.offers.outcomes import BatchOutcome
from basketry.domains.offers.policy import BESIDE, DISCOUNT, ThompsonSampling, Uniform
from basketry.domains.offers.policy_learning import Examples
from basketry.domains.offers.records import Records
from basketry.domains.offers.settings import OfferSettings
from tests.kit.offers import NOON, settings, shop, shoppers
from tools.demo.offer_shoppers import ShopperWorld, Showings
from tools.demo.offer_simulation import blurred_knowledge, popular_from_views

DAYS = 4


class Log:
    """Days of a shop that explored at random, as rows of gold.offer_training; and the true response rates."""

    def __init__(self, chosen: OfferSettings) -> None:
        self.world = ShopperWorld.create(shop(), shoppers(150), days=DAYS, start=NOON - 43_200, seed=4)
        self.popular = popular_from_views(self.world.shop, self.world.activity(0).products)
        of = self.world.shop
        engine = Engine(
            shop=of,
            knowledge=blurred_knowledge(self.world, chosen),
            popular=self.popular,
            settings=chosen,
            memory=Memory.empty(of.categories, of.products, chosen),
            policy_factory=lambda *_: Uniform(),
        )
        parts = []
        for day in range(DAYS):
            records = self.world.activity(day)
            outcome = engine.process(records, frozenset(), {})
            parts.append(self.rows(records, outcome))
        self.rows_of_training = pa.concat_tables(parts)

    def rows(self, records: Records, outcome: BatchOutcome) -> pa.Table:
        clicks = self.world.responses(Showings.from_outcome(records, outcome))
        clicked = {offer for offer, kind in zip(clicks.offers, clicks.kinds, strict=True) if kind == "offer_click"}
        batch = MicroBatch(
            table=pa.table({}),
            records=records,
            row_numbers=np.zeros(len(records), dtype=np.int64),
            outcome=outcome,
            shop=self.world.shop,
            name="b",
            popular_from="delta",
        )
        rows = batch.decisions()
        rows = rows.filter(pa.compute.equal(rows["slot"], 1))
        flags = [int(f"{name}/1" in clicked) for name in rows["decision_id"].to_pylist()]
        return rows.append_column("clicked", pa.array(flags))

    def popularity(self) -> dict[str, float]:
        ranked = self.popular.products[-1].tolist()
        return {self.world.shop.products[index]: float(len(ranked) - rank) for rank, index in enumerate(ranked)}

    def truth(self, examples: Examples, probabilities: np.ndarray) -> float:
        """Clicks a decision that a policy would really have had, at the mean appeal of a product."""
        who = np.array([self.world.shoppers.index(name) for name in examples.inputs.shoppers])[:, None]
        liking = self.world.taste[self.world.day_of(examples.inputs.at)[:, None], who, examples.inputs.category]
        seen = examples.inputs.features
        odds = -4.6 + 0.95 * liking + seen[..., BESIDE] + 2.0 * seen[..., DISCOUNT]
        chance = np.where(examples.inputs.eligible, np.exp(0.35**2 / 2) / (1 + np.exp(-odds)), 0)
        return float((probabilities[:, :-1] * chance).sum(axis=1).mean())


@pytest.fixture(scope="module")
def log() -> Log:
    return Log(settings(at_most=1, control_share=0.2, a_day=50, a_category_a_day=50, recommended=8))


def test_examples_are_what_was_logged(log: Log) -> None:
    """Without control; probabilities of the candidates and of nothing sum to 1; what was chosen is among them."""
    examples = policy_learning.training_examples(log.rows_of_training, log.world.shop.categories, log.popularity())
    rows = log.rows_of_training.to_pylist()
    assert len(examples) == sum(row["audience"] == "treatment" and bool(row["candidates"]) for row in rows)
    assert (np.diff(examples.inputs.at) >= 0).all()
    uniform = Uniform().probabilities(examples.inputs)
    each = np.arange(len(examples))
    assert examples.probability == pytest.approx(uniform[each, examples.chosen])


def test_what_a_learned_policy_would_have_earned_is_what_it_really_would_have(log: Log) -> None:
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


def test_a_champion_is_judged_on_the_same_decisions(log: Log) -> None:
    """A challenger that equals it differs by nothing at all."""
    categories = log.world.shop.categories
    examples = policy_learning.training_examples(log.rows_of_training, categories, log.popularity())
    older = examples.between(0, int(len(examples) * (1 - policy_learning.TESTED_SHARE)))
    champion = policy_learning.fit_policy(older, categories, settings())
    measured = policy_learning.train_policy(examples, categories, settings(), champion).metrics
    for name in ope.ESTIMATORS:
        assert measured[name] == pytest.approx(measured[f"champion/{name}"])
        assert measured[f"versus/champion/{name}/low"] == pytest.approx(0, abs=1e-12)


def test_a_version_comes_back_as_it_was_kept_and_follows_the_categories(log: Log) -> None:
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
    of = Log(settings(at_most=2, control_share=0.0))
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
