"""What policies earn in a simulated shop: the engine decides hour by hour for the shoppers of `offer_shoppers`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from basketry.domains.offers.engine import Engine
from basketry.domains.offers.memory import Memory
from basketry.domains.offers.outcomes import BatchOutcome, ShownOffer
from basketry.domains.offers.policy import (
    BESIDE,
    DISCOUNT,
    MostPopular,
    OfferPolicy,
    PolicyInput,
    Uniform,
    argmax_policy,
)
from basketry.domains.offers.records import Records
from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import NONE, Assortment, Floats, Ints, PopularProducts, ShopperKnowledge
from tools.demo.offer_shoppers import HOUR, ShopperWorld, Showings, merge_records, response_records, select_records


@dataclass(frozen=True)
class Oracle:
    """Knows the truth, and shows what is likeliest to be clicked."""

    world: ShopperWorld

    def probabilities(self, inputs: PolicyInput) -> Floats:
        """Put all probability on what is likeliest to be clicked, see `OfferPolicy`."""
        position = {name: number for number, name in enumerate(self.world.shoppers)}
        who = np.array([position[name] for name in inputs.shoppers], dtype=np.int64)[:, None]
        clicked = self.world.click_probability(
            who,
            np.maximum(inputs.product, 0),
            beside=inputs.features[..., BESIDE],
            discount=inputs.features[..., DISCOUNT],
            at=inputs.at[:, None],
        )
        return argmax_policy(np.where(inputs.eligible, clicked, -np.inf))


def popular_from_views(shop: Assortment, viewed: Sequence[str], width: int = 24) -> PopularProducts:
    """Rank products by what was looked at.

    Args:
        shop: The products.
        viewed: Product id of each view.
        width: Number of products per category.
    """
    counts = np.zeros(len(shop.products))
    np.add.at(counts, [shop.position[name] for name in viewed], 1)
    table = np.full((len(shop.categories) + 1, width), NONE, dtype=np.int64)
    order = np.argsort(-counts, kind="stable")
    for category in range(len(shop.categories)):
        best = order[shop.category[order] == category][:width]
        table[category, : len(best)] = best
    table[-1, : min(width, len(order))] = order[:width]
    return PopularProducts(table)


def blurred_knowledge(world: ShopperWorld, settings: OfferSettings) -> ShopperKnowledge:
    """Draw what a recommender would know on the first day: a blurred picture of the tastes."""
    random = np.random.default_rng([world.seed, 3])
    shop, count = world.shop, max(settings.candidates.recommended, 1)
    blurred = world.taste[0][:, shop.category] + random.normal(0, 1.5, (len(world.shoppers), len(shop.products)))
    best = np.argsort(-blurred, axis=1)[:, :count]
    nobody = np.full((1, best.shape[1]), NONE)
    scores = np.linspace(1, 0, best.shape[1], endpoint=False)
    shopper_scores = np.tile(scores, (len(world.shoppers), 1))
    propensity = 1 / (1 + np.exp(2.0 - world.taste[0] + random.normal(0, 0.7, world.taste[0].shape)))
    return ShopperKnowledge(
        shoppers=world.shoppers,
        recommended=np.r_[best, nobody],
        scores=np.r_[shopper_scores, np.zeros_like(nobody, dtype=np.float64)],
        propensity=np.r_[propensity, np.zeros((1, propensity.shape[1]))],
        opted_out=frozenset(),
        bought=np.zeros((0, 3), dtype=np.int64),
    )


@dataclass(frozen=True)
class SimulatedDay:
    """What happened on a simulated day.

    Attributes:
        shown: Offers shown to treatment.
        clicked: Offers that treatment clicked.
        shown_control: Offers shown to control.
        clicked_control: Offers that control clicked.
    """

    shown: int
    clicked: int
    shown_control: int
    clicked_control: int


def simulate(world: ShopperWorld, settings: OfferSettings, policy: str = "learned") -> Iterator[SimulatedDay]:
    """Live through the world, an hour's deliveries at a time.

    Args:
        world: The shoppers.
        settings: Settings of offers.
        policy: What decides: learned, oracle, random or popular.
    """
    fixed: dict[str, OfferPolicy] = {"oracle": Oracle(world), "random": Uniform(), "popular": MostPopular()}
    chosen = fixed.get(policy)
    engine = Engine(
        shop=world.shop,
        knowledge=blurred_knowledge(world, settings),
        popular=popular_from_views(world.shop, world.activity(0).products),
        settings=settings,
        memory=Memory.empty(world.shop.categories, world.shop.products, settings),
        policy_factory=None if chosen is None else lambda *_: chosen,
    )
    pending, earlier = response_records([]), dict[str, ShownOffer]()
    for day in range(world.days):
        counts = np.zeros(4, dtype=np.int64)
        activity = world.activity(day)
        for hour in _split_by_hour(activity):
            batch = merge_records(pending, hour)
            outcome = engine.process(batch, frozenset(), earlier)
            counts += _count_shown_and_clicked(outcome)
            pending, earlier = world.responses(Showings.from_outcome(batch, outcome)), outcome.earlier
        yield SimulatedDay(*counts.tolist())


def _count_shown_and_clicked(outcome: BatchOutcome) -> Ints:
    """Count what `SimulatedDay` holds: of treatment, then of control."""
    counts = np.zeros(4, dtype=np.int64)
    for _, decisions in outcome.slot_decisions:
        shown = decisions.product >= 0
        counts[0] += (shown & ~decisions.control).sum()
        counts[2] += (shown & decisions.control).sum()
    for response in outcome.responses:
        if response.kind == "offer_click":
            counts[3 if response.shown.control else 1] += 1
    return counts


def _split_by_hour(records: Records) -> Iterator[Records]:
    hours = records.at // HOUR
    for hour in np.unique(hours):
        yield select_records(records, np.flatnonzero(hours == hour))
