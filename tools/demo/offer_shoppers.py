"""Shoppers with hidden tastes that drift: they look around, see offers and respond. Seeded; for tests, demo and benchmark only.

A shopper's chance to click is logistic in the taste for the category, the product's appeal, the discount and whether the
offer is of the category being looked at. Nothing of that is told to what decides; it sees events, as of real shoppers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from basketry.domains.offers.engine import Engine, Outcome, Shown
from basketry.domains.offers.memory import Memory
from basketry.domains.offers.policy import BESIDE, DISCOUNT, MostPopular, Policy, Scene, Uniform, certain, chances
from basketry.domains.offers.records import DAY, Records
from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import NONE, Assortment, Floats, Ints, Knowledge, Popular

HOUR = 3_600.0
_SECONDS_TO_CLICK = 30.0
_SECONDS_TO_BUY = 300.0
_BUYS = 0.3
"""Share of clicks that end in a purchase."""


@dataclass(frozen=True)
class World:
    """Hidden truth. taste: days x shoppers x categories, in log odds; appeal: of each product."""

    shop: Assortment
    shoppers: tuple[str, ...]
    taste: Floats
    appeal: Floats
    start: float
    seed: int

    @classmethod
    def made(cls, shop: Assortment, shoppers: Sequence[str], days: int, start: float, seed: int) -> World:
        """A world of so many days from `start` (seconds, midnight)."""
        random = np.random.default_rng([seed, 1])
        size = (len(shoppers), len(shop.categories))
        kinds = random.normal(0, 1, (6, size[1]))  # shoppers come in kinds, so that one can learn from others
        taste = 0.9 * kinds[random.integers(6, size=size[0])] + 0.9 * random.normal(0, 1, size)
        drift = random.normal(0, 0.12, (days, *size))
        drift[0] = 0
        appeal = random.normal(0, 0.35, len(shop.products))
        return cls(shop, tuple(shoppers), taste + np.cumsum(drift, axis=0), appeal, start, seed)

    @property
    def days(self) -> int:
        """How many there are."""
        return len(self.taste)

    def day_of(self, at: Floats) -> Ints:
        """Day of the world of a time in seconds."""
        return np.clip((np.asarray(at) - self.start) // DAY, 0, self.days - 1).astype(np.int64)

    def click_chance(self, shoppers: Ints, products: Ints, beside: Floats, discount: Floats, at: Floats) -> Floats:
        """Probability of a click; arrays that broadcast to one shape."""
        liking = self.taste[self.day_of(at), shoppers, self.shop.category[products]]
        odds = -4.6 + 0.95 * liking + 1.0 * beside + self.appeal[products] + 2.0 * discount
        return np.asarray(1 / (1 + np.exp(-odds)))

    def activity(self, day: int, visits: float = 1.2) -> Records:
        """What shoppers do on a day, in order of time. visits: mean of a shopper."""
        random = np.random.default_rng([self.seed, 2, day])
        count = random.poisson(visits, len(self.shoppers))
        shopper = np.repeat(np.arange(len(self.shoppers)), count)
        looks = 1 + random.poisson(2.0, len(shopper))
        begin = self.start + day * DAY + random.beta(2.5, 1.8, len(shopper)) * (DAY - HOUR)
        visit = np.repeat(np.arange(len(shopper)), looks)
        place = np.arange(len(visit)) - np.repeat(np.cumsum(looks) - looks, looks)
        who = shopper[visit]
        product = self._looked_at(random, who, day)
        kind = random.choice(["view", "cart", "purchase"], p=[0.8, 0.14, 0.06], size=len(visit))
        at = np.round(begin[visit] + place * 45.0, 3)
        order = np.argsort(at, kind="stable")
        ids = [f"e{self.seed}-{day}-{number}" for number in range(len(order))]
        names = [self.shoppers[one] for one in who[order].tolist()]
        products = [self.shop.products[one] for one in product[order].tolist()]
        nothing = [""] * len(order)
        when: Floats = at[order].astype(np.float64)
        return Records(
            ids,
            kind[order].tolist(),
            names,
            products,
            nothing,
            when,
            when + 60.0,
            (when // DAY).astype(np.int64),
            np.full(len(order), np.nan),
            nothing,
        )

    def _looked_at(self, random: np.random.Generator, who: Ints, day: int) -> Ints:
        """A product of a category that the shopper likes."""
        weights = np.exp(1.1 * self.taste[day, who])
        edges = np.cumsum(weights, axis=1)
        category = (random.random(len(who))[:, None] * edges[:, -1:] >= edges).sum(axis=1)
        order = np.argsort(self.shop.category, kind="stable")
        first = np.searchsorted(self.shop.category[order], category)
        sizes = np.bincount(self.shop.category, minlength=len(self.shop.categories))[category]
        return np.asarray(order[first + (random.random(len(who)) ** 1.5 * sizes).astype(np.int64)])

    def responses(self, shown: Showings) -> Records:
        """The clicks and purchases that follow what was shown, in order of time."""
        position = {name: place for place, name in enumerate(self.shoppers)}
        who = np.array([position[name] for name in shown.shoppers], dtype=np.int64)
        chance = self.click_chance(who, shown.product, shown.beside, shown.discount, shown.at)
        clicked = chances(shown.offers, f"click {self.seed}") < chance
        bought = clicked & (chances(shown.offers, f"buy {self.seed}") < _BUYS)
        price = np.round(self.shop.price[shown.product] * (1 - shown.discount), 2)
        found: list[tuple[str, str, str, str, float, float]] = []
        for number in np.flatnonzero(clicked).tolist():
            offer, shopper, at = shown.offers[number], shown.shoppers[number], float(shown.at[number])
            found.append((f"{offer}/c", "offer_click", shopper, offer, at + _SECONDS_TO_CLICK, np.nan))
            if bought[number]:
                paid = float(price[number])
                found.append((f"{offer}/b", "offer_purchase", shopper, offer, at + _SECONDS_TO_BUY, paid))
        return _records(sorted(found, key=lambda one: (one[4], one[0])))


@dataclass(frozen=True)
class Showings:
    """Offers that were shown, one place each. product: position; beside: whether of the category looked at; at: seconds."""

    offers: Sequence[str]
    shoppers: Sequence[str]
    product: Ints
    beside: Floats
    discount: Floats
    at: Floats

    @classmethod
    def of(cls, records: Records, outcome: Outcome) -> Showings:
        """What was decided on these records, without the slots in which nothing was shown."""
        offers: list[str] = []
        shoppers: list[str] = []
        numbers = [np.zeros((0, 4))]
        for places, decided in outcome.decided:
            some = np.flatnonzero(decided.product >= 0)
            beside = decided.features[some, decided.column[some], BESIDE]
            numbers.append(
                np.column_stack([decided.product[some], beside, decided.discount[some], records.at[places[some]]])
            )
            offers += [f"{records.ids[place]}/{decided.slot}" for place in places[some].tolist()]
            shoppers += [records.shoppers[place] for place in places[some].tolist()]
        product, beside, discount, at = np.concatenate(numbers).T
        return cls(offers, shoppers, product.astype(np.int64), beside, discount, at)


def _records(rows: Sequence[tuple[str, str, str, str, float, float]]) -> Records:
    ids, kinds, shoppers, offers, at, revenue = (
        (list(column) for column in zip(*rows, strict=True)) if rows else ([],) * 6
    )
    when, nothing = np.array(at, dtype=np.float64), [""] * len(ids)
    days = (when // DAY).astype(np.int64)
    return Records(
        ids, kinds, shoppers, nothing, offers, when, when + 60.0, days, np.array(revenue, dtype=np.float64), nothing
    )


@dataclass(frozen=True)
class Oracle:
    """Knows the truth, and shows what is likeliest to be clicked."""

    world: World

    def probabilities(self, scene: Scene) -> Floats:
        """See `Policy`."""
        place = {name: number for number, name in enumerate(self.world.shoppers)}
        who = np.array([place[name] for name in scene.shoppers], dtype=np.int64)[:, None]
        product, seen = np.maximum(scene.product, 0), scene.features
        chance = self.world.click_chance(who, product, seen[..., BESIDE], seen[..., DISCOUNT], scene.at[:, None])
        return certain(np.where(scene.eligible, chance, -np.inf))


def popular_of(shop: Assortment, rows: Sequence[str], width: int = 24) -> Popular:
    """Popular products from what was looked at. rows: product ids, one a view."""
    counts = np.zeros(len(shop.products))
    np.add.at(counts, [shop.position[name] for name in rows], 1)
    table = np.full((len(shop.categories) + 1, width), NONE, dtype=np.int64)
    order = np.argsort(-counts, kind="stable")
    for category in range(len(shop.categories)):
        best = order[shop.category[order] == category][:width]
        table[category, : len(best)] = best
    table[-1, : min(width, len(order))] = order[:width]
    return Popular(table)


def knowledge_of(world: World, settings: OfferSettings) -> Knowledge:
    """What a recommender would know on the first day: a blurred picture of the tastes."""
    random = np.random.default_rng([world.seed, 3])
    shop, count = world.shop, max(settings.recommended, 1)
    blurred = world.taste[0][:, shop.category] + random.normal(0, 1.5, (len(world.shoppers), len(shop.products)))
    best = np.argsort(-blurred, axis=1)[:, :count]
    nobody = np.full((1, best.shape[1]), NONE)
    scores = np.linspace(1, 0, best.shape[1], endpoint=False)
    known = np.tile(scores, (len(world.shoppers), 1))
    likely = 1 / (1 + np.exp(2.0 - world.taste[0] + random.normal(0, 0.7, world.taste[0].shape)))
    return Knowledge(
        world.shoppers,
        np.r_[best, nobody],
        np.r_[known, np.zeros_like(nobody, dtype=np.float64)],
        np.r_[likely, np.zeros((1, likely.shape[1]))],
        frozenset(),
        np.zeros((0, 3), dtype=np.int64),
    )


@dataclass(frozen=True)
class Day:
    """What happened on a simulated day."""

    shown: int
    clicked: int
    shown_control: int
    clicked_control: int


def simulate(world: World, settings: OfferSettings, policy: str = "learned") -> Iterator[Day]:
    """Live through the world, an hour's deliveries at a time. policy: learned, oracle, random or popular."""
    first = world.activity(0)
    popular = popular_of(world.shop, first.products)
    makers: dict[str, Policy] = {"oracle": Oracle(world), "random": Uniform(), "popular": MostPopular()}
    chosen = makers.get(policy)
    engine = Engine(
        world.shop,
        knowledge_of(world, settings),
        popular,
        settings,
        Memory.empty(world.shop.categories, world.shop.products, settings),
        maker=None if chosen is None else lambda *_: chosen,
    )
    pending, earlier = _records([]), dict[str, Shown]()
    for day in range(world.days):
        counts = np.zeros(4, dtype=np.int64)
        activity = world.activity(day)
        for part in _hours(activity):
            batch = joined(pending, part)
            outcome = engine.process(batch, frozenset(), earlier)
            counts += _counted(outcome)
            pending, earlier = world.responses(Showings.of(batch, outcome)), outcome.earlier
        yield Day(*counts.tolist())


def _counted(outcome: Outcome) -> Ints:
    """The numbers of `Day`: of treatment, then of control."""
    found = np.zeros(4, dtype=np.int64)
    for _, decided in outcome.decided:
        shown = decided.product >= 0
        found[0] += (shown & ~decided.control).sum()
        found[2] += (shown & decided.control).sum()
    for response in outcome.responses:
        if response.kind == "offer_click":
            found[3 if response.shown.control else 1] += 1
    return found


def _hours(records: Records) -> Iterator[Records]:
    hour = records.at // HOUR
    for one in np.unique(hour):
        yield part_of(records, np.flatnonzero(hour == one))


def part_of(records: Records, places: Ints) -> Records:
    """Some of the records."""
    listed = places.tolist()
    values: dict[str, Any] = {
        name: value[places] if isinstance(value, np.ndarray) else [value[place] for place in listed]
        for name, value in vars(records).items()
    }
    return replace(records, **values)


def joined(one: Records, other: Records) -> Records:
    """Both, in order of time."""
    values: dict[str, Any] = {
        name: np.r_[value, getattr(other, name)] if isinstance(value, np.ndarray) else [*value, *getattr(other, name)]
        for name, value in vars(one).items()
    }
    both = replace(one, **values)
    return part_of(both, np.argsort(both.at, kind="stable"))
