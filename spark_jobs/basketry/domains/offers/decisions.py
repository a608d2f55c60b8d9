"""From events to offers: candidates, what is eligible, score, exploration, at most n. Pure; one event per shopper at a time.

Whatever is decided depends on the event, on what is known and on what is remembered of that shopper: never on the other
events beside it, so events may come in batches of any size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from basketry.domains.offers.candidates import CandidateTable, Chooser, DecisionBatch, SlotCandidates
from basketry.domains.offers.eligibility import REASONS
from basketry.domains.offers.memory import Memory
from basketry.domains.offers.policy import FEATURE_NAMES, MostPopular, choose_columns, hash_uniform
from basketry.domains.offers.settings import OfferSettings
from basketry.domains.offers.shop import NONE, Flags, Floats, Ints, RunningOffers

CHOSEN = ("recommended", "popular beside", "popular")
WITHHELD = ("opted out", "shown enough today", "nothing eligible", "nothing promises enough")
_REASONS = np.array([*CHOSEN, *WITHHELD], dtype=object)
_OPTED_OUT, _SHOWN_ENOUGH, _NOTHING_ELIGIBLE, _NOT_PROMISING = range(len(CHOSEN), len(_REASONS))


@dataclass(frozen=True, kw_only=True)
class SlotDecisions:
    """One slot of every event that has one, and what it was chosen from.

    Attributes:
        slot: Number of the slot from 1.
        row: Row of each event in its `DecisionBatch`.
        column: The chosen candidate, or the number of candidates where nothing is shown.
        product: The chosen product, -1 where nothing is shown.
        category: Its category, -1 where nothing is shown.
        offer: Its offer, -1 where nothing is shown.
        discount: Discount of the offer, 0 where nothing is shown.
        probability: Probability with which it was chosen.
        expected: Expected response, 0 where nothing is shown.
        reason: Why this candidate was chosen, or why nothing.
        control: Whether the shopper is of the control group.
        excluded_by: What excludes each candidate, see `exclusion_reasons`: events x candidates.
        products: Product of each candidate.
        probabilities: Probability of each candidate, and of showing nothing in the last column.
        features: Features of each candidate: events x candidates x FEATURE_NAMES.
    """

    slot: int
    row: Ints
    column: Ints
    product: Ints
    category: Ints
    offer: Ints
    discount: Floats
    probability: Floats
    expected: Floats
    reason: Sequence[str]
    control: Flags
    excluded_by: Ints
    products: Ints
    probabilities: Floats
    features: Floats


def decide_offers(
    batch: DecisionBatch, chooser: Chooser, memory: Memory, today: RunningOffers
) -> Iterator[SlotDecisions]:
    """Decide the slots of events, first slots first.

    Args:
        batch: The events.
        chooser: What decides.
        memory: What is remembered of the shoppers; what is shown is noted in it.
        today: Offers that run on the day of the events.
    """
    table = CandidateTable.from_batch(batch, chooser, memory, today)
    rows = np.arange(len(batch.event_ids))
    for slot in range(1, chooser.settings.at_most + 1):
        decisions = _decide_slot(table, slot, rows)
        if slot == 1:
            yield decisions
        else:  # a later slot that stays empty is no decision of its own
            decisions = _select_rows(decisions, decisions.product >= 0)
            if len(decisions.row):
                yield decisions
        rows = decisions.row[decisions.product >= 0]
        if not len(rows):
            return


def _decide_slot(table: CandidateTable, slot: int, rows: Ints) -> SlotDecisions:
    """Choose for one slot of these rows, and note what is shown."""
    candidates = table.slot_candidates(rows)
    probabilities = _probabilities(table, candidates)
    names = [f"{table.batch.event_ids[row]}/{slot}" for row in rows]
    column = choose_columns(probabilities, hash_uniform(names, f"choice {table.chooser.settings.seed}"))
    decisions = _slot_decisions(table, candidates, slot=slot, probabilities=probabilities, column=column)
    is_shown = column < candidates.width
    table.note_shown(rows[is_shown], decisions.product[is_shown], decisions.category[is_shown])
    return decisions


def _probabilities(table: CandidateTable, candidates: SlotCandidates) -> Floats:
    inputs = table.policy_input(candidates)
    probabilities = table.chooser.policy.probabilities(inputs)
    control = candidates.control
    if control.any():
        probabilities[control] = MostPopular().probabilities(inputs)[control]
    return probabilities


def _slot_decisions(
    table: CandidateTable, candidates: SlotCandidates, *, slot: int, probabilities: Floats, column: Ints
) -> SlotDecisions:
    """Describe which column was chosen in each row, of which probabilities."""
    chooser, today = table.chooser, table.today
    is_shown = column < candidates.width
    index = np.minimum(column, candidates.width - 1)  # where nothing is shown, some candidate stands in for it
    each = np.arange(len(column))
    chosen_category = candidates.category[each, index]
    category = np.where(is_shown, chosen_category, NONE)
    weights, intercepts = chooser.mean[: len(FEATURE_NAMES)], chooser.mean[len(FEATURE_NAMES) :]
    expected = candidates.features[each, index] @ weights + intercepts[chosen_category]
    reason = np.where(is_shown, _source(column, chooser.settings), _withheld_reason(candidates))
    return SlotDecisions(
        slot=slot,
        row=candidates.rows,
        column=column,
        product=np.where(is_shown, candidates.products[each, index], NONE),
        category=category,
        offer=np.where(is_shown, today.offer[category], NONE),
        discount=np.where(is_shown, today.discount[category], 0.0),
        probability=probabilities[each, column],
        expected=np.where(is_shown, np.round(expected, 6), 0.0),
        reason=_REASONS[reason].tolist(),
        control=candidates.control,
        excluded_by=candidates.excluded_by,
        products=candidates.products,
        probabilities=probabilities,
        features=candidates.features,
    )


def _source(column: Ints, settings: OfferSettings) -> Ints:
    """Return the positions in CHOSEN of where candidates came from."""
    edges = [settings.candidates.recommended, settings.candidates.recommended + settings.candidates.popular_beside]
    return np.asarray(np.searchsorted(edges, column, side="right"), dtype=np.int64)


def _withheld_reason(candidates: SlotCandidates) -> Ints:
    """Return for each event the position in _REASONS that holds if nothing is shown."""
    has_candidate = (candidates.excluded_by < 0).any(axis=1)
    reason = np.where(has_candidate, _NOT_PROMISING, _NOTHING_ELIGIBLE)
    reason = np.where(candidates.shown_enough, _SHOWN_ENOUGH, reason)
    return np.where(candidates.opted_out, _OPTED_OUT, reason)


def _select_rows(decisions: SlotDecisions, keep: Flags) -> SlotDecisions:
    values: dict[str, Any] = {name: _select(value, keep) for name, value in vars(decisions).items() if name != "slot"}
    return SlotDecisions(slot=decisions.slot, **values)


def _select(values: np.ndarray | Sequence[str], keep: Flags) -> np.ndarray | list[str]:
    if isinstance(values, np.ndarray):
        return np.asarray(values[keep])
    return [text for text, is_wanted in zip(values, keep.tolist(), strict=True) if is_wanted]


def excluded_counts(excluded_by: Ints) -> tuple[tuple[str, ...], Ints]:
    """Count how many candidates of each row each reason excluded; empty positions and repetitions are no candidates.

    Returns:
        The reasons, and the counts: rows x reasons.
    """
    first = REASONS.index("no_offer")
    counts = np.stack([(excluded_by == number).sum(axis=1) for number in range(first, len(REASONS))], axis=1)
    return REASONS[first:], np.asarray(counts, dtype=np.int64)
