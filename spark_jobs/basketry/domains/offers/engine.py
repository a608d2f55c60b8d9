"""Events in, decisions and responses out: a fold over records in the order of delivery. Pure but for the memory that it has.

Records may come in batches of any size: what is decided is the same, because a shopper's events are taken one after
another, and what concerns all shoppers (the posterior that decides, the budgets) changes only where event time enters a
new epoch of `learn_minutes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from basketry.domains.offers.candidates import Chooser, DecisionBatch
from basketry.domains.offers.decisions import SlotDecisions, decide_offers
from basketry.domains.offers.memory import NEVER, Memory
from basketry.domains.offers.outcomes import ANSWERED, BatchOutcome, OfferResponse, ShownOffer, response_fate
from basketry.domains.offers.policy import OfferPolicy, Posterior, ThompsonSampling, design_matrix
from basketry.domains.offers.records import (
    ACTIVITY,
    DAY,
    DECIDED_KINDS,
    DUPLICATE,
    GOOD,
    MINUTE,
    RESPONSES,
    Records,
    ValidatedRecords,
    validate_records,
)
from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import Assortment, Ints, PopularProducts, ShopperKnowledge, running_offers
from basketry.domains.offers.steps import BatchInProgress, Step, turns_of

WEIGHTS = {"view": 1.0, "cart": 3.0, "purchase": 5.0, "offer_click": 4.0, "offer_purchase": 0.0}
"""What an event says about a shopper's interest in its category."""
_INTEREST_HALF_LIFE = 7 * DAY

PolicyFactory = Callable[[Posterior, int], OfferPolicy]
"""Makes a policy from what was learned by the start of an epoch."""


@dataclass(kw_only=True)
class Engine:
    """What decides and learns.

    Attributes:
        shop: The products.
        knowledge: What is known about shoppers.
        popular: Popular products.
        settings: Settings of offers.
        memory: What is remembered; it is changed.
        version: Version of the policy, written beside every decision.
        policy_factory: Makes another policy than Thompson sampling.
        chooser: What decides in this epoch.
    """

    shop: Assortment
    knowledge: ShopperKnowledge
    popular: PopularProducts
    settings: OfferSettings
    memory: Memory
    version: str = "prior"
    policy_factory: PolicyFactory | None = None
    chooser: Chooser = field(init=False)

    def __post_init__(self) -> None:
        """Let memory know of the purchases that history tells."""
        bought = self.knowledge.bought
        if len(bought):
            shoppers = self.memory.indices_of([self.knowledge.shoppers[row] for row in bought[:, 0].tolist()])
            self.memory.note_bought(shoppers, bought[:, 1], bought[:, 2])
        self._refresh_chooser()

    def process(self, records: Records, seen: frozenset[str], earlier: Mapping[str, ShownOffer]) -> BatchOutcome:
        """Decide and learn.

        Args:
            records: Records in the order of delivery.
            seen: Ids among these that were accepted before.
            earlier: Offers of earlier batches by id.
        """
        validated = validate_records(records, self.shop, self.settings, seen=seen, newest=self.memory.newest)
        outcome = BatchOutcome(
            fate=validated.fate, product=validated.product, offers=self.memory.offers, version=self.version
        )
        batch = BatchInProgress(records, validated, earlier, outcome)
        for first, last in self._epochs(validated):
            self._enter_epoch(validated.newest[first])
            for positions, decisions in self._decide(batch, first, last):
                outcome.slot_decisions.append((positions, decisions))
                self._note_shown(batch, positions, decisions)
            for position in batch.positions_of(RESPONSES, first, last):
                self._respond(batch, position)
            self.memory.newest = float(validated.newest[last - 1])
        return outcome

    def use_popular(self, popular: PopularProducts) -> None:
        """Take these products as popular from here on."""
        self.popular = popular
        self.chooser = replace(self.chooser, popular=popular)

    def _epoch(self, at: float) -> int:
        return int(at // (self.settings.policy.learn_minutes * MINUTE)) if at > NEVER else NEVER

    def _epochs(self, validated: ValidatedRecords) -> Iterator[tuple[int, int]]:
        """Yield runs of records of one epoch, as first and beyond last."""
        if not len(validated.newest):
            return
        epochs = validated.newest // (self.settings.policy.learn_minutes * MINUTE)
        edges = [0, *(np.flatnonzero(np.diff(epochs)) + 1).tolist(), len(epochs)]
        yield from zip(edges[:-1], edges[1:], strict=True)

    def _enter_epoch(self, newest: float) -> None:
        """Decide from here on by all that was learned, if a new epoch has begun."""
        epoch, memory = self._epoch(newest), self.memory
        if epoch <= memory.epoch:
            return
        if memory.epoch > NEVER:
            days = (epoch - memory.epoch) * self.settings.policy.learn_minutes * MINUTE / DAY
            prior = Posterior.prior(len(self.shop.categories), self.settings)
            memory.learned = memory.learned.decayed(0.5 ** (days / self.settings.policy.half_life_days), prior)
        memory.enter_epoch(epoch, self.shop.category)
        memory.forget_before(int(newest // DAY) - self.settings.eligibility.not_bought_days - 1)
        self._refresh_chooser()

    def _refresh_chooser(self) -> None:
        create_policy = self.policy_factory or self._thompson_sampling
        self.chooser = Chooser(
            shop=self.shop,
            knowledge=self.knowledge,
            popular=self.popular,
            settings=self.settings,
            policy=create_policy(self.memory.live, self.memory.epoch),
            mean=self.memory.live.mean,
        )

    def _thompson_sampling(self, posterior: Posterior, epoch: int) -> OfferPolicy:
        return ThompsonSampling.from_posterior(posterior, self.settings, [self.settings.seed, epoch - NEVER])

    def _decide(self, batch: BatchInProgress, first: int, last: int) -> Iterator[tuple[Ints, SlotDecisions]]:
        """Decide on the activity of one epoch: a shopper's events one after another, all shoppers' side by side."""
        active = np.array(batch.positions_of(ACTIVITY, first, last), dtype=np.int64)
        if not len(active):
            return
        shoppers = self.memory.indices_of([batch.records.shoppers[position] for position in active.tolist()])
        turn = turns_of(shoppers)
        for number in range(int(turn.max()) + 1):
            now = turn == number
            step = Step.from_records(batch, active[now], shoppers[now])
            self._begin_days(step)
            self._fade_interest(step)
            yield from self._decide_step(step)
            self._note_activity(step)

    def _decide_step(self, step: Step) -> Iterator[tuple[Ints, SlotDecisions]]:
        """Decide on the views and carts of a step, day by day."""
        days = self.memory.day[step.shopper_indices]
        is_decided = step.is_kind(*DECIDED_KINDS)
        for day in np.unique(days[is_decided]).tolist():
            rows = np.flatnonzero(is_decided & (days == day))
            today = running_offers(self.settings.offers, self.shop.categories, day, self.memory.spent_live)
            batch = DecisionBatch(
                event_ids=[step.ids[row] for row in rows.tolist()],
                shoppers=[step.shoppers[row] for row in rows.tolist()],
                shopper_indices=step.shopper_indices[rows],
                context=self.shop.category[step.product[rows]],
                day=days[rows],
                at=step.at[rows],
            )
            for decisions in decide_offers(batch, self.chooser, self.memory, today):
                yield step.positions[rows][decisions.row], decisions

    def _begin_days(self, step: Step) -> None:
        """Begin a new day's counts; an event of the day before that comes late counts as today's."""
        memory, shoppers = self.memory, step.shopper_indices
        has_new_day = shoppers[step.day > memory.day[shoppers]]
        memory.shown[has_new_day], memory.shown_in[has_new_day] = 0, 0
        memory.day[shoppers] = np.maximum(memory.day[shoppers], step.day)

    def _fade_interest(self, step: Step) -> None:
        """Let interests fade up to the time of the events."""
        memory, shoppers = self.memory, step.shopper_indices
        elapsed = np.maximum(step.at - memory.interest_at[shoppers], 0.0)
        memory.interest[shoppers] *= np.exp2(-elapsed / _INTEREST_HALF_LIFE)[:, None]
        memory.interest_at[shoppers] = np.maximum(memory.interest_at[shoppers], step.at)

    def _note_activity(self, step: Step) -> None:
        """Remember the interests and purchases that the events tell of."""
        weights = np.array([WEIGHTS[kind] for kind in step.kinds])
        self.memory.interest[step.shopper_indices, self.shop.category[step.product]] += weights
        is_sale = step.is_kind("purchase")
        if is_sale.any():
            self.memory.note_bought(step.shopper_indices[is_sale], step.product[is_sale], step.day[is_sale])

    def _note_shown(self, batch: BatchInProgress, positions: Ints, decisions: SlotDecisions) -> None:
        """Note what was shown: it counts as not responded to until a click comes."""
        rows = np.flatnonzero(decisions.product >= 0)
        if not len(rows):
            return
        features = decisions.features[rows, decisions.column[rows]]
        design = design_matrix(features, decisions.category[rows], len(self.shop.categories))
        self.memory.learned = self.memory.learned.updated(design, np.zeros(len(rows)))
        np.add.at(self.memory.product_shown, decisions.product[rows], 1)
        for row, chosen in zip(rows.tolist(), features, strict=True):
            position, product = int(positions[row]), int(decisions.product[row])
            batch.outcome.shown[f"{batch.records.ids[position]}/{decisions.slot}"] = ShownOffer(
                at=float(batch.records.at[position]),
                shopper=batch.records.shoppers[position],
                product=product,
                category=int(decisions.category[row]),
                offer=int(decisions.offer[row]),
                discount=float(decisions.discount[row]),
                price=float(self.shop.price[product]),
                features=chosen,
                control=bool(decisions.control[row]),
                position=position,
            )

    def _respond(self, batch: BatchInProgress, position: int) -> None:
        """Find the fate of a response, and learn from one that counts."""
        records, fate, accepted_ids = batch.records, batch.outcome.fate, batch.validated.accepted_ids
        identity, kind, offer_id = records.ids[position], records.kinds[position], records.offers[position]
        shown = batch.outcome.shown.get(offer_id) or batch.earlier.get(offer_id)
        is_duplicate = identity in accepted_ids
        fate[position] = DUPLICATE if is_duplicate else response_fate(records, position, shown, self.settings)
        if fate[position] in (GOOD, ANSWERED):
            accepted_ids.add(identity)
        if shown is None or fate[position] != GOOD:
            return
        shown.kinds.add(kind)
        is_purchase = kind == "offer_purchase"
        revenue = float(np.nan_to_num(records.revenue[position])) if is_purchase else 0.0
        batch.outcome.responses.append(
            OfferResponse(position=position, kind=kind, offer_id=offer_id, shown=shown, revenue=revenue)
        )
        self._learn(shown, kind, int(records.day[position]) if is_purchase else NEVER)

    def _learn(self, shown: ShownOffer, kind: str, purchase_day: int) -> None:
        """Learn from a response: interest and purchase from the next epoch on, clicks and budgets at its start."""
        memory = self.memory
        shopper = int(memory.indices_of([shown.shopper])[0])
        memory.pending.append((shopper, shown.product, purchase_day, WEIGHTS[kind]))
        if kind == "offer_click":
            memory.product_clicked[shown.product] += 1
            row = design_matrix(shown.features[None], np.array([shown.category]), len(self.shop.categories))[0]
            memory.learned = replace(memory.learned, moment=memory.learned.moment + row)
        if kind == "offer_purchase" and shown.offer >= 0:
            memory.spent[shown.offer] += round(shown.discount * shown.price, 4)
