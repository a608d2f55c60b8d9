"""A small shop, its settings and records of one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from basketry.config.settings import CHECKOUT
from basketry.domains.offers.engine import Engine
from basketry.domains.offers.memory import Memory
from basketry.domains.offers.records import DAY, Records
from basketry.domains.offers.settings import OfferSettings, load_settings
from basketry.domains.offers.shop import Assortment, PopularProducts, ShopperKnowledge
from tests.kit.changed import changed
from tools.demo.offer_shoppers import ShopperWorld
from tools.demo.offer_simulation import blurred_knowledge, popular_from_views

NOON = 1_767_225_600.0 + DAY / 2  # 2026-01-01 12:00 UTC
MINUTE = 60.0


def settings(**changes: object) -> OfferSettings:
    """What is shipped, with changes."""
    return changed(load_settings(CHECKOUT / "include"), **changes)


def shop(categories: int = 12, products: int = 15) -> Assortment:
    """So many products in each category; all in stock, all with a margin."""
    random, count = np.random.default_rng(5), categories * products
    price = np.round(random.uniform(2, 20, count), 2)
    return Assortment(
        products=tuple(f"P{number:04}" for number in range(count)),
        categories=tuple(f"C{number:02}" for number in range(categories)),
        category=np.repeat(np.arange(categories), products),
        price=price,
        cost=price * random.uniform(0.5, 0.8, count),
        units=np.full(count, 100.0),
    )


def shoppers(count: int) -> list[str]:
    """Names."""
    return [f"s{number:03}" for number in range(count)]


def world(count: int = 40, days: int = 2, seed: int = 11) -> ShopperWorld:
    """A world that begins at midnight before NOON."""
    return ShopperWorld.create(shop(), shoppers(count), days=days, start=NOON - DAY / 2, seed=seed)


def engine(chosen: OfferSettings | None = None, **parts: object) -> Engine:
    """An engine to whom nothing has happened. parts: shop, knowledge, popular, memory."""
    chosen = chosen or settings()
    of = world()
    defaults: dict[str, object] = {
        "shop": of.shop,
        "knowledge": blurred_knowledge(of, chosen),
        "popular": popular_from_views(of.shop, of.activity(0).products),
        "memory": Memory.empty(of.shop.categories, of.shop.products, chosen),
    }
    return Engine(settings=chosen, **(defaults | parts))  # type: ignore[arg-type]


def nobody(of: Assortment, width: int = 12) -> ShopperKnowledge:
    """Nothing is known of anyone."""
    zeros = np.zeros((1, width))
    return ShopperKnowledge(
        shoppers=(),
        recommended=np.full((1, width), -1),
        scores=zeros,
        propensity=np.zeros((1, len(of.categories))),
        opted_out=frozenset(),
        bought=np.zeros((0, 3), dtype=np.int64),
    )


def only(of: Assortment, *products: int) -> PopularProducts:
    """Exactly these products are popular, everywhere."""
    row = np.full(max(8, len(products)), -1)
    row[: len(products)] = products
    return PopularProducts(np.tile(row, (len(of.categories) + 1, 1)))


def record(
    identity: str,
    kind: str = "view",
    shopper: str = "s001",
    product: str = "P0001",
    offer: str = "",
    minutes: float = 0.0,
    revenue: float = float("nan"),
    delivered: float | None = None,
    problem: str = "",
) -> Records:
    """One record, so many minutes after NOON, delivered a minute later unless told otherwise."""
    at = NOON + minutes * MINUTE
    when = at + MINUTE if delivered is None else NOON + delivered * MINUTE
    return Records(
        ids=[identity],
        kinds=[kind],
        shoppers=[shopper],
        products=[product],
        offers=[offer],
        at=np.array([at]),
        delivered=np.array([when]),
        day=np.array([0 if np.isnan(at) else int(at // DAY)]),
        revenue=np.array([revenue]),
        problem=[problem],
    )


def batch(rows: Sequence[Records]) -> Records:
    """Records in the order given."""
    values = {
        name: np.concatenate([getattr(row, name) for row in rows])
        if isinstance(value, np.ndarray)
        else [text for row in rows for text in getattr(row, name)]
        for name, value in vars(rows[0]).items()
    }
    return replace(rows[0], **values)
