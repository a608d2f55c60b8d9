"""Whose consent is withdrawn: a customer's, and that of everybody who shares their mailbox or telephone number.

Every opt-out that is known counts, whatever its day. Plain Arrow, for who answers without Spark; the audience and the
export do the same with Spark in `basketry.domains.marketing.withdrawals`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from basketry.access.contacts import mailboxes, numbers, valid_emails, valid_phones
from basketry.access.countries import country_code
from basketry.tables import ALL_CHANNELS, CHANNELS
from basketry.tables.withdrawals import withdrawn_channel

DELIVERED = ("customer_id", "channel", "email", "phone", "country")
"""Columns that `withdrawals_of` reads: of silver.opt_outs, and of its customer in silver.customers (null without one)."""


@dataclass(frozen=True)
class Withdrawals:
    """By channel: the customers who have withdrawn it, and the mailboxes or telephone numbers that it is withdrawn for."""

    customers: Mapping[str, frozenset[str]]
    addresses: Mapping[str, frozenset[str]]

    def closes(self, channel: str, customer: str, address: str | None) -> bool:
        """Whether the customer may not be reached there. address: as the audience holds it, normalised or E.164."""
        shared = address is not None and address.lower() in self.addresses[channel]
        return shared or customer in self.customers[channel]


def withdrawals_of(rows: pa.Table, country: str) -> Withdrawals:
    """All withdrawals, from rows with the columns DELIVERED. country: ISO 3166 code of who names none."""
    code, phones = country_code(_texts(rows, "country"), country), _texts(rows, "phone")
    keys = {
        "email": mailboxes(valid_emails(_texts(rows, "email"))).to_pylist(),
        "phone": numbers(valid_phones(phones, code), phones, code, country).to_pylist(),
    }
    customers = _texts(rows, "customer_id").to_pylist()
    meant = [withdrawn_channel(word) for word in _texts(rows, "channel").to_pylist()]
    closed: dict[str, frozenset[str]] = {}
    shared: dict[str, frozenset[str]] = {}
    for channel in CHANNELS:
        places = [place for place, word in enumerate(meant) if word in (channel, ALL_CHANNELS)]
        closed[channel] = frozenset(customers[place] for place in places)
        shared[channel] = frozenset(key for place in places if (key := keys[channel][place]) is not None)
    return Withdrawals(closed, shared)


def _texts(rows: pa.Table, name: str) -> pa.Array:
    column = rows.column(name).cast(pa.string())
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
