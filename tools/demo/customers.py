"""The demo retailer's customers: who they are, what they like, when they join, fade and leave.

A customer is a position in arrays of numbers; names and addresses become text only where a file is written. Customers
join in cohorts, one a week; a cohort depends on its week alone.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np

from tools.demo.assortment import CATEGORIES
from tools.demo.places import FIRST_NAMES, LAST_NAMES, MAIL_DOMAINS, PLACES, STREETS
from tools.demo.products import Products
from tools.demo.world import DAYS_PER_WEEK, Flags, Floats, Ints, World

BASE_CUSTOMERS = 1900
JOINERS_PER_WEEK = 600 / 92
FIRST_NUMBER = 200001
APP_SHARE = 0.085
TASTE_LEVEL = 0.105
"""Sets how many categories a trip fills; with the trip rates it makes the default 300,000 to 400,000 lines."""

WITHDRAWALS_A_DAY = 0.00015
"""Share of the active customers who withdraw their consent to be called or mailed on a day."""

_BABY = [n for n, c in enumerate(CATEGORIES) if c.department == "Baby"]
_NEVER_LEAVES = 10**7


@dataclass
class Customers:
    """Customers by position. Days are ordinals (date.toordinal); matrices have one column a category."""

    number: Ints
    first_name: Ints
    last_name: Ints
    place: Ints
    house: Ints
    street: Ints
    phone: Ints
    mail: Ints
    joined: Ints
    leaves: Ints
    fade_days: Ints
    trip_rate: Floats
    weekender: Floats
    thrift: Floats
    couponer: Floats
    has_app: Flags
    age: Ints
    marital: Ints
    income: Ints
    owner: Ints
    adults: Ints
    children: Ints
    taste: Floats
    cycle: Floats
    favourite: Ints
    last_bought: Floats

    def __len__(self) -> int:
        """Number of customers."""
        return len(self.number)

    def and_(self, others: Customers) -> Customers:
        """These customers followed by the others."""
        names = [field.name for field in fields(self)]
        return Customers(**{name: np.concatenate([getattr(self, name), getattr(others, name)]) for name in names})

    def activity(self, day: date) -> Floats:
        """How present each customer is on the day: 0 before joining and after leaving, falling while fading."""
        today = day.toordinal()
        fading = np.clip((self.leaves - today) / self.fade_days, 0, 1)
        return np.where(self.joined <= today, fading, 0.0)


def cohort_sizes(world: World, week: int) -> tuple[int, int]:
    """First position and size of the cohort of a week. Week -1 is everybody who joined before the start."""
    base = round(BASE_CUSTOMERS * world.scale)
    if week < 0:
        return 0, base
    joined = [int(JOINERS_PER_WEEK * world.scale * n) for n in (week, week + 1)]
    return base + joined[0], joined[1] - joined[0]


def make_cohort(world: World, week: int, products: Products) -> Customers:
    """The customers who join in a week (-1: before the start)."""
    first, size = cohort_sizes(world, week)
    chance = world.stream("customers", week + 1)
    start = world.start.toordinal()
    if week < 0:
        joined = start - 1 - (chance.beta(1.1, 1.6, size) * 5 * 365).astype(np.int64)
    else:
        joined = start + DAYS_PER_WEEK * week + chance.integers(0, DAYS_PER_WEEK, size)
    persons = _persons(chance, size)
    habits = _habits(chance, persons, np.maximum(joined, start))
    tastes = _tastes(chance, persons, products, np.maximum(joined, start))
    number = FIRST_NUMBER + first + np.arange(size)
    return Customers(number=number, joined=joined, **persons, **habits, **tastes)


def _persons(chance: np.random.Generator, size: int) -> dict[str, Any]:
    """Names, addresses and demographics. Children live where adults are of the age to have them."""
    age = chance.choice(6, size, p=[0.07, 0.19, 0.23, 0.21, 0.16, 0.14])
    adults = chance.choice([1, 2, 3], size, p=[0.37, 0.52, 0.11])
    parents = (chance.random(size) < np.array([0.10, 0.40, 0.58, 0.30, 0.05, 0.02])[age]) & (adults < 3)
    weights = np.array([1.6 if place.state in ("NY", "IL", "CA", "TX") else 1.0 for place in PLACES])
    return {
        "first_name": chance.integers(0, len(FIRST_NAMES), size),
        "last_name": chance.integers(0, len(LAST_NAMES), size),
        "place": chance.choice(len(PLACES), size, p=weights / weights.sum()),
        "house": chance.integers(1, 2400, size),
        "street": chance.integers(0, len(STREETS), size),
        "phone": chance.integers(0, 100, size),
        "mail": chance.integers(0, len(MAIL_DOMAINS), size),
        "age": age,
        "adults": adults,
        "marital": np.where(adults == 1, 1, chance.choice(3, size, p=[0.78, 0.10, 0.12])),
        "income": np.clip(chance.normal(2.3 + 0.5 * (adults - 1), 1.3, size), 0, 6).astype(np.int64),
        "owner": chance.choice(3, size, p=[0.58, 0.30, 0.12]),
        "children": np.where(parents, chance.choice([1, 2, 3], size, p=[0.45, 0.37, 0.18]), 0),
    }


def _habits(chance: np.random.Generator, persons: dict[str, Any], first_day: Ints) -> dict[str, Any]:
    """How often, when and how carefully each customer shops, and when he leaves for good."""
    size = len(first_day)
    months = chance.exponential(34, size)
    stays = chance.random(size) < 0.45
    income = persons["income"]
    return {
        "leaves": np.where(stays, _NEVER_LEAVES, first_day + 30 + (months * 30).astype(np.int64)),
        "fade_days": chance.integers(30, 120, size),
        "trip_rate": chance.gamma(1.5, 0.068 / 1.5, size) * (0.8 + 0.2 * persons["adults"] + 0.1 * persons["children"]),
        "weekender": np.where(chance.random(size) < 0.3, 2.2, 0.8),
        "thrift": np.clip(chance.gamma(3.0, 0.33, size) * (1.25 - 0.08 * income), 0.1, 3),
        "couponer": chance.beta(0.9, 3.5, size),
        "has_app": chance.random(size) < APP_SHARE,
    }


def _tastes(
    chance: np.random.Generator, persons: dict[str, Any], products: Products, first_day: Ints
) -> dict[str, Any]:
    """What each household buys at all, how eagerly, how long it lasts, and which product it likes best."""
    shape = (len(first_day), len(CATEGORIES))
    reach = np.tile([c.reach for c in CATEGORIES], (shape[0], 1))
    with_children = persons["children"] > 0
    reach[:, _BABY] = np.where(with_children & (persons["age"] < 3), 0.62, 0.015)[:, None]
    uses = chance.random(shape) < reach
    cycles = np.array([c.cycle_days for c in CATEGORIES])
    eagerness = chance.gamma(1.6, 1 / 1.6, shape)
    level = TASTE_LEVEL * (14 / cycles) ** 0.45
    household = (persons["adults"] + 0.8 * persons["children"]) ** 0.35
    candidates = products.in_category
    liked = chance.random((*shape, 3)) * (candidates >= 0).sum(axis=1)[:, None]
    favourite = candidates[np.arange(shape[1])[:, None], liked.min(axis=2).astype(np.int64)[:, :, None]][:, :, 0]
    return {
        "taste": np.where(uses, eagerness * level, 0.006).astype(np.float32),
        "cycle": (cycles * chance.lognormal(0, 0.3, shape) / household[:, None]).astype(np.float32),
        "favourite": favourite.astype(np.int16),
        "last_bought": (first_day[:, None] - cycles * chance.random(shape) * 2).astype(np.float32),
    }


def move_house(customers: Customers, who: int, chance: np.random.Generator) -> None:
    """The customer moves: new address and telephone number."""
    customers.place[who] = chance.integers(0, len(PLACES))
    customers.house[who] = chance.integers(1, 2400)
    customers.street[who] = chance.integers(0, len(STREETS))
    customers.phone[who] = chance.integers(0, 100)


def withdrawals(world: World, customers: Customers, day: date, earlier: set[int]) -> list[tuple[int, str]]:
    """Who tells the shop on the day not to be called or mailed any more, and by which channel; each says so once."""
    chance = world.stream("withdrawals", day.toordinal())
    who = np.flatnonzero(chance.random(len(customers)) < WITHDRAWALS_A_DAY * customers.activity(day))
    channels = chance.choice(3, len(who), p=[0.5, 0.35, 0.15]).tolist()
    named = zip(who.tolist(), channels, strict=True)
    return [(one, ("phone", "email", "all")[channel]) for one, channel in named if one not in earlier]


def change_mail(customers: Customers, who: int) -> None:
    """The customer gets another e-mail address."""
    customers.mail[who] += 1
