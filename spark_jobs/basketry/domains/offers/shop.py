"""What is known before an event comes: products, who they can be recommended to, what is popular. Arrays, no reads.

Products, categories and shoppers are positions in tuples of names; -1 stands for none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from basketry.domains.offers.settings import Offer

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

NONE = -1
WITHOUT_CATEGORY = "(none)"
PRODUCT_COLUMNS = ("product_id", "category", "list_price", "unit_cost", "units_available")
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Assortment:
    """All products, one position for each.

    Attributes:
        products: Product ids, sorted.
        categories: Names of the categories, sorted.
        category: Position of each product's category.
        price: List price of each product.
        cost: Unit cost of each product, nan where it is unknown.
        units: Units of each product that can be sold now.
    """

    products: tuple[str, ...]
    categories: tuple[str, ...]
    category: Ints
    price: Floats
    cost: Floats
    units: Floats

    @classmethod
    def from_rows(cls, rows: pa.Table) -> Assortment:
        """Build the assortment from rows of silver.products.

        Args:
            rows: The columns `PRODUCT_COLUMNS`, in any order of rows.
        """
        rows = rows.sort_by("product_id")
        names = [WITHOUT_CATEGORY if name is None else name for name in rows["category"].to_pylist()]
        categories = sorted(set(names))
        position = {name: number for number, name in enumerate(categories)}
        price, cost, units = (
            np.asarray(rows[name].cast(pa.float64()).to_numpy(), dtype=np.float64)
            for name in ("list_price", "unit_cost", "units_available")
        )
        return cls(
            products=tuple(rows["product_id"].to_pylist()),
            categories=tuple(categories),
            category=np.array([position[name] for name in names], dtype=np.int64),
            price=np.nan_to_num(price),
            cost=cost,
            units=units,
        )

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Position of each product by its id."""
        return {name: number for number, name in enumerate(self.products)}


@dataclass(frozen=True, kw_only=True)
class ShopperKnowledge:
    """What is known about shoppers: one row for each, and a last row for shoppers who are unknown.

    Attributes:
        shoppers: Customer ids in the order of the rows.
        recommended: Products recommended to each shopper, best first, filled up with -1.
        scores: Score of each recommendation, from 1 (best) down to 0.
        propensity: Probability that each shopper buys, by category.
        opted_out: Shoppers who must be shown nothing.
        bought: One row (shopper, product, day from 1970) with the last day of each purchase.
    """

    shoppers: tuple[str, ...]
    recommended: Ints
    scores: Floats
    propensity: Floats
    opted_out: frozenset[str]
    bought: Ints

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Row of each shopper by their customer id."""
        return {name: number for number, name in enumerate(self.shoppers)}

    def rows_of(self, names: Sequence[str]) -> Ints:
        """Look up the rows of shoppers; -1 (the last row) for those who are unknown."""
        position = self.position
        return np.array([position.get(name, NONE) for name in names], dtype=np.int64)


@dataclass(frozen=True)
class PopularProducts:
    """Products that are popular beside each category.

    Attributes:
        products: One row per category, best first; the last row is that of the whole shop.
        source: Where the rows came from.
    """

    products: Ints
    source: str = "delta"


@dataclass(frozen=True)
class RunningOffers:
    """The offer that applies to each category on a day.

    Attributes:
        offer: Position among the offers by category, -1 for none.
        discount: Discount of that offer by category, 0 for none.
    """

    offer: Ints
    discount: Floats


def running_offers(offers: Sequence[Offer], categories: Sequence[str], day: int, spent: Floats) -> RunningOffers:
    """Find the offer that applies to each category on a day; the first of the list where several do.

    Args:
        offers: All offers.
        categories: Names of the categories.
        day: Day from 1970.
        spent: Discount granted so far, by offer.
    """
    applied = np.full(len(categories), NONE, dtype=np.int64)
    for index in reversed(range(len(offers))):
        offer = offers[index]
        if not (offer.first - EPOCH).days <= day <= (offer.last - EPOCH).days or spent[index] >= offer.budget:
            continue
        for number, category in enumerate(categories):
            if not offer.categories or category in offer.categories:
                applied[number] = index
    discounts = np.array([offer.discount for offer in offers])
    return RunningOffers(applied, np.where(applied >= 0, discounts[applied], 0.0))
