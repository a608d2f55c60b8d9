"""What makes people buy now: weekly loyalty prices, and campaigns with coupons for chosen customers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from tools.demo.assortment import CATEGORIES
from tools.demo.customers import Customers
from tools.demo.products import Products
from tools.demo.world import Flags, Floats, Ints, World

DEPTHS = (0.10, 0.15, 0.20, 0.25, 0.33, 0.40)
PROMOTED_SHARE = 0.13
WEEKS_BETWEEN_CAMPAIGNS = 3
CAMPAIGN_DAYS = 35
CAMPAIGN_KINDS = ("TypeA", "TypeB", "TypeB", "TypeC")
COUPON_VALUES = (75, 100, 150, 200, 300)
CAMPAIGN_LIFT = 0.8
"""How much more a member wants the categories of a campaign's coupons while it runs."""

_COUPONS = {"TypeA": 9, "TypeB": 5, "TypeC": 3}
_MAILED = {"TypeA": 0.30, "TypeB": 0.16, "TypeC": 0.10}


def loyalty_prices(world: World, week: int, products: Products) -> Floats:
    """Draw the share of the price that card holders save on each product in a week; 0 where it is not promoted.

    Whole brands of a category go on promotion together, as in a flyer.
    """
    rng = world.stream("flyer", week)
    groups = _brand_groups(products)
    promoted = rng.random(groups.max() + 1) < PROMOTED_SHARE
    depth = rng.choice(DEPTHS, len(promoted), p=[0.2, 0.22, 0.24, 0.16, 0.12, 0.06])
    return np.where(promoted, depth, 0.0)[groups]


def _brand_groups(products: Products) -> Ints:
    names = [f"{category}|{brand}" for category, brand in zip(products.category, products.brands, strict=True)]
    return np.unique(names, return_inverse=True)[1]


@dataclass(kw_only=True)
class Campaign:
    """A running campaign.

    Attributes:
        number: Its number from 1.
        kind: Its kind as delivered.
        start: First day.
        end: Last day.
        coupons: Codes of its coupons.
        values: Cents of each coupon.
        coupon_of: Position of the coupon that each product accepts, -1 for none.
        categories: Positions of the categories of the coupons.
        unused: Whether each customer may still use each coupon: customers x coupons.
    """

    number: int
    kind: str
    start: date
    end: date
    coupons: list[str]
    values: Ints
    coupon_of: Ints
    categories: Ints
    unused: Flags

    @property
    def code(self) -> str:
        """The campaign's id as delivered."""
        return f"CMP-{self.number:03d}"

    @property
    def members(self) -> Ints:
        """Positions of the customers who received it, while nothing is redeemed."""
        return np.flatnonzero(self.unused.any(axis=1))

    def lift(self, who: Ints) -> Floats:
        """Return how much more customers want each category because of this campaign: customers x categories."""
        existed = who < len(self.unused)  # others have joined since
        member = np.zeros(len(who), dtype=bool)
        member[existed] = self.unused[who[existed]].any(axis=1)
        lift = np.zeros((len(who), len(CATEGORIES)))
        lift[np.ix_(member, self.categories)] = CAMPAIGN_LIFT
        return lift


def new_campaign(world: World, day: date, customers: Customers, products: Products) -> Campaign | None:
    """Draw the campaign that begins on a day, or None. One begins on the first day of every third week."""
    week = world.week_of(day)
    if not world.begins_week(day) or week % WEEKS_BETWEEN_CAMPAIGNS != 1:
        return None
    number = week // WEEKS_BETWEEN_CAMPAIGNS + 1
    rng = world.stream("campaign", number)
    kind = CAMPAIGN_KINDS[int(rng.integers(0, len(CAMPAIGN_KINDS)))]
    coupon_of, categories = _draw_coupons(_COUPONS[kind], products, rng)
    is_member = _draw_members(customers, categories, day, share=_MAILED[kind], rng=rng)
    return Campaign(
        number=number,
        kind=kind,
        start=day,
        end=day + timedelta(days=CAMPAIGN_DAYS - 1),
        coupons=[f"{51000000000 + 1000 * number + position}" for position in range(_COUPONS[kind])],
        values=rng.choice(COUPON_VALUES, _COUPONS[kind]),
        coupon_of=coupon_of,
        categories=categories,
        unused=np.repeat(is_member[:, None], _COUPONS[kind], axis=1),
    )


def _draw_coupons(coupons: int, products: Products, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Draw which coupon each product accepts (-1 none), and the categories of the coupons. One coupon, one category."""
    categories = rng.permutation(len(CATEGORIES))[:coupons]
    position = np.full(len(CATEGORIES), -1)
    position[categories] = np.arange(coupons)
    accepted = position[products.category]
    accepted[~products.branded & (rng.random(len(products)) < 0.5)] = -1
    return accepted, np.sort(categories)


def _draw_members(
    customers: Customers, categories: Ints, day: date, *, share: float, rng: np.random.Generator
) -> Flags:
    """Draw who receives the campaign: rather those who like its categories and use coupons."""
    interest = (
        customers.taste[:, categories].mean(axis=1) * (0.4 + customers.couponer) * (customers.activity(day) > 0.2)
    )
    average = max(float(interest.mean()), 1e-9)
    return np.asarray(rng.random(len(customers)) < np.clip(share * interest / average, 0, 0.9))
