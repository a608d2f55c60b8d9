"""What a micro-batch leaves: its outcome as rows of the tables."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa

from basketry.domains.offers.decide import Decided, excluded
from basketry.domains.offers.engine import ANSWERED, Outcome, Response
from basketry.domains.offers.policy import NUMBERS
from basketry.domains.offers.records import DUPLICATE, GOOD, LATE, Records
from basketry.domains.offers.shop import Assortment, Ints

_KEPT = (GOOD, LATE, ANSWERED)
_AUDIENCES = np.array(["treatment", "control"], dtype=object)
_WHEN = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Batch:
    """A micro-batch with its outcome. table: the messages; name: of the batch; popular_from: see OFFER_DECISIONS."""

    table: pa.Table
    records: Records
    row_numbers: Ints
    outcome: Outcome
    shop: Assortment
    name: str
    popular_from: str

    def events(self) -> pa.Table:
        """Of bronze.offer_events: what was used, and what was late."""
        fates = np.array(self.outcome.fate, dtype=object)
        keep = np.isin(fates, _KEPT)
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
                "batch": self._batch(int(keep.sum())),
            }
        )

    def refused(self) -> list[tuple[int, str]]:
        """Positions and reasons of what is set aside."""
        fates = enumerate(self.outcome.fate)
        return [(place, fate) for place, fate in fates if fate not in (*_KEPT, DUPLICATE)]

    def decisions(self) -> pa.Table:
        """Of gold.offer_decisions, in the order of the events."""
        parts = [self._decided(places, decided) for places, decided in self.outcome.decided]
        return pa.concat_tables(parts) if parts else pa.table({})

    def responses(self) -> pa.Table:
        """Of gold.offer_responses."""
        found = self.outcome.responses
        at = [one.position for one in found]
        return pa.table(
            {
                "offer_id": _texts(one.offer_id for one in found),
                "response": _texts(one.kind.removeprefix("offer_") for one in found),
                "event_id": _texts(self.records.ids[place] for place in at),
                "responded_at": _times(self.records.at[at]),
                "event_date": _dates(self.records.day[at]),
                "decided_at": _times(np.array([one.shown.at for one in found])),
                "customer_id": _texts(one.shown.shopper for one in found),
                "audience": _texts(_AUDIENCES[int(one.shown.control)] for one in found),
                "product_id": _texts(self.shop.products[one.shown.product] for one in found),
                "category": _texts(self.shop.categories[one.shown.category] for one in found),
                "revenue": pa.array([_money(one) for one in found], pa.decimal128(18, 4)),
                "batch": self._batch(len(found)),
            }
        )

    def counts(self, known: Container[str]) -> dict[str, int]:
        """The numbers of ops.offer_batches. known: shoppers that silver.customers has."""
        fates = self.outcome.fate
        first = [(places, one) for places, one in self.outcome.decided if one.slot == 1]
        decided = sum(len(places) for places, _ in first)
        strangers = sum(self.records.shoppers[place] not in known for places, _ in first for place in places.tolist())
        found = {name: fates.count(fate) for name, fate in _FATES.items()}
        return {
            "records": len(fates),
            **found,
            "quarantined": len(fates) - sum(found.values()),
            "decided": decided,
            "shown": len(self.outcome.shown),
            "responses": len(self.outcome.responses),
            "unknown_shoppers": strangers,
            "degraded": decided if self.popular_from == "degraded" else 0,
        }

    def _batch(self, size: int) -> pa.Array:
        return pa.array([self.name] * size, pa.string())

    def _decided(self, places: Ints, one: Decided) -> pa.Table:
        shown, each = one.product >= 0, np.arange(len(one.row))
        product = _named(self.shop.products, one.product)
        column = np.minimum(one.column, one.products.shape[1] - 1)
        chosen = one.features[each, column]
        listed = places.tolist()
        looked_at = self.outcome.product[places]
        context = np.where(looked_at >= 0, self.shop.category[looked_at], -1)
        return pa.table(
            {
                "decision_id": _texts(self.records.ids[place] for place in listed),
                "slot": pa.array(np.full(len(listed), one.slot), pa.int32()),
                "decided_at": _times(self.records.at[places]),
                "event_date": _dates(self.records.day[places]),
                "customer_id": _texts(self.records.shoppers[place] for place in listed),
                "audience": pa.array(_AUDIENCES[one.control.astype(np.int64)], pa.string()),
                "context_category": _named(self.shop.categories, context),
                "product_id": product,
                "category": _named(self.shop.categories, one.category),
                "offer": _named(self.outcome.offers, one.offer),
                "discount": one.discount,
                "price": np.where(shown, self.shop.price[np.maximum(one.product, 0)], 0.0),
                "probability": one.probability,
                "expected_response": one.expected,
                "reason": _texts(one.reason),
                "considered": pa.array((one.products >= 0).sum(axis=1), pa.int32()),
                "excluded": _counts(*excluded(one.against)),
                "features": _vectors(chosen, ~shown),
                "candidates": self._candidates(one),
                "policy_version": _texts([self.outcome.version] * len(listed)),
                "popular_from": _texts([self.popular_from] * len(listed)),
                "batch": self._batch(len(listed)),
            }
        )

    def _candidates(self, one: Decided) -> pa.Array:
        eligible = one.against < 0
        product = one.products[eligible]
        values = pa.StructArray.from_arrays(
            [
                _named(self.shop.products, product),
                _named(self.shop.categories, self.shop.category[product]),
                pa.array(one.probabilities[:, :-1][eligible], pa.float64()),
                _vectors(one.features[eligible]),
            ],
            names=["product_id", "category", "probability", "features"],
        )
        offsets = np.r_[0, np.cumsum(eligible.sum(axis=1))].astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), values)


_FATES = {"good": GOOD, "late": LATE, "repeated": ANSWERED, "duplicates": DUPLICATE}


def _money(one: Response) -> Decimal:
    return Decimal(str(round(one.revenue, 4)))


def _texts(values: object) -> pa.Array:
    return pa.array(list(values), pa.string())  # type: ignore[call-overload]


def _named(names: Sequence[str], places: Ints) -> pa.Array:
    """Names of positions, null for -1."""
    table = np.array([*names, None], dtype=object)
    return pa.array(table[places], pa.string())


def _counts(names: Sequence[str], rows: Ints) -> pa.Array:
    """A map a row, from each name to its count, without those that are 0."""
    some = rows > 0
    offsets = np.r_[0, np.cumsum(some.sum(axis=1))].astype(np.int32)
    return pa.MapArray.from_arrays(
        pa.array(offsets), _named(names, np.nonzero(some)[1]), pa.array(rows[some], pa.int64())
    )


def _vectors(rows: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    """Rows of NUMBERS as lists; null where missing."""
    offsets = np.arange(len(rows) + 1, dtype=np.int32) * len(NUMBERS)
    mask = None if missing is None else pa.array(missing)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(rows.reshape(-1), pa.float64()), mask=mask)


def _times(seconds: np.ndarray) -> pa.Array:
    return pa.array(np.round(np.asarray(seconds, dtype=np.float64) * 1e6).astype(np.int64), pa.int64()).cast(_WHEN)


def _dates(days: Ints) -> pa.Array:
    return pa.array(np.asarray(days, dtype=np.int32), pa.int32()).cast(pa.date32())
