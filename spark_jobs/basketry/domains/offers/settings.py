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
"""Whole numbers of each section, each with its least allowed value."""
_SHARES: Mapping[str, Sequence[str]] = {
    "eligibility": ("least_margin",),
    "policy": ("floor", "no_offer_below", "prior_rate"),
}
_POSITIVE: Mapping[str, Sequence[str]] = {
    "policy": ("prior_weight", "half_life_days"),
    "events": ("megabytes_at_once",),
}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A discount that runs from a first day to a last day.

    Attributes:
        id: Name of the offer.
        categories: Categories that it applies to; empty for all.
        discount: Share of the list price that is taken off.
        first: First day on which it runs.
        last: Last day on which it runs.
        budget: Discount that may be granted in all.
    """

    id: str
    categories: tuple[str, ...]
    discount: float
    first: date
    last: date
    budget: float


@dataclass(frozen=True, kw_only=True)
class OfferSettings:
    """The values of include/offers.yaml by their names there; the file says what each of them means."""

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
    def popular_beside(self) -> int:
        """Number of popular candidates of the category being looked at; the other ones are popular in the whole shop."""
        return (self.popular + 1) // 2


def load_settings(include: Path) -> OfferSettings:
    """Read the settings of offers.

    Args:
        include: Folder that holds offers.yaml.

    Raises:
        ContractError: A key is missing or unknown, a value is out of range, or an offer ends before it begins.
    """
    top_names = ("at_most", "control_share", "seed", *_WHOLE, "offers")
    top = read_document(include / FILE, FILE).mapping("the document", top_names, top_names)
    values: dict[str, float] = {}
    for section, least_counts in _WHOLE.items():
        names = (*least_counts, *_SHARES.get(section, ()), *_POSITIVE.get(section, ()))
        nodes = top[section].mapping(section, names, names)
        values |= {name: _count(nodes[name], name, least) for name, least in least_counts.items()}
        values |= {name: _share(nodes[name], name) for name in _SHARES.get(section, ())}
        values |= {name: _positive(nodes[name], name) for name in _POSITIVE.get(section, ())}
    return OfferSettings(
        at_most=_count(top["at_most"], "at_most", 1),
        control_share=_share(top["control_share"], "control_share"),
        seed=_count(top["seed"], "seed", 0),
        offers=_offers(top["offers"]),
        **values,  # type: ignore[arg-type]
    )


def _offers(node: Node) -> tuple[Offer, ...]:
    offers = tuple(_offer(item) for item in node.items("offers"))
    if not offers:
        node.fail("offers is empty; write at least one.")
    for index, offer in enumerate(offers):
        if offer.id in {earlier.id for earlier in offers[:index]}:
            node.fail(f"offer '{offer.id}' is written twice; rename one.")
    return offers


def _offer(node: Node) -> Offer:
    required = ("id", "discount", "from", "to", "budget")
    nodes = node.mapping("an offer", (*required, "categories"), required)
    first, last = _day(nodes["from"], "from"), _day(nodes["to"], "to")
    if last < first:
        nodes["to"].fail(f"the offer ends on {last}, before it begins; make it {first} or later.")
    categories = nodes["categories"].items("categories") if "categories" in nodes else []
    return Offer(
        id=nodes["id"].string("id"),
        categories=tuple(item.string("a category") for item in categories),
        discount=_share(nodes["discount"], "discount"),
        first=first,
        last=last,
        budget=_positive(nodes["budget"], "budget"),
    )


def _day(node: Node, what: str) -> date:
    try:
        return date.fromisoformat(node.text)
    except ValueError:
        return node.fail(f"{what} is '{node.text}'; write a day as 2026-01-31.")


def _count(node: Node, what: str, least: int) -> int:
    value: int = node.expect(int, what)
    return value if value >= least else node.fail(f"{what} is {value}; make it at least {least}.")


def _share(node: Node, what: str) -> float:
    value = float(node.expect(float, what))
    return value if 0 <= value < 1 else node.fail(f"{what} is {value:g}; write a share from 0 to below 1.")


def _positive(node: Node, what: str) -> float:
    value = float(node.expect(float, what))
    return value if value > 0 else node.fail(f"{what} is {value:g}; make it more than 0.")
