"""What follows a purchase: returns and reviews; and the clicks in the app before it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

import numpy as np

from tools.demo import season
from tools.demo.assortment import CATEGORIES
from tools.demo.customers import Customers
from tools.demo.products import Products
from tools.demo.shopping import CANCELLED, RETURNED, Market, OrderLines, purchase_rates
from tools.demo.world import World

REVIEW_SHARE = 0.02
BROWSING_SHARE = 0.07
VIEWS_A_VISIT = 3

_BROWSING_VISITS = 500_000  # visits that end in an order are numbered like the day's orders, from 1
_RETURN_SHARES = {"Produce": 0.004, "Household": 0.018, "Health & Beauty": 0.022, "Baby": 0.024, "Pet": 0.016}
_OTHER_RETURN_SHARE = 0.008


@dataclass(frozen=True)
class Review:
    """A review that will be written.

    Attributes:
        who: Position of the customer.
        product: Position of the product.
        rating: Stars from 1 to 5.
    """

    who: int
    product: int
    rating: int


@dataclass
class ScheduledFollowUps:
    """What will happen on later days: within three weeks, so memory stays small.

    Attributes:
        returns: Lines that come back, by day.
        reviews: Reviews that will be written, by day.
    """

    returns: dict[int, list[OrderLines]] = field(default_factory=lambda: defaultdict(list))
    reviews: dict[int, list[Review]] = field(default_factory=lambda: defaultdict(list))


def schedule_follow_ups(
    world: World, day: date, lines: OrderLines, products: Products, *, scheduled: ScheduledFollowUps
) -> None:
    """Draw which lines of a day come back and which are reviewed, and when; they are added to `scheduled`."""
    rng = world.stream("afterwards", day.toordinal())
    sold = lines.take(lines.status != CANCELLED)
    shares = np.array([_RETURN_SHARES.get(c.department, _OTHER_RETURN_SHARE) for c in CATEGORIES])
    unhappy = rng.random(len(sold)) < shares[products.category[sold.product]] * (5.6 - products.quality[sold.product])
    later = day.toordinal() + rng.integers(1, 21, len(sold))
    for when in np.unique(later[unhappy]):
        scheduled.returns[int(when)].append(sold.take(unhappy & (later == when)))
    written = np.flatnonzero((rng.random(len(sold)) < REVIEW_SHARE) & sold.card)
    ratings = np.clip(np.round(rng.normal(products.quality[sold.product[written]], 0.9) - unhappy[written]), 1, 5)
    delays = rng.integers(1, 15, len(written))
    for n, rating, delay in zip(written, ratings, delays, strict=True):
        review = Review(int(sold.who[n]), int(sold.product[n]), int(rating))
        scheduled.reviews[day.toordinal() + int(delay)].append(review)


def returned_lines(world: World, day: date, scheduled: ScheduledFollowUps) -> list[OrderLines]:
    """Return the lines brought back on a day: everything negative, under the order that they were bought in."""
    if not season.demand(day):  # closed: they come tomorrow
        scheduled.returns[day.toordinal() + 1] += scheduled.returns.pop(day.toordinal(), [])
    rng = world.stream("returns", day.toordinal())
    batches = []
    for lines in scheduled.returns.pop(day.toordinal(), []):
        amounts = {name: -getattr(lines, name) for name in _AMOUNTS}
        second = np.sort(rng.integers(9 * 3600, 20 * 3600, len(lines)))
        batches.append(replace(lines, second=second, status=np.full(len(lines), RETURNED), **amounts))
    return batches


_AMOUNTS = ("quantity", "list_amount", "instore", "campaign", "manufacturer", "match")


@dataclass(frozen=True, kw_only=True)
class AppEvent:
    """A click in the app.

    Attributes:
        number: Number of the event of its day, from 1.
        kind: view, cart or purchase.
        who: Position of the customer.
        product: Position of the product.
        second: Second of the day in New York.
        price: Cents.
        visit: Number of the visit of its day.
    """

    number: int
    kind: str
    who: int
    product: int
    second: int
    price: int
    visit: int


def app_events(
    world: World, market: Market, customers: Customers, products: Products, *, lines: OrderLines
) -> list[AppEvent]:
    """Draw the app's events of a day: visits that only look; views, carts and purchases of the orders of app users."""
    rng = world.stream("clicks", market.day.toordinal())
    browsing = _browsing_clicks(market, customers, products, rng)
    app_lines = lines.take(customers.has_app[lines.who] & lines.card & (lines.status != CANCELLED))
    clicks = browsing + _buying_clicks(app_lines, rng)
    clicks.sort(key=lambda click: (click.second, click.visit))
    return [
        AppEvent(number=number, price=int(market.prices[click.product]), **click._asdict())
        for number, click in enumerate(clicks, start=1)
    ]


class _Click(NamedTuple):
    kind: str
    who: int
    product: int
    second: int
    visit: int


def _browsing_clicks(
    market: Market, customers: Customers, products: Products, rng: np.random.Generator
) -> list[_Click]:
    """Draw views of what is wanted at home: a sign of a purchase to come."""
    users = np.flatnonzero(
        customers.has_app & (rng.random(len(customers)) < BROWSING_SHARE * customers.activity(market.day))
    )
    if not len(users):
        return []
    wanted = purchase_rates(market, customers, users)
    clicks: list[_Click] = []
    for row, who in enumerate(users):
        start = int(rng.integers(7 * 3600, 23 * 3600))
        picked = rng.choice(len(CATEGORIES), VIEWS_A_VISIT, p=wanted[row] / wanted[row].sum())
        for step, category in enumerate(picked):
            product = int(customers.favourite[who, category])
            if not market.sold[product]:
                continue
            clicks.append(_Click("view", int(who), product, start + 20 * step, visit=_BROWSING_VISITS + row))
            if rng.random() < 0.12:
                clicks.append(_Click("cart", int(who), product, start + 20 * step + 9, visit=_BROWSING_VISITS + row))
    return clicks


def _buying_clicks(lines: OrderLines, rng: np.random.Generator) -> list[_Click]:
    """Draw view, cart and purchase of each line bought with the app, shortly before the order."""
    clicks: list[_Click] = []
    lookups = rng.random(len(lines))
    columns = (lines.who, lines.product, lines.second, lines.line, lines.order, lookups)
    for who, product, second, line, order, lookup in zip(*(column.tolist() for column in columns), strict=True):
        began = second - 600 + 20 * min(line, 28)
        visit = order % 1_000_000
        if lookup < 0.9:
            clicks.append(_Click("view", who, product, began, visit=visit))
        clicks.append(_Click("cart", who, product, began + 8, visit=visit))
        clicks.append(_Click("purchase", who, product, second, visit=visit))
    return clicks
