"""Shoppers with hidden tastes that drift: they look around, see offers and respond. Seeded; for tests, demo and benchmark only.

A shopper's chance to click is logistic in the taste for the category, the product's appeal, the discount and whether the
offer is of the category being looked at. What decides is not told any of it; it sees events, as of real shoppers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from basketry.domains.offers.outcomes import BatchOutcome
from basketry.domains.offers.policy import BESIDE, hash_uniform
from basketry.domains.offers.records import DAY, Records
from basketry.domains.offers.shop import Assortment, Floats, Ints

HOUR = 3_600.0
_SECONDS_TO_CLICK = 30.0
_SECONDS_TO_BUY = 300.0
_BUYS = 0.3
"""Share of clicks that end in a purchase."""


@dataclass(frozen=True, kw_only=True)
class ShopperWorld:
    """The hidden truth.

    Attributes:
        shop: The products.
        shoppers: Customer ids.
        taste: Taste of each shopper for each category on each day, in log odds: days x shoppers x categories.
        appeal: Appeal of each product, in log odds.
        start: Midnight before the first day, in seconds.
        seed: Seed of all random numbers.
    """

    shop: Assortment
    shoppers: tuple[str, ...]
    taste: Floats
    appeal: Floats
    start: float
    seed: int

    @classmethod
    def create(cls, shop: Assortment, shoppers: Sequence[str], *, days: int, start: float, seed: int) -> ShopperWorld:
        """Draw a world.

        Args:
            shop: The products.
            shoppers: Customer ids.
            days: Number of days.
            start: Midnight before the first day, in seconds.
            seed: Seed of all random numbers.
        """
        random = np.random.default_rng([seed, 1])
        size = (len(shoppers), len(shop.categories))
        kinds = random.normal(0, 1, (6, size[1]))  # shoppers come in kinds, so that much can be learned from others
        taste = 0.9 * kinds[random.integers(6, size=size[0])] + 0.9 * random.normal(0, 1, size)
        drift = random.normal(0, 0.12, (days, *size))
        drift[0] = 0
        appeal = random.normal(0, 0.35, len(shop.products))
        return cls(
            shop=shop,
            shoppers=tuple(shoppers),
            taste=taste + np.cumsum(drift, axis=0),
            appeal=appeal,
            start=start,
            seed=seed,
        )

    @property
    def days(self) -> int:
        """Number of days."""
        return len(self.taste)

    def day_of(self, at: Floats) -> Ints:
        """Return the day of the world of a time in seconds."""
        return np.clip((np.asarray(at) - self.start) // DAY, 0, self.days - 1).astype(np.int64)

    def click_probability(
        self, shoppers: Ints, products: Ints, *, beside: Floats, discount: Floats, at: Floats
    ) -> Floats:
        """Compute the probability of a click, from arrays that broadcast to one shape.

        Args:
            shoppers: Positions of the shoppers.
            products: Positions of the products.
            beside: Whether the product is of the category being looked at.
            discount: Discount of the offer.
            at: Time in seconds.
        """
        liking = self.taste[self.day_of(at), shoppers, self.shop.category[products]]
        odds = -4.6 + 0.95 * liking + 1.0 * beside + self.appeal[products] + 2.0 * discount
        return np.asarray(1 / (1 + np.exp(-odds)))

    def activity(self, day: int, visits: float = 1.2) -> Records:
        """Draw what shoppers do on a day, in order of time.

        Args:
            day: Number of the day.
            visits: Mean number of visits per shopper.
        """
        random = np.random.default_rng([self.seed, 2, day])
        count = random.poisson(visits, len(self.shoppers))
        shopper = np.repeat(np.arange(len(self.shoppers)), count)
        looks = 1 + random.poisson(2.0, len(shopper))
        begin = self.start + day * DAY + random.beta(2.5, 1.8, len(shopper)) * (DAY - HOUR)
        visit = np.repeat(np.arange(len(shopper)), looks)
        number_in_visit = np.arange(len(visit)) - np.repeat(np.cumsum(looks) - looks, looks)
        who = shopper[visit]
        product = self._draw_products(random, who, day)
        kind = random.choice(["view", "cart", "purchase"], p=[0.8, 0.14, 0.06], size=len(visit))
        at = np.round(begin[visit] + number_in_visit * 45.0, 3)
        order = np.argsort(at, kind="stable")
        ids = [f"e{self.seed}-{day}-{number}" for number in range(len(order))]
        no_texts = [""] * len(order)
        seconds: Floats = at[order].astype(np.float64)
        return Records(
            ids=ids,
            kinds=kind[order].tolist(),
            shoppers=[self.shoppers[index] for index in who[order].tolist()],
            products=[self.shop.products[index] for index in product[order].tolist()],
            offers=no_texts,
            at=seconds,
            delivered=seconds + 60.0,
            day=(seconds // DAY).astype(np.int64),
            revenue=np.full(len(order), np.nan),
            problem=no_texts,
        )

    def _draw_products(self, random: np.random.Generator, who: Ints, day: int) -> Ints:
        """Draw a product of a category that each shopper likes."""
        weights = np.exp(1.1 * self.taste[day, who])
        edges = np.cumsum(weights, axis=1)
        category = (random.random(len(who))[:, None] * edges[:, -1:] >= edges).sum(axis=1)
        order = np.argsort(self.shop.category, kind="stable")
        first = np.searchsorted(self.shop.category[order], category)
        sizes = np.bincount(self.shop.category, minlength=len(self.shop.categories))[category]
        return np.asarray(order[first + (random.random(len(who)) ** 1.5 * sizes).astype(np.int64)])

    def responses(self, shown: Showings) -> Records:
        """Draw the clicks and purchases that follow what was shown, in order of time."""
        position = {name: number for number, name in enumerate(self.shoppers)}
        who = np.array([position[name] for name in shown.shoppers], dtype=np.int64)
        probability = self.click_probability(
            who, shown.product, beside=shown.beside, discount=shown.discount, at=shown.at
        )
        clicked = hash_uniform(shown.offers, f"click {self.seed}") < probability
        bought = clicked & (hash_uniform(shown.offers, f"buy {self.seed}") < _BUYS)
        price = np.round(self.shop.price[shown.product] * (1 - shown.discount), 2)
        rows: list[ShopperResponse] = []
        for number in np.flatnonzero(clicked).tolist():
            offer, shopper, at = shown.offers[number], shown.shoppers[number], float(shown.at[number])
            rows.append(ShopperResponse(f"{offer}/c", shopper, offer, at + _SECONDS_TO_CLICK))
            if bought[number]:
                paid = float(price[number])
                rows.append(
                    ShopperResponse(
                        f"{offer}/b", shopper, offer, at=at + _SECONDS_TO_BUY, kind="offer_purchase", revenue=paid
                    )
                )
        return response_records(sorted(rows, key=lambda response: (response.at, response.id)))


class ShopperResponse(NamedTuple):
    """A click or a purchase that follows an offer."""

    id: str
    shopper: str
    offer: str
    at: float
    kind: str = "offer_click"
    revenue: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class Showings:
    """Offers that were shown, one position for each.

    Attributes:
        offers: Ids of the offers.
        shoppers: Customer ids.
        product: Positions of the products.
        beside: Whether the product is of the category being looked at.
        discount: Discounts.
        at: Times in seconds.
    """

    offers: Sequence[str]
    shoppers: Sequence[str]
    product: Ints
    beside: Floats
    discount: Floats
    at: Floats

    @classmethod
    def from_outcome(cls, records: Records, outcome: BatchOutcome) -> Showings:
        """Collect what was decided on these records, without the slots in which nothing was shown."""
        offers: list[str] = []
        shoppers: list[str] = []
        numbers = [np.zeros((0, 4))]
        for positions, decisions in outcome.slot_decisions:
            shown = np.flatnonzero(decisions.product >= 0)
            beside = decisions.features[shown, decisions.column[shown], BESIDE]
            times = records.at[positions[shown]]
            numbers.append(np.column_stack([decisions.product[shown], beside, decisions.discount[shown], times]))
            offers += [f"{records.ids[position]}/{decisions.slot}" for position in positions[shown].tolist()]
            shoppers += [records.shoppers[position] for position in positions[shown].tolist()]
        product, beside, discount, at = np.concatenate(numbers).T
        return cls(
            offers=offers, shoppers=shoppers, product=product.astype(np.int64), beside=beside, discount=discount, at=at
        )


def response_records(rows: Sequence[ShopperResponse]) -> Records:
    """Make records of responses, in their order."""
    seconds, no_texts = np.array([row.at for row in rows], dtype=np.float64), [""] * len(rows)
    return Records(
        ids=[row.id for row in rows],
        kinds=[row.kind for row in rows],
        shoppers=[row.shopper for row in rows],
        products=no_texts,
        offers=[row.offer for row in rows],
        at=seconds,
        delivered=seconds + 60.0,
        day=(seconds // DAY).astype(np.int64),
        revenue=np.array([row.revenue for row in rows], dtype=np.float64),
        problem=no_texts,
    )


def select_records(records: Records, positions: Ints) -> Records:
    """Return the records at these positions."""
    listed = positions.tolist()
    values: dict[str, Any] = {
        name: value[positions] if isinstance(value, np.ndarray) else [value[position] for position in listed]
        for name, value in vars(records).items()
    }
    return replace(records, **values)


def merge_records(first: Records, second: Records) -> Records:
    """Merge records in order of time."""
    values: dict[str, Any] = {
        name: np.r_[value, getattr(second, name)] if isinstance(value, np.ndarray) else [*value, *getattr(second, name)]
        for name, value in vars(first).items()
    }
    both = replace(first, **values)
    return select_records(both, np.argsort(both.at, kind="stable"))
