"""Whose consent is withdrawn: a customer's, and that of everybody who shares their mailbox or telephone number.

Every opt-out that is known counts, whatever its day. Plain Arrow, for answers without Spark; the audience and the
export do the same with Spark in `basketry.domains.marketing.withdrawals`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from basketry.access.contacts import mailbox_keys, number_keys, valid_emails, valid_phones
from basketry.access.countries import country_code
from basketry.tables import ALL_CHANNELS, CHANNELS
from basketry.tables.withdrawals import withdrawn_channel

DELIVERED = ("customer_id", "channel", "email", "phone", "country")
"""Columns that `withdrawals_of` reads: of silver.opt_outs, and of its customer in silver.customers (null without one)."""


@dataclass(frozen=True)
class Withdrawals:
    """Consents that are withdrawn.

    Attributes:
        customers: The customers who have withdrawn each channel.
        addresses: The mailboxes or telephone numbers for which each channel is withdrawn.
    """

    customers: Mapping[str, frozenset[str]]
    addresses: Mapping[str, frozenset[str]]

    def closes(self, channel: str, customer: str, address: str | None) -> bool:
        """Return whether the customer may not be reached there.

        Args:
            channel: One of CHANNELS.
            customer: The customer's id.
            address: As the audience holds it, normalised or E.164.
        """
        shared = address is not None and address.lower() in self.addresses[channel]
        return shared or customer in self.customers[channel]


def withdrawals_of(rows: pa.Table, country: str) -> Withdrawals:
    """Collect all withdrawals.

    Args:
        rows: Rows with the columns DELIVERED.
        country: The ISO 3166 code of who names none.
    """
    code, phones = country_code(_texts(rows, "country"), country), _texts(rows, "phone")
    keys = {
        "email": mailbox_keys(valid_emails(_texts(rows, "email"))).to_pylist(),
        "phone": number_keys(valid_phones(phones, code), phones, code, country).to_pylist(),
    }
    customers = _texts(rows, "customer_id").to_pylist()
    channels = [withdrawn_channel(channel_name) for channel_name in _texts(rows, "channel").to_pylist()]
    customers_of: dict[str, frozenset[str]] = {}
    addresses: dict[str, frozenset[str]] = {}
    for channel in CHANNELS:
        rows_of_channel = [
            index for index, channel_name in enumerate(channels) if channel_name in (channel, ALL_CHANNELS)
        ]
        customers_of[channel] = frozenset(customers[index] for index in rows_of_channel)
        addresses[channel] = frozenset(key for index in rows_of_channel if (key := keys[channel][index]) is not None)
    return Withdrawals(customers_of, addresses)


def _texts(rows: pa.Table, name: str) -> pa.Array:
    column = rows.column(name).cast(pa.string())
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
