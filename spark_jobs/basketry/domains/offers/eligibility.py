"""Which candidates may be offered at all. It is asked after every cache and fallback, so nothing can leak from one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import Assortment, Flags, Floats, Ints

REASONS = ("none", "repeated", "no_offer", "stock", "margin", "bought", "category_cap")
"""Why a candidate is not eligible, in the order in which it is asked; the first that holds is counted."""


@dataclass(frozen=True)
class CandidateFacts:
    """What is known about each candidate of each event: matrices of events x candidates.

    Attributes:
        products: Position of the product, -1 for none.
        discount: Discount of the offer that runs, nan where none does.
        days_since_bought: Days since the shopper bought the product, inf if they never did.
        shown_in_category: Offers of the candidate's category that the shopper saw that day.
    """

    products: Ints
    discount: Floats
    days_since_bought: Floats
    shown_in_category: Ints


def exclusion_reasons(facts: CandidateFacts, shop: Assortment, settings: OfferSettings) -> Ints:
    """Say for each candidate what excludes it: a position in REASONS, or -1 where it is eligible."""
    product = np.where(facts.products >= 0, facts.products, 0)
    price = shop.price[product] * (1 - np.nan_to_num(facts.discount))
    margin = np.divide(price - shop.cost[product], price, out=np.full(price.shape, -np.inf), where=price > 0)
    excluded_by = (
        facts.products < 0,
        _repeated(facts.products),
        np.isnan(facts.discount),
        ~(shop.units[product] >= settings.eligibility.least_units),
        ~(margin >= settings.eligibility.least_margin),  # an unknown cost is no proof of a margin
        facts.days_since_bought < settings.eligibility.not_bought_days,
        facts.shown_in_category >= settings.eligibility.a_category_a_day,
    )
    reasons = np.full(facts.products.shape, -1, dtype=np.int64)
    for number in reversed(range(len(REASONS))):
        reasons[excluded_by[number]] = number
    return reasons


def _repeated(products: Ints) -> Flags:
    """Say whether the same product stands further left in the row."""
    order = np.argsort(products, axis=1, kind="stable")
    ordered = np.take_along_axis(products, order, axis=1)
    same = np.zeros(products.shape, dtype=bool)
    same[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
    repeated = np.empty_like(same)
    np.put_along_axis(repeated, order, same, axis=1)
    return repeated
