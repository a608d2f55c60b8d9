"""The candidates of events: where they come from, what is known about them, what excludes them. Pure but for their removal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from basketry.domains.offers.eligibility import CandidateFacts, exclusion_reasons
from basketry.domains.offers.memory import Memory
from basketry.domains.offers.policy import OfferPolicy, PolicyInput, hash_uniform
from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import (
    NONE,
    Assortment,
    Flags,
    Floats,
    Ints,
    PopularProducts,
    RunningOffers,
    ShopperKnowledge,
)

_GRAIN = 1_024.0
"""Features are multiples of its inverse: sums of them and of their products are exact, in whatever order they are added."""


@dataclass(frozen=True, kw_only=True)
class DecisionBatch:
    """Events that are to be decided, at most one per shopper.

    Attributes:
        event_ids: Id of each event.
        shoppers: Customer id of each event's shopper.
        shopper_indices: Index of each shopper in memory.
        context: Category that is being looked at, -1 for none.
        day: Local day of each event from 1970.
        at: Time of each event in seconds.
    """

    event_ids: Sequence[str]
    shoppers: Sequence[str]
    shopper_indices: Ints
    context: Ints
    day: Ints
    at: Floats


@dataclass(frozen=True, kw_only=True)
class Chooser:
    """What decides.

    Attributes:
        shop: The products.
        knowledge: What is known about shoppers.
        popular: Popular products.
        settings: Settings of offers.
        policy: The policy for treatment.
        mean: Mean of the posterior, which explains a choice.
    """

    shop: Assortment
    knowledge: ShopperKnowledge
    popular: PopularProducts
    settings: OfferSettings
    policy: OfferPolicy
    mean: Floats

    def is_control(self, shoppers: Sequence[str]) -> Flags:
        """Say whether each shopper gets the popular offer; it never changes for a shopper."""
        return hash_uniform(shoppers, f"control {self.settings.seed}") < self.settings.control_share

    def candidates(self, batch: DecisionBatch) -> tuple[Ints, Floats]:
        """Collect the candidates of each event.

        Returns:
            Products (events x candidates, -1 for none), and how strongly each is recommended.
        """
        rows, beside_count = self.knowledge.rows_of(batch.shoppers), self.settings.candidates.popular_beside
        recommended = self.knowledge.recommended[rows, : self.settings.candidates.recommended]
        scores = self.knowledge.scores[rows, : self.settings.candidates.recommended]
        beside = self.popular.products[batch.context, :beside_count]
        overall = np.tile(self.popular.products[-1, : self.settings.candidates.popular - beside_count], (len(rows), 1))
        no_scores = np.zeros((len(rows), beside.shape[1] + overall.shape[1]))
        return np.column_stack([recommended, beside, overall]), np.column_stack([scores, no_scores])

    def popularity(self, products: Ints) -> Floats:
        """Return the popularity of products in the whole shop; a greater number is more popular, 0 is not popular."""
        ranked = self.popular.products[-1]
        popularity = np.zeros(len(self.shop.products) + 1)
        popularity[ranked[ranked >= 0]] = np.arange(len(ranked), 0, -1)[ranked >= 0]
        return popularity[products]


@dataclass(frozen=True, kw_only=True)
class SlotCandidates:
    """The candidates of one slot of the events that are still to be decided.

    Attributes:
        rows: Row of each event in the batch.
        shopper_indices: Index of each shopper in memory.
        products: Product of each candidate, -1 for none: events x candidates.
        category: Category of each candidate.
        features: Features of each candidate: events x candidates x FEATURE_NAMES.
        excluded_by: What excludes each candidate, see `exclusion_reasons`.
        shown_enough: Whether the shopper was shown enough today.
        opted_out: Whether the shopper has opted out.
        control: Whether the shopper is of the control group.
    """

    rows: Ints
    shopper_indices: Ints
    products: Ints
    category: Ints
    features: Floats
    excluded_by: Ints
    shown_enough: Flags
    opted_out: Flags
    control: Flags

    @property
    def width(self) -> int:
        """Number of candidates per event; as a column it stands for showing nothing."""
        return int(self.products.shape[1])

    @property
    def eligible(self) -> Flags:
        """Whether each candidate may be chosen."""
        return (self.excluded_by < 0) & ~(self.shown_enough | self.opted_out)[:, None]


@dataclass(kw_only=True)
class CandidateTable:
    """All candidates of a batch of events with what is known about them.

    Attributes:
        batch: The events.
        chooser: What decides.
        memory: What is remembered of the shoppers.
        today: Offers that run on the day of the events.
        products: Product of each candidate, -1 for none or once it was chosen: events x candidates.
        scores: How strongly each candidate is recommended.
        category: Category of each candidate.
        features: Features of each candidate: events x candidates x FEATURE_NAMES.
        control: Whether each shopper is of the control group.
        opted_out: Whether each shopper has opted out.
    """

    batch: DecisionBatch
    chooser: Chooser
    memory: Memory
    today: RunningOffers
    products: Ints
    scores: Floats
    category: Ints = field(init=False)
    features: Floats = field(init=False)
    control: Flags = field(init=False)
    opted_out: Flags = field(init=False)

    @classmethod
    def from_batch(cls, batch: DecisionBatch, chooser: Chooser, memory: Memory, today: RunningOffers) -> CandidateTable:
        """Gather what is known about the candidates of the events."""
        products, scores = chooser.candidates(batch)
        return cls(batch=batch, chooser=chooser, memory=memory, today=today, products=products, scores=scores)

    def __post_init__(self) -> None:
        """Look up what does not change from slot to slot."""
        self.category = np.where(self.products >= 0, self.chooser.shop.category[self.products], 0)
        self.features = self._features()
        self.control = self.chooser.is_control(self.batch.shoppers)
        opted_out = self.chooser.knowledge.opted_out
        self.opted_out = np.array([name in opted_out for name in self.batch.shoppers], dtype=bool)

    def _features(self) -> Floats:
        """Compute the features of each candidate, in the order of FEATURE_NAMES."""
        knowledge, memory, batch = self.chooser.knowledge, self.memory, self.batch
        interest = memory.interest[batch.shopper_indices]
        share = interest / (interest.sum(axis=1, keepdims=True) + 1.0)
        propensity = knowledge.propensity[knowledge.rows_of(batch.shoppers)]
        features = np.stack(
            [
                np.take_along_axis(share, self.category, axis=1),
                np.take_along_axis(propensity, self.category, axis=1),
                self.scores,
                (self.category == batch.context[:, None]).astype(np.float64),
                memory.appeal(self.chooser.settings)[self.products],
                self.today.discount[self.category],
            ],
            axis=2,
        )
        return np.asarray(np.round(features * _GRAIN) / _GRAIN)

    def slot_candidates(self, rows: Ints) -> SlotCandidates:
        """Return the candidates of these rows as they are now, with what excludes them."""
        shopper_indices = self.batch.shopper_indices[rows]
        products, category = self.products[rows], self.category[rows]
        offers = self.today.offer[category]
        days_since = self.batch.day[rows][:, None] - self.memory.last_bought(shopper_indices, products)
        facts = CandidateFacts(
            products=products,
            discount=np.where(offers >= 0, self.today.discount[category], np.nan),
            days_since_bought=days_since.astype(np.float64),
            shown_in_category=self.memory.shown_in[shopper_indices[:, None], category],
        )
        return SlotCandidates(
            rows=rows,
            shopper_indices=shopper_indices,
            products=products,
            category=category,
            features=self.features[rows],
            excluded_by=exclusion_reasons(facts, self.chooser.shop, self.chooser.settings),
            shown_enough=self.memory.shown[shopper_indices] >= self.chooser.settings.eligibility.a_day,
            opted_out=self.opted_out[rows],
            control=self.control[rows],
        )

    def policy_input(self, candidates: SlotCandidates) -> PolicyInput:
        """Return what a policy sees of these candidates."""
        return PolicyInput(
            features=candidates.features,
            category=candidates.category,
            product=candidates.products,
            eligible=candidates.eligible,
            popularity=self.chooser.popularity(candidates.products),
            shoppers=[self.batch.shoppers[row] for row in candidates.rows],
            at=self.batch.at[candidates.rows],
        )

    def note_shown(self, rows: Ints, product: Ints, category: Ints) -> None:
        """Count what is shown against the caps, and take it out of the candidates of later slots.

        Args:
            rows: Rows in which something is shown.
            product: The product shown in each.
            category: Its category.
        """
        shoppers = self.batch.shopper_indices[rows]
        self.memory.shown[shoppers] += 1
        self.memory.shown_in[shoppers, category] += 1
        remaining = self.products[rows]
        remaining[remaining == product[:, None]] = NONE  # wherever else it stands, too
        self.products[rows] = remaining
