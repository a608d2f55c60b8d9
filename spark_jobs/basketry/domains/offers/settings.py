"""What people set about offers: include/offers.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from basketry.config.documents import Node, read_document

FILE = "offers.yaml"
_WHOLE: Mapping[str, Mapping[str, int]] = {
    "candidates": {"recommended": 0, "popular": 1},
    "eligibility": {"least_units": 0, "not_bought_days": 0, "a_day": 1, "a_category_a_day": 1},
    "policy": {"draws": 8, "learn_minutes": 1},
    "events": {
        "late_minutes": 1,
        "ahead_minutes": 0,
        "oldest_days": 1,
        "respond_days": 1,
        "settle_minutes": 0,
        "messages_at_once": 1,
    },
}
"""Whole numbers of each part, each with the least it may be."""
_SHARES: Mapping[str, Sequence[str]] = {
    "eligibility": ("least_margin",),
    "policy": ("floor", "no_offer_below", "prior_rate"),
}
_POSITIVE: Mapping[str, Sequence[str]] = {
    "policy": ("prior_weight", "half_life_days"),
    "events": ("megabytes_at_once",),
}


@dataclass(frozen=True)
class Offer:
    """A discount that runs from the first day to the last. categories: empty for all; budget: discount granted in all."""

    id: str
    categories: tuple[str, ...]
    discount: float
    first: date
    last: date
    budget: float


@dataclass(frozen=True)
class OfferSettings:
    """The file's values by their names there; the file says what each means."""

    at_most: int
    control_share: float
    seed: int
    recommended: int
    popular: int
    least_units: int
    least_margin: float
    not_bought_days: int
    a_day: int
    a_category_a_day: int
    draws: int
    floor: float
    no_offer_below: float
    prior_rate: float
    prior_weight: float
    half_life_days: float
    learn_minutes: int
    late_minutes: int
    ahead_minutes: int
    oldest_days: int
    respond_days: int
    settle_minutes: int
    megabytes_at_once: float
    messages_at_once: int
    offers: tuple[Offer, ...]

    @property
    def beside(self) -> int:
        """How many of the popular candidates are popular beside what is looked at; the others are so in the whole shop."""
        return (self.popular + 1) // 2


def load_settings(include: Path) -> OfferSettings:
    """Read the file; a missing or unknown key, a value out of range or an offer that ends before it begins is a ContractError."""
    top_names = ("at_most", "control_share", "seed", *_WHOLE, "offers")
    top = read_document(include / FILE, FILE).mapping("the document", top_names, top_names)
    found: dict[str, float] = {}
    for part, whole in _WHOLE.items():
        names = (*whole, *_SHARES.get(part, ()), *_POSITIVE.get(part, ()))
        given = top[part].mapping(part, names, names)
        found |= {name: _count(given[name], name, least) for name, least in whole.items()}
        found |= {name: _share(given[name], name) for name in _SHARES.get(part, ())}
        found |= {name: _positive(given[name], name) for name in _POSITIVE.get(part, ())}
    return OfferSettings(
        at_most=_count(top["at_most"], "at_most", 1),
        control_share=_share(top["control_share"], "control_share"),
        seed=_count(top["seed"], "seed", 0),
        offers=_offers(top["offers"]),
        **found,  # type: ignore[arg-type]
    )


def _offers(node: Node) -> tuple[Offer, ...]:
    found = tuple(_offer(item) for item in node.items("offers"))
    if not found:
        node.fail("offers is empty; write at least one.")
    for place, offer in enumerate(found):
        if offer.id in {earlier.id for earlier in found[:place]}:
            node.fail(f"offer '{offer.id}' is written twice; rename one.")
    return found


def _offer(node: Node) -> Offer:
    required = ("id", "discount", "from", "to", "budget")
    given = node.mapping("an offer", (*required, "categories"), required)
    first, last = _day(given["from"], "from"), _day(given["to"], "to")
    if last < first:
        given["to"].fail(f"the offer ends on {last}, before it begins; make it {first} or later.")
    categories = given["categories"].items("categories") if "categories" in given else []
    return Offer(
        id=given["id"].string("id"),
        categories=tuple(item.string("a category") for item in categories),
        discount=_share(given["discount"], "discount"),
        first=first,
        last=last,
        budget=_positive(given["budget"], "budget"),
    )


def _day(node: Node, what: str) -> date:
    try:
        return date.fromisoformat(node.text)
    except ValueError:
        return node.fail(f"{what} is '{node.text}'; write a day as 2026-01-31.")


def _count(node: Node, what: str, least: int) -> int:
    found: int = node.expect(int, what)
    return found if found >= least else node.fail(f"{what} is {found}; make it at least {least}.")


def _share(node: Node, what: str) -> float:
    found = float(node.expect(float, what))
    return found if 0 <= found < 1 else node.fail(f"{what} is {found:g}; write a share from 0 to below 1.")


def _positive(node: Node, what: str) -> float:
    found = float(node.expect(float, what))
    return found if found > 0 else node.fail(f"{what} is {found:g}; make it more than 0.")
