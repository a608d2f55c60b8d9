"""How offers perform: by category and minute, by shopper and product in sliding windows, and what training learns from.

All of it is made from gold.offer_decisions and gold.offer_responses, so that totals agree with them to the last row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.domains.offers.settings import OfferSettings
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.sql import in_days
from basketry.tables import OFFER_DECISIONS, OFFER_PERFORMANCE_MINUTE, OFFER_RESPONSES, OFFER_TRAINING, OFFER_WINDOWS

WINDOWS = (1, 60, 1_440)
"""Lengths of the sliding windows in minutes."""
_DAYS_LOOKED_BACK = 40
_SUMS = ("shown", "clicked", "bought", "revenue")


def offer_activity(decisions: DataFrame, responses: DataFrame) -> DataFrame:
    """Make one row for everything that happened with an offer.

    Returns:
        Columns at, event_date, customer_id, product_id, category and what to add up.
    """
    keys = ("event_date", "customer_id", "product_id", "category")
    no_revenue = F.lit(0).cast("decimal(18,4)")
    shown = decisions.where("product_id IS NOT NULL").select(
        F.col("decided_at").alias("at"),
        *keys,
        F.lit(1).alias("shown"),
        F.lit(0).alias("clicked"),
        F.lit(0).alias("bought"),
        no_revenue.alias("revenue"),
    )
    answered = responses.select(
        F.col("responded_at").alias("at"),
        *keys,
        F.lit(0).alias("shown"),
        (F.col("response") == "click").cast("int").alias("clicked"),
        (F.col("response") == "purchase").cast("int").alias("bought"),
        "revenue",
    )
    return shown.unionByName(answered)


def minute_totals(activity: DataFrame) -> DataFrame:
    """Make the rows of gold.offer_performance_minute."""
    minute = F.date_trunc("minute", "at").alias("minute")
    rows = activity.groupBy("event_date", minute, "category").agg(*_sums())
    return rows.withColumn("rate", F.when(F.col("shown") > 0, F.col("clicked") / F.col("shown")))


def window_totals(activity: DataFrame, until: datetime) -> DataFrame:
    """Make the rows of gold.offer_windows.

    Args:
        activity: See `offer_activity`.
        until: End of each window, which belongs to it; its first moment does not.
    """
    end = F.lit(until)
    age = F.unix_micros(end) - F.unix_micros("at")
    lengths = F.explode(F.array(*(F.lit(length) for length in WINDOWS))).alias("window_minutes")
    rows = activity.where(age >= 0).select("*", age.alias("age"), lengths)
    rows = rows.where(F.col("age") < F.col("window_minutes").cast("bigint") * F.lit(60_000_000))
    return rows.groupBy("window_minutes", "customer_id", "product_id").agg(*_sums()).withColumn("until", end)


def training_rows(decisions: DataFrame, responses: DataFrame, settle_minutes: int) -> DataFrame:
    """Join first slots with the responses that came in time, as rows of gold.offer_training."""
    first = decisions.where("slot = 1").withColumn("offer_id", F.concat_ws("/", "decision_id", "slot"))
    in_time = F.col("responded_at") <= F.col("decided_at") + F.expr(f"INTERVAL {settle_minutes} MINUTES")
    answers = (
        responses.where(in_time)
        .groupBy("offer_id")
        .agg(
            F.max((F.col("response") == "click").cast("int")).alias("clicked"),
            F.max((F.col("response") == "purchase").cast("int")).alias("bought"),
            F.sum("revenue").alias("revenue"),
        )
    )
    rows = first.join(answers, "offer_id", "left").fillna(0, ["clicked", "bought"])
    rows = rows.withColumn("revenue", F.coalesce("revenue", F.lit(0).cast("decimal(18,4)")))
    return rows.select(*OFFER_TRAINING.column_names)


def refresh_aggregates(lake: Lakehouse, days: Sequence[date], newest: float) -> None:
    """Make the windows anew, then the minutes of some days: see `missed_days`.

    Args:
        lake: The tables of the catalog.
        days: Local days whose minutes are made anew.
        newest: Time of the newest event in seconds; the windows end there.
    """
    if not days or not lake.exists(OFFER_DECISIONS):
        return
    is_refreshed = in_days("event_date", days)
    activity = offer_activity(lake.read(OFFER_DECISIONS), lake.read_or_empty(OFFER_RESPONSES))
    until = datetime.fromtimestamp(newest, UTC)
    recent = activity.where(F.col("event_date") >= F.lit(until.date() - timedelta(days=max(WINDOWS) // 1_440 + 1)))
    lake.replace(OFFER_WINDOWS, window_totals(recent, until), "true")
    minutes = minute_totals(activity.where(is_refreshed))
    lake.replace(OFFER_PERFORMANCE_MINUTE, minutes, is_refreshed, read_versions=_source_versions(lake))


def missed_days(lake: Lakehouse) -> list[date]:
    """List days whose minutes may be out of date: the newest, if a run was cut off after it had decided; mostly none."""
    if not lake.exists(OFFER_DECISIONS) or lake.reflected_versions(OFFER_PERFORMANCE_MINUTE) == _source_versions(lake):
        return []
    days = (
        lake.read(OFFER_DECISIONS)
        .select("event_date")
        .union(lake.read_or_empty(OFFER_RESPONSES).select("event_date"))
        .distinct()
    )
    return sorted(row.event_date for row in days.collect())[-_DAYS_LOOKED_BACK:]


def _source_versions(lake: Lakehouse) -> dict[str, int]:
    versions = {table.full_name: lake.version(table) for table in (OFFER_DECISIONS, OFFER_RESPONSES)}
    return {name: version for name, version in versions.items() if version is not None}


def append_training_rows(lake: Lakehouse, settings: OfferSettings, newest: float) -> int:
    """Append the decisions of every hour whose responses have had their time.

    The number of the last hour makes sure that they are appended once.

    Args:
        lake: The tables of the catalog.
        settings: Settings of offers.
        newest: Time of the newest event in seconds.

    Returns:
        How many rows were appended.
    """
    if not lake.exists(OFFER_DECISIONS):
        return 0
    last_hour = int((newest - settings.events.settle_minutes * 60) // 3_600)  # hours before it are over, and settled
    newest_hour = _newest_training_hour(lake)
    since = F.lit(0) if newest_hour is None else F.lit((newest_hour + 1) * 3_600)
    at = F.unix_seconds("decided_at")
    settled = lake.read(OFFER_DECISIONS).where((at >= since) & (at < last_hour * 3_600))
    count = settled.where("slot = 1").count()
    if count:  # by Spark: after a long backlog these are too many rows for the driver
        rows = training_rows(settled, lake.read_or_empty(OFFER_RESPONSES), settings.events.settle_minutes)
        lake.append(OFFER_TRAINING, rows, once=("offer_training", last_hour))
    return count


def _newest_training_hour(lake: Lakehouse) -> int | None:
    """Return the newest hour (from 1970) in gold.offer_training, None without any."""
    if not lake.exists(OFFER_TRAINING):
        return None
    newest = lake.read(OFFER_TRAINING).agg(F.max(F.unix_seconds("decided_at"))).collect()[0][0]
    return None if newest is None else int(newest) // 3_600


def _sums() -> list[Column]:
    return [F.sum(name).alias(name) for name in _SUMS]
