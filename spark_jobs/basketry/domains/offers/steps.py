"""What the engine works on: a batch in progress, and steps of it with at most one event of each shopper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from basketry.domains.offers.outcomes import BatchOutcome, ShownOffer
from basketry.domains.offers.records import GOOD, Records, ValidatedRecords
from basketry.domains.offers.shop import Flags, Floats, Ints


@dataclass(frozen=True)
class BatchInProgress:
    """A batch that is being processed.

    Attributes:
        records: Its records.
        validated: Outcome of their validation.
        earlier: Offers of earlier batches by id.
        outcome: What became of it so far.
    """

    records: Records
    validated: ValidatedRecords
    earlier: Mapping[str, ShownOffer]
    outcome: BatchOutcome

    def positions_of(self, kinds: Sequence[str], first: int, last: int) -> list[int]:
        """Return the positions from first to before last of good records of these kinds."""
        fate, of = self.validated.fate, self.records.kinds
        return [position for position in range(first, last) if fate[position] == GOOD and of[position] in kinds]


@dataclass(frozen=True, kw_only=True)
class Step:
    """At most one event of each shopper, in the order of delivery.

    Attributes:
        positions: Position of each event's record.
        ids: Event ids.
        kinds: Kinds of the events.
        shoppers: Customer ids.
        shopper_indices: Index of each shopper in memory.
        product: Product of each event.
        day: Local day of each event.
        at: Time of each event in seconds.
    """

    positions: Ints
    ids: Sequence[str]
    kinds: Sequence[str]
    shoppers: Sequence[str]
    shopper_indices: Ints
    product: Ints
    day: Ints
    at: Floats

    @classmethod
    def from_records(cls, batch: BatchInProgress, positions: Ints, shopper_indices: Ints) -> Step:
        """Look up the events at these positions."""
        records, listed = batch.records, positions.tolist()
        return cls(
            positions=positions,
            ids=[records.ids[position] for position in listed],
            kinds=[records.kinds[position] for position in listed],
            shoppers=[records.shoppers[position] for position in listed],
            shopper_indices=shopper_indices,
            product=batch.validated.product[positions],
            day=records.day[positions],
            at=records.at[positions],
        )

    def is_kind(self, *kinds: str) -> Flags:
        """Say whether each event is of one of these kinds."""
        return np.array([kind in kinds for kind in self.kinds], dtype=bool)


def turns_of(shoppers: Ints) -> Ints:
    """Count how many earlier events each event's shopper has."""
    order = np.argsort(shoppers, kind="stable")
    ordered = shoppers[order]
    starts = np.r_[True, ordered[1:] != ordered[:-1]]
    since = np.arange(len(ordered)) - np.maximum.accumulate(np.where(starts, np.arange(len(ordered)), 0))
    turns = np.empty_like(since)
    turns[order] = since
    return turns
