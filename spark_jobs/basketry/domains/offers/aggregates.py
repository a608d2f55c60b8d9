"""How offers perform: by category and minute, by shopper and product in sliding windows, and what training learns from.

All of it is made from gold.offer_decisions and gold.offer_responses, so that totals agree with them to the last row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.offers.settings import OfferSettings
from basketry.lake.lakehouse import Lakehouse, declared_schema
from basketry.tables import OFFER_DECISIONS, OFFER_PERFORMANCE_MINUTE, OFFER_RESPONSES, OFFER_TRAINING, OFFER_WINDOWS

WINDOWS = (1, 60, 1_440)
"""Lengths of the sliding windows in minutes."""
_DAYS_LOOKED_BACK = 40
_SUMS = ("shown", "clicked", "bought", "revenue")


def happenings(decisions: DataFrame, responses: DataFrame) -> DataFrame:
    """A row for everything that happened with an offer: at, event_date, customer, product, category and what to add up."""
    who = ("event_date", "customer_id", "product_id", "category")
    nothing = F.lit(0).cast("decimal(18,4)")
    shown = decisions.where("product_id IS NOT NULL").select(
        F.col("decided_at").alias("at"),
        *who,
        F.lit(1).alias("shown"),
        F.lit(0).alias("clicked"),
        F.lit(0).alias("bought"),
        nothing.alias("revenue"),
    )
    answered = responses.select(
        F.col("responded_at").alias("at"),
        *who,
        F.lit(0).alias("shown"),
        (F.col("response") == "click").cast("int").alias("clicked"),
        (F.col("response") == "purchase").cast("int").alias("bought"),
        "revenue",
    )
    return shown.unionByName(answered)


def by_minute(happened: DataFrame) -> DataFrame:
    """Rows of gold.offer_performance_minute."""
    minute = F.date_trunc("minute", "at").alias("minute")
    rows = happened.groupBy("event_date", minute, "category").agg(*_sums())
    return rows.withColumn("rate", F.when(F.col("shown") > 0, F.col("clicked") / F.col("shown")))


def in_windows(happened: DataFrame, until: datetime) -> DataFrame:
    """Rows of gold.offer_windows: each window ends at `until`, which belongs to it, and begins after its first moment."""
    end = F.lit(until)
    age = F.unix_micros(end) - F.unix_micros("at")
    lengths = F.explode(F.array(*(F.lit(length) for length in WINDOWS))).alias("window_minutes")
    rows = happened.where(age >= 0).select("*", age.alias("age"), lengths)
    rows = rows.where(F.col("age") < F.col("window_minutes").cast("bigint") * F.lit(60_000_000))
    return rows.groupBy("window_minutes", "customer_id", "product_id").agg(*_sums()).withColumn("until", end)


def training_rows(decisions: DataFrame, responses: DataFrame, settle_minutes: int) -> DataFrame:
    """First slots with the responses that came in time."""
    first = decisions.where("slot = 1").withColumn("offer_id", F.concat_ws("/", "decision_id", "slot"))
    in_time = F.col("responded_at") <= F.col("decided_at") + F.expr(f"INTERVAL {settle_minutes} MINUTES")
    came = (
        responses.where(in_time)
        .groupBy("offer_id")
        .agg(
            F.max((F.col("response") == "click").cast("int")).alias("clicked"),
            F.max((F.col("response") == "purchase").cast("int")).alias("bought"),
            F.sum("revenue").alias("revenue"),
        )
    )
    rows = first.join(came, "offer_id", "left").fillna(0, ["clicked", "bought"])
    rows = rows.withColumn("revenue", F.coalesce("revenue", F.lit(0).cast("decimal(18,4)")))
    return rows.select(*OFFER_TRAINING.column_names)


def refresh(lake: Lakehouse, days: Sequence[date], newest: float) -> None:
    """Make the windows up to the newest event (seconds) anew, then the minutes of these local days: see `missed_days`."""
    if not days or not lake.exists(OFFER_DECISIONS):
        return
    listed = ", ".join(f"DATE'{day}'" for day in days)
    happened = happenings(lake.read(OFFER_DECISIONS), _responses(lake))
    until = datetime.fromtimestamp(newest, UTC)
    recent = happened.where(F.col("event_date") >= F.lit(until.date() - timedelta(days=max(WINDOWS) // 1_440 + 1)))
    lake.replace(OFFER_WINDOWS, in_windows(recent, until), "true")
    minutes, where = by_minute(happened.where(f"event_date IN ({listed})")), f"event_date IN ({listed})"
    lake.replace(OFFER_PERFORMANCE_MINUTE, minutes, where, read_versions=_sources(lake))


def missed_days(lake: Lakehouse) -> list[date]:
    """Days whose minutes may not be up to date: the newest ones, when a run was cut off after it had decided; mostly none."""
    if not lake.exists(OFFER_DECISIONS) or lake.reflected(OFFER_PERFORMANCE_MINUTE) == _sources(lake):
        return []
    days = lake.read(OFFER_DECISIONS).select("event_date").union(_responses(lake).select("event_date")).distinct()
    return sorted(row.event_date for row in days.collect())[-_DAYS_LOOKED_BACK:]


def _sources(lake: Lakehouse) -> dict[str, int]:
    versions = {table.full_name: lake.version(table) for table in (OFFER_DECISIONS, OFFER_RESPONSES)}
    return {name: version for name, version in versions.items() if version is not None}


def keep_training_rows(lake: Lakehouse, settings: OfferSettings, newest: float) -> int:
    """Append the decisions of every hour whose responses have had their time; the hour that was last is the number."""
    if not lake.exists(OFFER_DECISIONS):
        return 0
    last_hour = int((newest - settings.settle_minutes * 60) // 3_600)  # hours before it are over, and settled
    since = F.lit(0) if (done := _hours_done(lake)) is None else F.lit((done + 1) * 3_600)
    at = F.unix_seconds("decided_at")
    settled = lake.read(OFFER_DECISIONS).where((at >= since) & (at < last_hour * 3_600))
    count = settled.where("slot = 1").count()
    if count:  # by Spark: after a long backlog these are too many rows for the driver
        rows = training_rows(settled, _responses(lake), settings.settle_minutes)
        lake.append(OFFER_TRAINING, rows, once=("offer_training", last_hour))
    return count


def _hours_done(lake: Lakehouse) -> int | None:
    """The newest hour (from 1970) in gold.offer_training."""
    if not lake.exists(OFFER_TRAINING):
        return None
    newest = lake.read(OFFER_TRAINING).agg(F.max(F.unix_seconds("decided_at"))).collect()[0][0]
    return None if newest is None else int(newest) // 3_600


def _responses(lake: Lakehouse) -> DataFrame:
    if lake.exists(OFFER_RESPONSES):
        return lake.read(OFFER_RESPONSES)
    return lake.spark.createDataFrame([], declared_schema(OFFER_RESPONSES))


def _sums() -> list[F.Column]:
    return [F.sum(name).alias(name) for name in _SUMS]
