"""What people set about offers: include/offers.yaml. The file says what each value means."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from basketry.config.documents import Node
from basketry.config.locator import load_document
from basketry.config.model import Count, Document, Fix, Label, Mistake, Natural, Positive, Reads, Text, not_empty

FILE = "offers.yaml"
_BelowOne = Annotated[float, Field(ge=0, lt=1), Fix("write a share from 0 to below 1")]


def _day(node: Node) -> date:
    try:
        return date.fromisoformat(node.text)
    except ValueError:
        raise Mistake("{what} is '{text}'; write a day as 2026-01-31.", text=node.text) from None


class Offer(Document, title="an offer"):
    """A discount that runs from a first day to a last day.

    Attributes:
        id: Name of the offer.
        categories: Categories that it applies to; empty for all.
        discount: Share of the list price that is taken off.
        first: First day on which it runs.
        last: Last day on which it runs.
        budget: Discount that may be granted in all.
    """

    id: Text
    discount: _BelowOne
    first: Annotated[date, Reads(_day)] = Field(alias="from")
    last: Annotated[date, Reads(_day)] = Field(alias="to")
    budget: Positive
    categories: tuple[Annotated[Text, Label("a category")], ...] = ()

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.last < self.first:
            raise Mistake(f"the offer ends on {self.last}, before it begins; make it {self.first} or later.", "to")
        return self


class CandidateSettings(Document):
    """How many products are looked at for one answer."""

    recommended: Natural
    popular: Count

    @property
    def popular_beside(self) -> int:
        """Number of popular candidates of the category being looked at; the other ones are popular in the whole shop."""
        return (self.popular + 1) // 2


class EligibilitySettings(Document):
    """Which of them may be offered."""

    least_units: Natural
    least_margin: _BelowOne
    not_bought_days: Natural
    a_day: Count
    a_category_a_day: Count


class PolicySettings(Document):
    """How the choice is made and learned."""

    draws: Annotated[int, Field(ge=8)]
    floor: _BelowOne
    no_offer_below: _BelowOne
    prior_rate: _BelowOne
    prior_weight: Positive
    half_life_days: Positive
    learn_minutes: Count


class EventSettings(Document):
    """Which events count, and how many are taken at once."""

    late_minutes: Count
    ahead_minutes: Natural
    oldest_days: Count
    respond_days: Count
    settle_minutes: Natural
    megabytes_at_once: Positive
    messages_at_once: Count


def _each_once(offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
    for index, offer in enumerate(offers):
        if offer.id in {earlier.id for earlier in offers[:index]}:
            raise Mistake("offer '{id}' is written twice; rename one.", id=offer.id)
    return offers


class OfferSettings(Document):
    """The values of include/offers.yaml by their names there."""

    at_most: Count
    control_share: _BelowOne
    seed: Natural
    candidates: CandidateSettings
    eligibility: EligibilitySettings
    policy: PolicySettings
    events: EventSettings
    offers: Annotated[tuple[Offer, ...], not_empty("write at least one."), AfterValidator(_each_once)]


def load_settings(include: Path) -> OfferSettings:
    """Read the settings of offers.

    Args:
        include: Folder that holds offers.yaml.

    Raises:
        ContractError: A key is missing or unknown, a value is out of range, or an offer ends before it begins.
    """
    return load_document(OfferSettings, include / FILE, FILE)
