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
from tools.demo.places import ZIP_CODES
from tools.demo.products import Products
from tools.demo.promotions import Campaign
from tools.demo.world import Flags, Floats, Ints, World

PAID, SHIPPED, CANCELLED, RETURNED = range(4)
ONLINE_SHARE, CANCELLED_SHARE, FORGOTTEN_CARD_SHARE = 0.10, 0.07, 0.02
MANUFACTURER_COUPON_SHARE, MATCH_SHARE = 0.09, 0.45
FACE_VALUES = (50, 75, 100, 150)

_FAVOURITE_BONUS = 2.6
_CLOSING = 23 * 3600 + 50 * 60


@dataclass(frozen=True, kw_only=True)
class Market:
    """What a day offers.

    Attributes:
        day: The day.
        prices: Cents of each product.
        savings: Share of the price of each product that card holders save.
        sold: Whether each product is sold at all.
        campaigns: Running campaigns.
    """

    day: date
    prices: Ints
    savings: Floats
    sold: Flags
    campaigns: tuple[Campaign, ...]


@dataclass(frozen=True, kw_only=True)
class OrderLines:
    """Order lines, one entry for each, oldest first; amounts are cents.

    Attributes:
        order: Number of the order.
        line: Number of the line in its order, from 1.
        who: Position of the customer.
        product: Position of the product.
        second: Second of the day in New York.
        quantity: Units.
        list_amount: Amount before discounts.
        instore: Loyalty savings.
        campaign: Saved by campaign coupons.
        manufacturer: Saved by manufacturers' coupons.
        match: Retailer's match of manufacturers' coupons.
        status: PAID, SHIPPED, CANCELLED or RETURNED.
        card: Whether the loyalty card was shown.
    """

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
        """Return the number of lines."""
        return len(self.order)

    @property
    def net(self) -> Ints:
        """Cents paid."""
        return self.list_amount - self.instore - self.campaign - self.manufacturer - self.match

    def take(self, chosen: Ints | Flags) -> OrderLines:
        """Return only the chosen lines."""
        return OrderLines(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


@dataclass(frozen=True)
class Redemption:
    """A coupon that was used.

    Attributes:
        who: Position of the customer.
        coupon: Code of the coupon as delivered.
        campaign: Code of the campaign as delivered.
    """

    who: int
    coupon: str
    campaign: str


@dataclass(frozen=True)
class _ShoppingDay:
    """A day on which purchases are drawn."""

    market: Market
    customers: Customers
    products: Products
    rng: np.random.Generator


def simulate_purchases(
    world: World, market: Market, customers: Customers, products: Products
) -> tuple[OrderLines, list[Redemption]]:
    """Draw all purchases of a day and the coupons redeemed in them; remembers what each customer bought last when."""
    rng = world.stream("day", market.day.toordinal())
    shopping = _ShoppingDay(market, customers, products, rng)
    shoppers = _draw_shoppers(market.day, customers, rng)
    trip, category = _draw_wants(shopping, shoppers)
    product = _choose_products(shopping, shoppers[trip], category)
    trip, product = np.unique(np.stack([trip, product]), axis=1)
    customers.last_bought[shoppers[trip], products.category[product]] = market.day.toordinal()
    return _price_lines(shopping, _Trips.draw(shopping, shoppers), trip, product)


def _draw_shoppers(day: date, customers: Customers, rng: np.random.Generator) -> Ints:
    """Draw the customers who shop on a day; those who join on it mostly do."""
    weekend = season.weekend_share(day)
    habit = np.where(weekend > 0, customers.weekender**0.6, customers.weekender**-0.3)
    rate = customers.trip_rate * habit * customers.activity(day) * season.demand(day)
    rate += 2.0 * (customers.joined == day.toordinal()) * (season.demand(day) > 0)
    return np.flatnonzero(rng.random(len(customers)) < 1 - np.exp(-rate))


def _draw_wants(shopping: _ShoppingDay, shoppers: Ints) -> tuple[Ints, Ints]:
    """Draw (trip, category) of everything that is bought; a category twice where several products are taken."""
    rng, rates = shopping.rng, purchase_rates(shopping.market, shopping.customers, shoppers)
    bought = rng.random(rates.shape) < 1 - np.exp(-rates)
    is_empty = ~bought.any(axis=1)
    bought[is_empty, (rates[is_empty] * rng.exponential(1, rates[is_empty].shape)).argmax(axis=1)] = True
    trip, category = np.nonzero(bought)
    several = rng.random(len(trip)) < np.array([c.several for c in CATEGORIES])[category]
    return np.concatenate([trip, trip[several]]), np.concatenate([category, category[several]])


def purchase_rates(market: Market, customers: Customers, who: Ints) -> Floats:
    """Return how much customers want categories today, as the rate of a purchase on a trip: customers x categories."""
    due = (market.day.toordinal() - customers.last_bought[who]) / customers.cycle[who]
    ready = 0.05 + 1.5 * due**3 / (1 + due**3)
    wanted = customers.taste[who] * ready * season.category_factors(market.day)
    for campaign in market.campaigns:
        wanted = wanted * (1 + campaign.lift(who))
    return np.asarray(wanted)


def _choose_products(shopping: _ShoppingDay, who: Ints, category: Ints) -> Ints:
    """Draw the product that each purchase takes: a favourite, a well liked one, or the good offer of a thrifty customer."""
    market, customers, products = shopping.market, shopping.customers, shopping.products
    candidates = products.in_category[category]
    thrift = customers.thrift[who][:, None]
    utility = products.liking[candidates] - 0.8 * thrift * products.relative_price[candidates]
    utility += 7.0 * thrift * market.savings[candidates]
    utility += _FAVOURITE_BONUS * (candidates == customers.favourite[who, category][:, None])
    utility[(candidates < 0) | ~market.sold[candidates]] = -np.inf
    best = (utility + shopping.rng.gumbel(size=utility.shape)).argmax(axis=1)
    return np.asarray(candidates[np.arange(len(candidates)), best])


@dataclass(frozen=True, kw_only=True)
class _Trips:
    """The orders of a day, one entry per shopper: number, second of the day in New York, status, card shown."""

    who: Ints
    order: Ints
    second: Ints
    status: Ints
    card: Flags

    @classmethod
    def draw(cls, shopping: _ShoppingDay, shoppers: Ints) -> _Trips:
        """Draw one trip of each shopper, numbered in the order of their times."""
        customers, rng, count = shopping.customers, shopping.rng, len(shoppers)
        behind = np.array([zip_code.hours_behind for zip_code in ZIP_CODES])[customers.place[shoppers]]
        hour = np.where(rng.random(count) < 0.45, rng.normal(11.2, 1.9, count), rng.normal(17.3, 1.7, count))
        second = (np.clip(hour, 7, 21.5) * 3600).astype(np.int64) + 3600 * behind
        second = np.minimum(second, _CLOSING - rng.integers(0, 3600, count))
        rank = np.empty(count, dtype=np.int64)
        rank[np.argsort(second, kind="stable")] = np.arange(count)
        online = rng.random(count) < np.where(customers.has_app[shoppers], 0.55, ONLINE_SHARE)
        cancelled = rng.random(count) < CANCELLED_SHARE
        status = np.where(online, np.where(cancelled, CANCELLED, SHIPPED), PAID)
        card = online | (rng.random(count) >= FORGOTTEN_CARD_SHARE)
        order = int(f"{shopping.market.day:%y%m%d}") * 1_000_000 + rank + 1
        return cls(who=shoppers, order=order, second=second, status=status, card=card)


def _price_lines(
    shopping: _ShoppingDay, trips: _Trips, trip: Ints, product: Ints
) -> tuple[OrderLines, list[Redemption]]:
    """Draw quantities and amounts of the lines, in order of time, and the redemptions."""
    market, rng = shopping.market, shopping.rng
    in_time = np.argsort(trips.order[trip], kind="stable")
    trip, product = trip[in_time], product[in_time]
    who, card = trips.who[trip], trips.card[trip]
    quantity = 1 + rng.poisson(0.16 * shopping.customers.adults[who] * (1 + 2.5 * market.savings[product]))
    list_amount = quantity * market.prices[product]
    instore = np.round(list_amount * market.savings[product] * card).astype(np.int64)
    left = list_amount - instore
    campaign, redemptions = _use_campaign_coupons(shopping, who, product, left=left, card=card)
    left = np.where(campaign > 0, 0, left)
    manufacturer, match = _use_manufacturer_coupons(shopping, who, product, left)
    first = np.concatenate([[True], trip[1:] != trip[:-1]]) if len(trip) else np.zeros(0, dtype=bool)
    begins = np.flatnonzero(first)
    line = np.arange(len(trip)) - np.repeat(begins, np.diff(np.append(begins, len(trip)))) + 1
    lines = OrderLines(
        order=trips.order[trip],
        line=line,
        who=who,
        product=product,
        second=trips.second[trip],
        quantity=quantity,
        list_amount=list_amount,
        instore=instore,
        campaign=campaign,
        manufacturer=manufacturer,
        match=match,
        status=trips.status[trip],
        card=card,
    )
    return lines, redemptions


def _use_campaign_coupons(
    shopping: _ShoppingDay, who: Ints, product: Ints, *, left: Ints, card: Flags
) -> tuple[Ints, list[Redemption]]:
    """Draw the cents saved by campaign coupons on each line. A coupon works once for a member, one coupon on a line.

    Args:
        shopping: The day.
        who: Position of each line's customer.
        product: Product of each line.
        left: Cents that are left to pay for each line.
        card: Whether the loyalty card was shown.
    """
    saved = np.zeros(len(who), dtype=np.int64)
    redemptions: list[Redemption] = []
    willing = (shopping.rng.random(len(who)) < shopping.customers.couponer[who] * 1.1) & card
    for campaign in shopping.market.campaigns:
        coupon = campaign.coupon_of[product]
        usable = np.flatnonzero(willing & (coupon >= 0) & (who < len(campaign.unused)) & (saved == 0))
        usable = usable[campaign.unused[who[usable], coupon[usable]]]
        pairs = who[usable] * len(campaign.coupons) + coupon[usable]
        usable = usable[np.sort(np.unique(pairs, return_index=True)[1])]
        saved[usable] = np.minimum(campaign.values[coupon[usable]], left[usable])
        campaign.unused[who[usable], coupon[usable]] = False
        redemptions += [Redemption(int(who[n]), campaign.coupons[coupon[n]], campaign.code) for n in usable]
    return saved, redemptions


def _use_manufacturer_coupons(shopping: _ShoppingDay, who: Ints, product: Ints, left: Ints) -> tuple[Ints, Ints]:
    """Draw the cents saved by manufacturers' coupons and by the retailer's match; no brand of the store has any."""
    rng, share = shopping.rng, MANUFACTURER_COUPON_SHARE * shopping.customers.couponer[who]
    clipped = shopping.products.branded[product] & (rng.random(len(who)) < share)
    face = np.where(clipped, rng.choice(FACE_VALUES, len(who)), 0)
    manufacturer = np.minimum(face, left)
    matched = rng.random(len(who)) < MATCH_SHARE
    return manufacturer, np.where(matched, np.minimum(np.minimum(manufacturer, 100), left - manufacturer), 0)
