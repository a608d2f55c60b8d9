"""The demo retailer's products: names, brands, packs, prices and how well liked they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product as combinations

import numpy as np

from tools.demo.assortment import BRANDS, CATEGORIES, MARGINS, STORE_BRAND, Category
from tools.demo.world import Flags, Floats, Ints, World

PER_CATEGORY = 22
FIRST_NUMBER = 100200
LATER_SHARE = 0.05
"""Share of the products that enter the assortment with a later price list."""

_BRAND_TIERS = (0.92, 1.0, 1.12, 1.3)
_PACK_FACTORS = (0.62, 1.0, 1.75)
_PRICE_DRIFT = (0.012, 0.015)


@dataclass(frozen=True, kw_only=True)
class Products:
    """All products, one position for each.

    Attributes:
        item_codes: Code of each product as delivered.
        names: Name of each product.
        brands: Brand of each product.
        packs: Pack size of each product.
        subcategories: Variant of each product.
        category: Position of each product's category.
        base_price: Price in cents before any price list.
        drift: Rise of the price from one price list to the next.
        margin: Share of the price that is not cost.
        liking: Log weight of choice within the category.
        quality: Mean rating of reviews.
        first_list: First price list that each product is in.
    """

    item_codes: list[str]
    names: list[str]
    brands: list[str]
    packs: list[str]
    subcategories: list[str]
    category: Ints
    base_price: Floats
    drift: Floats
    margin: Floats
    liking: Floats
    quality: Floats
    first_list: Ints

    def __len__(self) -> int:
        """Return the number of products."""
        return len(self.item_codes)

    def prices(self, price_list: int) -> Ints:
        """Return the cents of one unit in a price list (0 is the first).

        Every price ends in 9, and every list is dearer by about 1 %.
        """
        raw = self.base_price * (1 + self.drift) ** price_list
        return (np.maximum(np.round(raw / 10), 6) * 10 - 1).astype(np.int64)

    def costs(self, price_list: int) -> Ints:
        """Return the cents that one unit costs the retailer."""
        return np.round(self.prices(price_list) * (1 - self.margin)).astype(np.int64)

    @cached_property
    def in_category(self) -> Ints:
        """Positions of the products of each category, one row per category, filled up with -1."""
        rows = [np.flatnonzero(self.category == number) for number in range(len(CATEGORIES))]
        table = np.full((len(rows), max(map(len, rows))), -1, dtype=np.int64)
        for number, row in enumerate(rows):
            table[number, : len(row)] = row
        return table

    @cached_property
    def branded(self) -> Flags:
        """Whether a product is of a manufacturer's brand rather than the store's own."""
        return np.array([brand != STORE_BRAND for brand in self.brands])

    @cached_property
    def relative_price(self) -> Floats:
        """Log of a product's price against the mean of its category."""
        totals = np.bincount(self.category, weights=np.log(self.base_price))
        return np.log(self.base_price) - (totals / np.bincount(self.category))[self.category]


def _range_of(category: Category, rng: np.random.Generator) -> list[tuple[str, str, str]]:
    """Draw brand, variant and pack of each product of a category, in a stable order."""
    brands = (STORE_BRAND, *BRANDS[category.department])
    possible = list(combinations(brands, category.variants, category.sizes))
    chosen = rng.permutation(len(possible))[:PER_CATEGORY]
    return [possible[position] for position in sorted(chosen)]


def _relative_cost(category: Category, item: tuple[str, str, str]) -> float:
    brand, _, pack = item
    brands = BRANDS[category.department]
    tier = 0.76 if brand == STORE_BRAND else _BRAND_TIERS[brands.index(brand) % len(_BRAND_TIERS)]
    return tier * _PACK_FACTORS[category.sizes.index(pack)]


def make_products(world: World) -> Products:
    """Draw the whole assortment of a world; it does not depend on the world's days."""
    rng = world.stream("products")
    items = [(number, item) for number, c in enumerate(CATEGORIES) for item in _range_of(c, rng)]
    count = len(items)
    category = np.array([number for number, _ in items])
    relative = np.array([_relative_cost(CATEGORIES[number], item) for number, item in items])
    departments = [CATEGORIES[number].department for number, _ in items]
    store_brand = np.array([item[0] == STORE_BRAND for _, item in items])
    return Products(
        item_codes=[str(FIRST_NUMBER + 7 * position) for position in range(count)],
        names=[" ".join(item) for _, item in items],
        brands=[item[0] for _, item in items],
        packs=[item[2] for _, item in items],
        subcategories=[item[1] for _, item in items],
        category=category,
        base_price=100 * relative * np.array([CATEGORIES[n].price for n in category]) * rng.normal(1, 0.06, count),
        drift=rng.normal(*_PRICE_DRIFT, count),
        margin=np.array([MARGINS[d] for d in departments]) + 0.08 * store_brand + rng.normal(0, 0.02, count),
        liking=rng.normal(0, 0.55, count),
        quality=np.clip(rng.normal(4.05, 0.45, count), 2.2, 4.9),
        first_list=np.where(rng.random(count) < LATER_SHARE, rng.integers(1, 4, count), 0),
    )
