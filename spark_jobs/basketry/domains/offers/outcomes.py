"""What became of a batch: the fate of every record, the decisions, the offers that were shown and the responses to them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from basketry.domains.offers.decisions import SlotDecisions
from basketry.domains.offers.records import DAY, GOOD, Records
from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import Floats, Ints

NEVER_MADE = "offer_id:never_made"
TOO_EARLY = "offer_id:answered_before_it_was_made"
TOO_LATE = "offer_id:answered_too_late"
OTHER_SHOPPER = "offer_id:made_to_somebody_else"
ANSWERED = "repeated"
"""A second click on, or purchase from, the same offer: stored as delivered, counted once."""


@dataclass(kw_only=True)
class ShownOffer:
    """An offer that was shown.

    Attributes:
        at: Time of the decision in seconds.
        shopper: Customer id of the shopper.
        product: Position of the product.
        category: Position of its category.
        offer: Position of the offer.
        discount: Discount of the offer.
        price: List price of the product.
        features: Features with which it was chosen.
        control: Whether the shopper is of the control group.
        position: Position of its event in this batch, -1 for an earlier batch.
        kinds: Kinds of the responses so far.
    """

    at: float
    shopper: str
    product: int
    category: int
    offer: int
    discount: float
    price: float
    features: Floats
    control: bool
    position: int = -1
    kinds: set[str] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class OfferResponse:
    """A response that counts.

    Attributes:
        position: Position of its record.
        kind: Kind of its event.
        offer_id: Id of the offer.
        shown: The offer that it answers.
        revenue: What was paid, 0 for a click.
    """

    position: int
    kind: str
    offer_id: str
    shown: ShownOffer
    revenue: float


@dataclass(frozen=True, kw_only=True)
class BatchOutcome:
    """What became of a batch.

    Attributes:
        fate: Fate of every record.
        product: Position of each record's product, -1 for none.
        offers: Ids of the offers by position.
        version: Version of the policy.
        slot_decisions: Each slot that was decided, with the positions of its events.
        responses: Responses that count.
        shown: Offers that were shown, by id.
    """

    fate: list[str]
    product: Ints
    offers: tuple[str, ...]
    version: str
    slot_decisions: list[tuple[Ints, SlotDecisions]] = field(default_factory=list)
    responses: list[OfferResponse] = field(default_factory=list)
    shown: dict[str, ShownOffer] = field(default_factory=dict)

    @property
    def earlier(self) -> dict[str, ShownOffer]:
        """The offers that were shown, as the next batch sees them."""
        return {name: replace(offer, position=-1) for name, offer in self.shown.items()}


def response_fate(records: Records, position: int, shown: ShownOffer | None, settings: OfferSettings) -> str:
    """Judge a response by the offer that it answers.

    Args:
        records: The records of the batch.
        position: Position of the response.
        shown: The offer that it names, None where there is no such offer.
        settings: Settings of offers.
    """
    if shown is None or shown.position >= position:
        return NEVER_MADE
    if records.shoppers[position] != shown.shopper:
        return OTHER_SHOPPER
    if records.at[position] < shown.at:
        return TOO_EARLY
    if records.at[position] > shown.at + settings.events.respond_days * DAY:
        return TOO_LATE
    return ANSWERED if records.kinds[position] in shown.kinds else GOOD
