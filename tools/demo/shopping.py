"""A day of shopping: who comes, what has run out at home, which product is taken, what is paid for it.

A household buys a category when its last purchase runs out (its replenishment cycle), when it likes the category, when
the season or a holiday calls for it, and when the price is good; the same causes a model can learn from.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from tools.demo import season
from tools.demo.assortment import CATEGORIES
from tools.demo.customers import Customers
from tools.demo.places import PLACES
from tools.demo.products import Products
from tools.demo.promotions import Campaign
from tools.demo.world import Flags, Floats, Ints, World

PAID, SHIPPED, CANCELLED, RETURNED = range(4)
ONLINE_SHARE, CANCELLED_SHARE, FORGOTTEN_CARD_SHARE = 0.10, 0.07, 0.02
MANUFACTURER_COUPON_SHARE, MATCH_SHARE = 0.09, 0.45
FACE_VALUES = (50, 75, 100, 150)

_FAVOURITE_BONUS = 2.6
_CLOSING = 23 * 3600 + 50 * 60


@dataclass(frozen=True)
class Market:
    """What the day offers: cents of each product, loyalty savings, what is sold at all, running campaigns."""

    day: date
    prices: Ints
    savings: Floats
    sold: Flags
    campaigns: tuple[Campaign, ...]


@dataclass(frozen=True)
class Lines:
    """Order lines, one entry a line, oldest first. `who` and `product` are positions; amounts are cents."""

    order: Ints
    line: Ints
    who: Ints
    product: Ints
    second: Ints
    quantity: Ints
    list_amount: Ints
    instore: Ints
    campaign: Ints
    manufacturer: Ints
    match: Ints
    status: Ints
    card: Flags

    def __len__(self) -> int:
        """Number of lines."""
        return len(self.order)

    @property
    def net(self) -> Ints:
        """Cents paid."""
        return self.list_amount - self.instore - self.campaign - self.manufacturer - self.match

    def take(self, chosen: Ints | Flags) -> Lines:
        """Only the chosen lines."""
        return Lines(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


@dataclass(frozen=True)
class Redemption:
    """A coupon used: customer's position, coupon and campaign as delivered."""

    who: int
    coupon: str
    campaign: str


def shop(world: World, market: Market, customers: Customers, products: Products) -> tuple[Lines, list[Redemption]]:
    """All purchases of a day and the coupons redeemed in them; remembers what each customer bought last when."""
    chance = world.stream("day", market.day.toordinal())
    shoppers = _shoppers(market.day, customers, chance)
    trip, category = _wanted(market, customers, shoppers, chance)
    product = _chosen_products(market, customers, products, shoppers[trip], category, chance)
    trip, product = np.unique(np.stack([trip, product]), axis=1)
    customers.last_bought[shoppers[trip], products.category[product]] = market.day.toordinal()
    trips = _Trips.begin(market.day, customers, shoppers, chance)
    return _paid(market, customers, products, trips, trip, product, chance)


def _shoppers(day: date, customers: Customers, chance: np.random.Generator) -> Ints:
    """Positions of the customers who shop on the day; those who join on it mostly do."""
    weekend = season.weekend_share(day)
    habit = np.where(weekend > 0, customers.weekender**0.6, customers.weekender**-0.3)
    rate = customers.trip_rate * habit * customers.activity(day) * season.demand(day)
    rate += 2.0 * (customers.joined == day.toordinal()) * (season.demand(day) > 0)
    return np.flatnonzero(chance.random(len(customers)) < 1 - np.exp(-rate))


def _wanted(market: Market, customers: Customers, shoppers: Ints, chance: np.random.Generator) -> tuple[Ints, Ints]:
    """(trip, category) of everything that is bought; a category twice where several products are taken."""
    appetite = hunger(market, customers, shoppers)
    bought = chance.random(appetite.shape) < 1 - np.exp(-appetite)
    without = ~bought.any(axis=1)
    bought[without, (appetite[without] * chance.exponential(1, appetite[without].shape)).argmax(axis=1)] = True
    trip, category = np.nonzero(bought)
    several = chance.random(len(trip)) < np.array([c.several for c in CATEGORIES])[category]
    return np.concatenate([trip, trip[several]]), np.concatenate([category, category[several]])


def hunger(market: Market, customers: Customers, who: Ints) -> Floats:
    """How much each customer (rows) wants each category (columns) today, as the rate of a purchase on a trip."""
    due = (market.day.toordinal() - customers.last_bought[who]) / customers.cycle[who]
    ready = 0.05 + 1.5 * due**3 / (1 + due**3)
    wanted = customers.taste[who] * ready * season.category_factors(market.day)
    for campaign in market.campaigns:
        wanted = wanted * (1 + campaign.lift(who))
    return np.asarray(wanted)


def _chosen_products(
    market: Market, customers: Customers, products: Products, who: Ints, category: Ints, chance: np.random.Generator
) -> Ints:
    """The product that each purchase takes: a favourite, a well liked one, or the good offer of a thrifty customer."""
    candidates = products.in_category[category]
    thrift = customers.thrift[who][:, None]
    utility = products.liking[candidates] - 0.8 * thrift * products.relative_price[candidates]
    utility += 7.0 * thrift * market.savings[candidates]
    utility += _FAVOURITE_BONUS * (candidates == customers.favourite[who, category][:, None])
    utility[(candidates < 0) | ~market.sold[candidates]] = -np.inf
    best = (utility + chance.gumbel(size=utility.shape)).argmax(axis=1)
    return np.asarray(candidates[np.arange(len(candidates)), best])


@dataclass(frozen=True)
class _Trips:
    """The orders of a day, one entry a shopper: number, second of the day in New York, status, card shown."""

    who: Ints
    order: Ints
    second: Ints
    status: Ints
    card: Flags

    @classmethod
    def begin(cls, day: date, customers: Customers, shoppers: Ints, chance: np.random.Generator) -> _Trips:
        """One trip of each shopper of a day, in the order of their times."""
        count = len(shoppers)
        behind = np.array([place.hours_behind for place in PLACES])[customers.place[shoppers]]
        hour = np.where(chance.random(count) < 0.45, chance.normal(11.2, 1.9, count), chance.normal(17.3, 1.7, count))
        second = (np.clip(hour, 7, 21.5) * 3600).astype(np.int64) + 3600 * behind
        second = np.minimum(second, _CLOSING - chance.integers(0, 3600, count))
        rank = np.empty(count, dtype=np.int64)
        rank[np.argsort(second, kind="stable")] = np.arange(count)
        online = chance.random(count) < np.where(customers.has_app[shoppers], 0.55, ONLINE_SHARE)
        cancelled = chance.random(count) < CANCELLED_SHARE
        status = np.where(online, np.where(cancelled, CANCELLED, SHIPPED), PAID)
        card = online | (chance.random(count) >= FORGOTTEN_CARD_SHARE)
        return cls(shoppers, int(f"{day:%y%m%d}") * 1_000_000 + rank + 1, second, status, card)


def _paid(
    market: Market,
    customers: Customers,
    products: Products,
    trips: _Trips,
    trip: Ints,
    product: Ints,
    chance: np.random.Generator,
) -> tuple[Lines, list[Redemption]]:
    """The lines with quantities and amounts, in order of time, and the redemptions."""
    in_time = np.argsort(trips.order[trip], kind="stable")
    trip, product = trip[in_time], product[in_time]
    who, card = trips.who[trip], trips.card[trip]
    quantity = 1 + chance.poisson(0.16 * customers.adults[who] * (1 + 2.5 * market.savings[product]))
    list_amount = quantity * market.prices[product]
    instore = np.round(list_amount * market.savings[product] * card).astype(np.int64)
    campaign, redemptions = _campaign_coupons(market, customers, who, product, list_amount - instore, card, chance)
    left = np.where(campaign > 0, 0, list_amount - instore)
    manufacturer, match = _manufacturer_coupons(customers, products, who, product, left, chance)
    first = np.concatenate([[True], trip[1:] != trip[:-1]]) if len(trip) else np.zeros(0, dtype=bool)
    begins = np.flatnonzero(first)
    line = np.arange(len(trip)) - np.repeat(begins, np.diff(np.append(begins, len(trip)))) + 1
    return Lines(
        trips.order[trip],
        line,
        who,
        product,
        trips.second[trip],
        quantity,
        list_amount,
        instore,
        campaign,
        manufacturer,
        match,
        trips.status[trip],
        card,
    ), redemptions


def _campaign_coupons(
    market: Market, customers: Customers, who: Ints, product: Ints, left: Ints, card: Flags, chance: np.random.Generator
) -> tuple[Ints, list[Redemption]]:
    """Cents saved by campaign coupons on each line. A coupon works once for a member, one coupon on a line."""
    saved = np.zeros(len(who), dtype=np.int64)
    found: list[Redemption] = []
    willing = (chance.random(len(who)) < customers.couponer[who] * 1.1) & card
    for campaign in market.campaigns:
        coupon = campaign.coupon_of[product]
        usable = np.flatnonzero(willing & (coupon >= 0) & (who < len(campaign.unused)) & (saved == 0))
        usable = usable[campaign.unused[who[usable], coupon[usable]]]
        pairs = who[usable] * len(campaign.coupons) + coupon[usable]
        usable = usable[np.sort(np.unique(pairs, return_index=True)[1])]
        saved[usable] = np.minimum(campaign.values[coupon[usable]], left[usable])
        campaign.unused[who[usable], coupon[usable]] = False
        found += [Redemption(int(who[n]), campaign.coupons[coupon[n]], campaign.code) for n in usable]
    return saved, found


def _manufacturer_coupons(
    customers: Customers, products: Products, who: Ints, product: Ints, left: Ints, chance: np.random.Generator
) -> tuple[Ints, Ints]:
    """Cents saved by manufacturers' coupons and by the retailer's match of them; no brand of the store has any."""
    clipped = products.branded[product] & (
        chance.random(len(who)) < MANUFACTURER_COUPON_SHARE * customers.couponer[who]
    )
    face = np.where(clipped, chance.choice(FACE_VALUES, len(who)), 0)
    manufacturer = np.minimum(face, left)
    matched = chance.random(len(who)) < MATCH_SHARE
    return manufacturer, np.where(matched, np.minimum(np.minimum(manufacturer, 100), left - manufacturer), 0)
