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
from tools.demo.places import FIRST_NAMES, LAST_NAMES, MAIL_DOMAINS, STREETS, ZIP_CODES
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


@dataclass(kw_only=True)
class Customers:
    """Customers by position. Days are ordinals (date.toordinal); matrices have one column per category.

    Attributes:
        number: Number as delivered.
        first_name: Position in FIRST_NAMES.
        last_name: Position in LAST_NAMES.
        place: Position in ZIP_CODES.
        house: House number.
        street: Position in STREETS.
        phone: Last two digits of the telephone number.
        mail: E-mail domain, and how often the address was changed.
        joined: Day of joining.
        leaves: Day of leaving for good.
        fade_days: Days over which visits become rarer before that.
        trip_rate: Shopping trips per day.
        weekender: How much they keep to the weekend.
        thrift: How much they look at prices.
        couponer: Readiness to use coupons.
        has_app: Whether they use the app.
        age: Position in AGES.
        marital: Position in "MSU".
        income: Position in INCOMES.
        owner: Position in "ORU".
        adults: Adults of the household.
        children: Children of the household.
        taste: How eagerly each category is bought.
        cycle: Days that a purchase of each category lasts.
        favourite: Favourite product of each category.
        last_bought: Day of the last purchase of each category.
    """

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
        """Return the number of customers."""
        return len(self.number)

    def followed_by(self, others: Customers) -> Customers:
        """Return these customers followed by others."""
        names = [field.name for field in fields(self)]
        return Customers(**{name: np.concatenate([getattr(self, name), getattr(others, name)]) for name in names})

    def activity(self, day: date) -> Floats:
        """Return how present customers are on a day: 0 before joining and after leaving, falling while fading."""
        today = day.toordinal()
        fading = np.clip((self.leaves - today) / self.fade_days, 0, 1)
        return np.where(self.joined <= today, fading, 0.0)


def cohort_sizes(world: World, week: int) -> tuple[int, int]:
    """Return first position and size of the cohort of a week. Week -1 is everybody who joined before the start."""
    base = round(BASE_CUSTOMERS * world.scale)
    if week < 0:
        return 0, base
    joined = [int(JOINERS_PER_WEEK * world.scale * n) for n in (week, week + 1)]
    return base + joined[0], joined[1] - joined[0]


def make_cohort(world: World, week: int, products: Products) -> Customers:
    """Draw the customers who join in a week (-1: before the start)."""
    first, size = cohort_sizes(world, week)
    rng = world.stream("customers", week + 1)
    start = world.start.toordinal()
    if week < 0:
        joined = start - 1 - (rng.beta(1.1, 1.6, size) * 5 * 365).astype(np.int64)
    else:
        joined = start + DAYS_PER_WEEK * week + rng.integers(0, DAYS_PER_WEEK, size)
    persons = _persons(rng, size)
    habits = _habits(rng, persons, np.maximum(joined, start))
    tastes = _tastes(rng, persons, products, np.maximum(joined, start))
    number = FIRST_NUMBER + first + np.arange(size)
    return Customers(number=number, joined=joined, **persons, **habits, **tastes)


def _persons(rng: np.random.Generator, size: int) -> dict[str, Any]:
    """Draw names, addresses and demographics. Children live where adults are of the age to have them."""
    age = rng.choice(6, size, p=[0.07, 0.19, 0.23, 0.21, 0.16, 0.14])
    adults = rng.choice([1, 2, 3], size, p=[0.37, 0.52, 0.11])
    parents = (rng.random(size) < np.array([0.10, 0.40, 0.58, 0.30, 0.05, 0.02])[age]) & (adults < 3)
    weights = np.array([1.6 if zip_code.state in ("NY", "IL", "CA", "TX") else 1.0 for zip_code in ZIP_CODES])
    return {
        "first_name": rng.integers(0, len(FIRST_NAMES), size),
        "last_name": rng.integers(0, len(LAST_NAMES), size),
        "place": rng.choice(len(ZIP_CODES), size, p=weights / weights.sum()),
        "house": rng.integers(1, 2400, size),
        "street": rng.integers(0, len(STREETS), size),
        "phone": rng.integers(0, 100, size),
        "mail": rng.integers(0, len(MAIL_DOMAINS), size),
        "age": age,
        "adults": adults,
        "marital": np.where(adults == 1, 1, rng.choice(3, size, p=[0.78, 0.10, 0.12])),
        "income": np.clip(rng.normal(2.3 + 0.5 * (adults - 1), 1.3, size), 0, 6).astype(np.int64),
        "owner": rng.choice(3, size, p=[0.58, 0.30, 0.12]),
        "children": np.where(parents, rng.choice([1, 2, 3], size, p=[0.45, 0.37, 0.18]), 0),
    }


def _habits(rng: np.random.Generator, persons: dict[str, Any], first_day: Ints) -> dict[str, Any]:
    """Draw how often, when and how carefully customers shop, and when they leave for good."""
    size = len(first_day)
    months = rng.exponential(34, size)
    stays = rng.random(size) < 0.45
    income = persons["income"]
    return {
        "leaves": np.where(stays, _NEVER_LEAVES, first_day + 30 + (months * 30).astype(np.int64)),
        "fade_days": rng.integers(30, 120, size),
        "trip_rate": rng.gamma(1.5, 0.068 / 1.5, size) * (0.8 + 0.2 * persons["adults"] + 0.1 * persons["children"]),
        "weekender": np.where(rng.random(size) < 0.3, 2.2, 0.8),
        "thrift": np.clip(rng.gamma(3.0, 0.33, size) * (1.25 - 0.08 * income), 0.1, 3),
        "couponer": rng.beta(0.9, 3.5, size),
        "has_app": rng.random(size) < APP_SHARE,
    }


def _tastes(rng: np.random.Generator, persons: dict[str, Any], products: Products, first_day: Ints) -> dict[str, Any]:
    """Draw what households buy at all, how eagerly, how long it lasts, and which product they like best."""
    shape = (len(first_day), len(CATEGORIES))
    reach = np.tile([c.reach for c in CATEGORIES], (shape[0], 1))
    with_children = persons["children"] > 0
    reach[:, _BABY] = np.where(with_children & (persons["age"] < 3), 0.62, 0.015)[:, None]
    uses = rng.random(shape) < reach
    cycles = np.array([c.cycle_days for c in CATEGORIES])
    eagerness = rng.gamma(1.6, 1 / 1.6, shape)
    level = TASTE_LEVEL * (14 / cycles) ** 0.45
    household = (persons["adults"] + 0.8 * persons["children"]) ** 0.35
    candidates = products.in_category
    liked = rng.random((*shape, 3)) * (candidates >= 0).sum(axis=1)[:, None]
    favourite = candidates[np.arange(shape[1])[:, None], liked.min(axis=2).astype(np.int64)[:, :, None]][:, :, 0]
    return {
        "taste": np.where(uses, eagerness * level, 0.006).astype(np.float32),
        "cycle": (cycles * rng.lognormal(0, 0.3, shape) / household[:, None]).astype(np.float32),
        "favourite": favourite.astype(np.int16),
        "last_bought": (first_day[:, None] - cycles * rng.random(shape) * 2).astype(np.float32),
    }


def move_house(customers: Customers, who: int, rng: np.random.Generator) -> None:
    """Give a customer who moves a new address and telephone number."""
    customers.place[who] = rng.integers(0, len(ZIP_CODES))
    customers.house[who] = rng.integers(1, 2400)
    customers.street[who] = rng.integers(0, len(STREETS))
    customers.phone[who] = rng.integers(0, 100)


def withdrawals(world: World, customers: Customers, day: date, earlier: set[int]) -> list[tuple[int, str]]:
    """Draw who withdraws consent to be called or mailed on a day, and for which channel; each does so once.

    Args:
        world: The world.
        customers: All customers.
        day: The day.
        earlier: Positions of customers who have withdrawn before.
    """
    rng = world.stream("withdrawals", day.toordinal())
    who = np.flatnonzero(rng.random(len(customers)) < WITHDRAWALS_A_DAY * customers.activity(day))
    channels = rng.choice(3, len(who), p=[0.5, 0.35, 0.15]).tolist()
    pairs = zip(who.tolist(), channels, strict=True)
    return [(customer, ("phone", "email", "all")[channel]) for customer, channel in pairs if customer not in earlier]


def change_mail(customers: Customers, who: int) -> None:
    """Give a customer another e-mail address."""
    customers.mail[who] += 1
