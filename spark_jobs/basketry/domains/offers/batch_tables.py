"""What a micro-batch leaves: its outcome as rows of the tables."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa

from basketry.domains.offers.decisions import SlotDecisions, excluded_counts
from basketry.domains.offers.outcomes import ANSWERED, BatchOutcome
from basketry.domains.offers.policy import FEATURE_NAMES
from basketry.domains.offers.records import DUPLICATE, GOOD, LATE, Records
from basketry.domains.offers.shop import Assortment, Ints

_STORED = (GOOD, LATE, ANSWERED)
_AUDIENCES = np.array(["treatment", "control"], dtype=object)
_TIMESTAMP = pa.timestamp("us", tz="UTC")
_COUNTED_FATES = {"good": GOOD, "late": LATE, "repeated": ANSWERED, "duplicates": DUPLICATE}


@dataclass(frozen=True, kw_only=True)
class MicroBatch:
    """A micro-batch with its outcome.

    Attributes:
        table: The messages.
        records: The same as records.
        row_numbers: Number of each message in its file or partition.
        outcome: What became of the records.
        shop: The products.
        name: Name of the batch.
        popular_from: Where popular products came from, see OFFER_DECISIONS.
    """

    table: pa.Table
    records: Records
    row_numbers: Ints
    outcome: BatchOutcome
    shop: Assortment
    name: str
    popular_from: str

    def events(self) -> pa.Table:
        """Make the rows of bronze.offer_events: what was used, and what was late."""
        fates = np.array(self.outcome.fate, dtype=object)
        keep = np.isin(fates, _STORED)
        rows = self.table.filter(pa.array(keep))
        columns = {
            name: rows[name] for name in ("event_id", "event_type", "occurred_at", "customer_id", "content", "origin")
        }
        return pa.table(
            {
                **columns,
                "event_date": _dates(self.records.day[keep]),
                "fate": pa.array(fates[keep], pa.string()),
                "row_number": self.row_numbers[keep],
                "delivered_at": rows["delivered_at"],
                "batch": self._batch_column(int(keep.sum())),
            }
        )

    def refused(self) -> list[tuple[int, str]]:
        """List the positions and reasons of what is quarantined."""
        fates = enumerate(self.outcome.fate)
        return [(position, fate) for position, fate in fates if fate not in (*_STORED, DUPLICATE)]

    def decisions(self) -> pa.Table:
        """Make the rows of gold.offer_decisions, in the order of the events."""
        parts = [self._decision_rows(positions, decisions) for positions, decisions in self.outcome.slot_decisions]
        return pa.concat_tables(parts) if parts else pa.table({})

    def responses(self) -> pa.Table:
        """Make the rows of gold.offer_responses."""
        responses = self.outcome.responses
        shown = [response.shown for response in responses]
        positions = [response.position for response in responses]
        revenue = [Decimal(str(round(response.revenue, 4))) for response in responses]
        return pa.table(
            {
                "offer_id": _texts(response.offer_id for response in responses),
                "response": _texts(response.kind.removeprefix("offer_") for response in responses),
                "event_id": _texts(self.records.ids[position] for position in positions),
                "responded_at": _times(self.records.at[positions]),
                "event_date": _dates(self.records.day[positions]),
                "decided_at": _times(np.array([offer.at for offer in shown])),
                "customer_id": _texts(offer.shopper for offer in shown),
                "audience": _texts(_AUDIENCES[int(offer.control)] for offer in shown),
                "product_id": _texts(self.shop.products[offer.product] for offer in shown),
                "category": _texts(self.shop.categories[offer.category] for offer in shown),
                "revenue": pa.array(revenue, pa.decimal128(18, 4)),
                "batch": self._batch_column(len(responses)),
            }
        )

    def counts(self, customers: Container[str]) -> dict[str, int]:
        """Count what ops.offer_batches holds.

        Args:
            customers: Shoppers whom silver.customers has.
        """
        fates = self.outcome.fate
        first_slots = [positions for positions, decisions in self.outcome.slot_decisions if decisions.slot == 1]
        decided = [position for positions in first_slots for position in positions.tolist()]
        unknown_shoppers = sum(self.records.shoppers[position] not in customers for position in decided)
        by_fate = {name: fates.count(fate) for name, fate in _COUNTED_FATES.items()}
        return {
            "records": len(fates),
            **by_fate,
            "quarantined": len(fates) - sum(by_fate.values()),
            "decided": len(decided),
            "shown": len(self.outcome.shown),
            "responses": len(self.outcome.responses),
            "unknown_shoppers": unknown_shoppers,
            "degraded": len(decided) if self.popular_from == "degraded" else 0,
        }

    def days(self) -> list[date]:
        """List the local days of what was used, sorted."""
        is_good = np.array(self.outcome.fate, dtype=object) == GOOD
        days: list[date] = _dates(np.unique(self.records.day[is_good])).to_pylist()
        return days

    def _batch_column(self, size: int) -> pa.Array:
        return pa.array([self.name] * size, pa.string())

    def _decision_rows(self, positions: Ints, decisions: SlotDecisions) -> pa.Table:
        listed = positions.tolist()
        is_shown = decisions.product >= 0
        column = np.minimum(decisions.column, decisions.products.shape[1] - 1)
        chosen = decisions.features[np.arange(len(listed)), column]
        product_viewed = self.outcome.product[positions]
        context = np.where(product_viewed >= 0, self.shop.category[product_viewed], -1)
        return pa.table(
            {
                "decision_id": _texts(self.records.ids[position] for position in listed),
                "slot": pa.array(np.full(len(listed), decisions.slot), pa.int32()),
                "decided_at": _times(self.records.at[positions]),
                "event_date": _dates(self.records.day[positions]),
                "customer_id": _texts(self.records.shoppers[position] for position in listed),
                "audience": pa.array(_AUDIENCES[decisions.control.astype(np.int64)], pa.string()),
                "context_category": _names_at(self.shop.categories, context),
                "product_id": _names_at(self.shop.products, decisions.product),
                "category": _names_at(self.shop.categories, decisions.category),
                "offer": _names_at(self.outcome.offers, decisions.offer),
                "discount": decisions.discount,
                "price": np.where(is_shown, self.shop.price[np.maximum(decisions.product, 0)], 0.0),
                "probability": decisions.probability,
                "expected_response": decisions.expected,
                "reason": _texts(decisions.reason),
                "considered": pa.array((decisions.products >= 0).sum(axis=1), pa.int32()),
                "excluded": _count_maps(*excluded_counts(decisions.excluded_by)),
                "features": _vectors(chosen, ~is_shown),
                "candidates": self._candidate_lists(decisions),
                "policy_version": _texts([self.outcome.version] * len(listed)),
                "popular_from": _texts([self.popular_from] * len(listed)),
                "batch": self._batch_column(len(listed)),
            }
        )

    def _candidate_lists(self, decisions: SlotDecisions) -> pa.Array:
        eligible = decisions.excluded_by < 0
        product = decisions.products[eligible]
        values = pa.StructArray.from_arrays(
            [
                _names_at(self.shop.products, product),
                _names_at(self.shop.categories, self.shop.category[product]),
                pa.array(decisions.probabilities[:, :-1][eligible], pa.float64()),
                _vectors(decisions.features[eligible]),
            ],
            names=["product_id", "category", "probability", "features"],
        )
        offsets = np.r_[0, np.cumsum(eligible.sum(axis=1))].astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), values)


def _texts(values: Iterable[str]) -> pa.Array:
    return pa.array(list(values), pa.string())


def _names_at(names: Sequence[str], positions: Ints) -> pa.Array:
    """Look up the names of positions, null for -1."""
    with_null = np.array([*names, None], dtype=object)
    return pa.array(with_null[positions], pa.string())


def _count_maps(names: Sequence[str], counts: Ints) -> pa.Array:
    """Make one map per row, from each name to its count, without those that are 0."""
    is_counted = counts > 0
    offsets = np.r_[0, np.cumsum(is_counted.sum(axis=1))].astype(np.int32)
    keys = _names_at(names, np.nonzero(is_counted)[1])
    return pa.MapArray.from_arrays(pa.array(offsets), keys, pa.array(counts[is_counted], pa.int64()))


def _vectors(rows: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    """Make rows of features into lists; null where missing."""
    offsets = np.arange(len(rows) + 1, dtype=np.int32) * len(FEATURE_NAMES)
    mask = None if missing is None else pa.array(missing)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(rows.reshape(-1), pa.float64()), mask=mask)


def _times(seconds: np.ndarray) -> pa.Array:
    micros = np.round(np.asarray(seconds, dtype=np.float64) * 1e6).astype(np.int64)
    return pa.array(micros, pa.int64()).cast(_TIMESTAMP)


def _dates(days: Ints) -> pa.Array:
    return pa.array(np.asarray(days, dtype=np.int32), pa.int32()).cast(pa.date32())
