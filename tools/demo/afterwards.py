"""What follows a purchase: returns, reviews and the clicks before it in the app."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from tools.demo import season
from tools.demo.assortment import CATEGORIES
from tools.demo.customers import Customers
from tools.demo.products import Products
from tools.demo.shopping import CANCELLED, RETURNED, Lines, Market, hunger
from tools.demo.world import World

REVIEW_SHARE = 0.02
BROWSING_SHARE = 0.07
VIEWS_A_VISIT = 3

_BROWSING_VISITS = 500_000  # visits that end in an order are numbered like the day's orders, from 1
_RETURN_SHARES = {"Produce": 0.004, "Household": 0.018, "Health & Beauty": 0.022, "Baby": 0.024, "Pet": 0.016}
_OTHER_RETURN_SHARE = 0.008


@dataclass(frozen=True)
class Review:
    """A rating that will be written: 1 to 5."""

    who: int
    product: int
    rating: int


@dataclass
class Ahead:
    """What is already known to happen on later days: at most three weeks, so memory stays small."""

    returns: dict[int, list[Lines]] = field(default_factory=lambda: defaultdict(list))
    reviews: dict[int, list[Review]] = field(default_factory=lambda: defaultdict(list))


def foresee(world: World, day: date, lines: Lines, products: Products, ahead: Ahead) -> None:
    """Decide which lines of the day come back and which are reviewed, and when."""
    chance = world.stream("afterwards", day.toordinal())
    kept = lines.take(lines.status != CANCELLED)
    shares = np.array([_RETURN_SHARES.get(c.department, _OTHER_RETURN_SHARE) for c in CATEGORIES])
    unhappy = chance.random(len(kept)) < shares[products.category[kept.product]] * (
        5.6 - products.quality[kept.product]
    )
    later = day.toordinal() + chance.integers(1, 21, len(kept))
    for when in np.unique(later[unhappy]):
        ahead.returns[int(when)].append(kept.take(unhappy & (later == when)))
    written = np.flatnonzero((chance.random(len(kept)) < REVIEW_SHARE) & kept.card)
    ratings = np.clip(np.round(chance.normal(products.quality[kept.product[written]], 0.9) - unhappy[written]), 1, 5)
    delays = chance.integers(1, 15, len(written))
    for n, rating, delay in zip(written, ratings, delays, strict=True):
        review = Review(int(kept.who[n]), int(kept.product[n]), int(rating))
        ahead.reviews[day.toordinal() + int(delay)].append(review)


def returned(world: World, day: date, ahead: Ahead) -> list[Lines]:
    """Lines brought back on the day: everything negative, under the order they were bought in."""
    if not season.demand(day):  # closed: they come tomorrow
        ahead.returns[day.toordinal() + 1] += ahead.returns.pop(day.toordinal(), [])
    chance = world.stream("returns", day.toordinal())
    batches = []
    for lines in ahead.returns.pop(day.toordinal(), []):
        amounts = {name: -getattr(lines, name) for name in _AMOUNTS}
        second = np.sort(chance.integers(9 * 3600, 20 * 3600, len(lines)))
        batches.append(replace(lines, second=second, status=np.full(len(lines), RETURNED), **amounts))
    return batches


_AMOUNTS = ("quantity", "list_amount", "instore", "campaign", "manufacturer", "match")


@dataclass(frozen=True)
class Event:
    """A click in the app. `second` is of the day in New York; the price is cents."""

    number: int
    kind: str
    who: int
    product: int
    second: int
    price: int
    visit: int


def clicks(world: World, market: Market, customers: Customers, products: Products, lines: Lines) -> list[Event]:
    """The app's events of a day: visits that only look, and views, carts and purchases of the orders of app users."""
    chance = world.stream("clicks", market.day.toordinal())
    looked = _browsing(market, customers, products, chance)
    app_lines = lines.take(customers.has_app[lines.who] & lines.card & (lines.status != CANCELLED))
    found = looked + _buying(app_lines, chance)
    found.sort(key=lambda event: (event[3], event[4]))
    return [
        Event(n, kind, who, product, second, int(market.prices[product]), visit)
        for n, (kind, who, product, second, visit) in enumerate(found, start=1)
    ]


_Click = tuple[str, int, int, int, int]


def _browsing(market: Market, customers: Customers, products: Products, chance: np.random.Generator) -> list[_Click]:
    """Views of what is wanted at home: a sign of a purchase to come."""
    users = np.flatnonzero(
        customers.has_app & (chance.random(len(customers)) < BROWSING_SHARE * customers.activity(market.day))
    )
    if not len(users):
        return []
    wanted = hunger(market, customers, users)
    found: list[_Click] = []
    for row, who in enumerate(users):
        start = int(chance.integers(7 * 3600, 23 * 3600))
        picked = chance.choice(len(CATEGORIES), VIEWS_A_VISIT, p=wanted[row] / wanted[row].sum())
        for step, category in enumerate(picked):
            product = int(customers.favourite[who, category])
            if not market.sold[product]:
                continue
            found.append(("view", int(who), product, start + 20 * step, _BROWSING_VISITS + row))
            if chance.random() < 0.12:
                found.append(("cart", int(who), product, start + 20 * step + 9, _BROWSING_VISITS + row))
    return found


def _buying(lines: Lines, chance: np.random.Generator) -> list[_Click]:
    """View, cart and purchase of each line bought with the app, shortly before the order."""
    found: list[_Click] = []
    lookups = chance.random(len(lines))
    columns = (lines.who, lines.product, lines.second, lines.line, lines.order, lookups)
    for who, product, second, line, order, lookup in zip(*(column.tolist() for column in columns), strict=True):
        began = second - 600 + 20 * min(line, 28)
        visit = order % 1_000_000
        if lookup < 0.9:
            found.append(("view", who, product, began, visit))
        found.append(("cart", who, product, began + 8, visit))
        found.append(("purchase", who, product, second, visit))
    return found
