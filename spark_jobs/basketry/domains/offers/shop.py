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


@dataclass(frozen=True)
class Assortment:
    """All products, one position each. cost: nan where it is not known; units: what can be sold now."""

    products: tuple[str, ...]
    categories: tuple[str, ...]
    category: Ints
    price: Floats
    cost: Floats
    units: Floats

    @classmethod
    def of(cls, rows: pa.Table) -> Assortment:
        """From rows of silver.products: product_id, category, list_price, unit_cost, units_available; any order."""
        rows = rows.sort_by("product_id")
        names = [WITHOUT_CATEGORY if name is None else name for name in rows["category"].to_pylist()]
        categories = sorted(set(names))
        place = {name: number for number, name in enumerate(categories)}
        price, cost, units = (
            np.asarray(rows[name].cast(pa.float64()).to_numpy(), dtype=np.float64)
            for name in ("list_price", "unit_cost", "units_available")
        )
        category = np.array([place[name] for name in names], dtype=np.int64)
        return cls(
            tuple(rows["product_id"].to_pylist()), tuple(categories), category, np.nan_to_num(price), cost, units
        )

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Position of each product."""
        return {name: place for place, name in enumerate(self.products)}


@dataclass(frozen=True)
class Knowledge:
    """What is known of shoppers, a row each and a last one for those who are not known.

    recommended: products, best first, filled up with -1; scores: from 1 (best) down to 0. propensity: by category.
    bought: (shopper, product) and the last day (from 1970) on which one bought the other, a row each.
    """

    shoppers: tuple[str, ...]
    recommended: Ints
    scores: Floats
    propensity: Floats
    opted_out: frozenset[str]
    bought: Ints

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Row of each shopper."""
        return {name: place for place, name in enumerate(self.shoppers)}

    def places(self, names: Sequence[str]) -> Ints:
        """Rows of shoppers, -1 (the last) for those who are not known."""
        position = self.position
        return np.array([position.get(name, NONE) for name in names], dtype=np.int64)


@dataclass(frozen=True)
class Popular:
    """Products that are popular beside each category, best first, a row a category; the last row is of the whole shop.

    source: where the rows came from.
    """

    products: Ints
    source: str = "delta"


@dataclass(frozen=True)
class Running:
    """The offer that applies to each category on a day: its position among the offers, -1 for none; and its discount."""

    offer: Ints
    discount: Floats


def running(offers: Sequence[Offer], categories: Sequence[str], day: int, spent: Floats) -> Running:
    """What applies on a day. day: from 1970; spent: discount granted so far, by offer."""
    at = np.full(len(categories), NONE, dtype=np.int64)
    for place in reversed(range(len(offers))):
        offer = offers[place]
        if not (offer.first - EPOCH).days <= day <= (offer.last - EPOCH).days or spent[place] >= offer.budget:
            continue
        for number, category in enumerate(categories):
            if not offer.categories or category in offer.categories:
                at[number] = place
    discounts = np.array([offer.discount for offer in offers])
    return Running(at, np.where(at >= 0, discounts[at], 0.0))
