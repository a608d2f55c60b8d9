"""Whose consent is withdrawn, in Spark: DataFrames in, DataFrames out; without Spark, see `basketry.access.withdrawals`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.retail.channels import withdrawn_channel_column
from basketry.tables import ALL_CHANNELS, CHANNELS

KEYS: Mapping[str, str] = {"phone": "number", "email": "mailbox"}
"""The column by which customers share a channel: a number as E.164, an address as its mailbox."""


IS_OPEN = "phone IS NOT NULL OR email IS NOT NULL"
"""SQL condition of a row of the audience: there is a channel to reach the customer."""


@dataclass(frozen=True)
class ClosedChannel:
    """Who may not be reached on a channel.

    Attributes:
        customers: Their customer_id, distinct.
        keys: What they are reached by, see `KEYS`, distinct.
    """

    customers: DataFrame
    keys: DataFrame


def closed_channels(points: DataFrame, opt_outs: DataFrame) -> Mapping[str, ClosedChannel]:
    """Find, by channel, who has withdrawn it and what they can be reached by.

    Every opt-out that is known counts, whatever its date: a run of an earlier day must not call who has said no since.

    Args:
        points: customer_id and the columns of KEYS, at least of everybody who is in opt_outs.
        opt_outs: Rows of silver.opt_outs.
    """
    words = opt_outs.select("customer_id", withdrawn_channel_column(F.col("channel")).alias("channel"))
    closed = {}
    for channel in CHANNELS:
        customers = words.where(F.col("channel").isin(channel, ALL_CHANNELS)).select("customer_id").distinct()
        key = F.col(KEYS[channel])
        # One shuffle less than by key alone: few customers withdraw, so both joins are broadcast.
        theirs = points.join(F.broadcast(customers), "customer_id", "left_semi").select(key).where(key.isNotNull())
        closed[channel] = ClosedChannel(customers, theirs.distinct())
    return closed


def with_withdrawals(rows: DataFrame, closed: Mapping[str, ClosedChannel]) -> DataFrame:
    """Add no_phone and no_email: the channel is withdrawn for this number or mailbox, by whoever shares it.

    Args:
        rows: customer_id and the columns of KEYS, among others.
        closed: See `closed_channels`.
    """
    for channel, withdrawn in closed.items():
        customers = withdrawn.customers.withColumn("_own", F.lit(True))
        keys = withdrawn.keys.withColumn("_shared", F.lit(True))
        rows = rows.join(F.broadcast(customers), "customer_id", "left").join(F.broadcast(keys), KEYS[channel], "left")
        rows = rows.withColumn(f"no_{channel}", F.coalesce("_own", "_shared", F.lit(False))).drop("_own", "_shared")
    return rows


def open_audience(audience: DataFrame, closed: Mapping[str, ClosedChannel]) -> DataFrame:
    """Empty phone and email of the audience where they are withdrawn by now.

    Args:
        audience: Rows of gold.marketing_audience.
        closed: See `closed_channels`.

    Returns:
        The rows with `is_cut`: whether something was emptied. Who has neither left does not satisfy IS_OPEN.
    """
    keys = {"mailbox": F.lower("email"), "number": F.col("phone")}
    rows = with_withdrawals(audience.withColumns(keys), closed)
    usable = {channel: F.when(~F.col(f"no_{channel}"), F.col(channel)) for channel in CHANNELS}
    rows = rows.withColumn("is_cut", _is_cut(usable)).withColumns(usable)
    return rows.drop(*keys, *(f"no_{channel}" for channel in CHANNELS))


def _is_cut(usable: Mapping[str, Column]) -> Column:
    cut = F.lit(False)
    for channel, value in usable.items():
        cut |= F.col(channel).isNotNull() & value.isNull()
    return cut
