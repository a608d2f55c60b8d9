"""Who is handed over on which channel, in which call window: DataFrames in, DataFrames out."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

SHARED, LATER = "shares a phone with a better customer", "handed over this week already"

FIELDS = {
    "phone": ("customer_id", "name", "phone", "state", "time_zone", "starts_at", "ends_at"),
    "email": ("customer_id", "name", "email", "state"),
}
"""The columns of a file by channel, before what the caller may talk about."""

TOPICS = ("favourite_category", "favourite_product", "category_cluster_name")


def choose_handovers(audience: DataFrame, earlier: DataFrame, as_of: date, preferred: str) -> DataFrame:
    """Choose one channel for each customer, and one of their call windows where they are called.

    A number that several share is called once, for the customer who spent most.

    Args:
        audience: gold.marketing_audience of the day.
        earlier: Hand-overs of other runs; who is in one of the same calendar week (Monday to Sunday) is left out.
        as_of: Day of the audience.
        preferred: Channel for a customer who can be reached by both.

    Returns:
        Rows of gold.marketing_handovers.
    """
    calls, mails = _calls(audience), _mails(audience, as_of)
    taken = earlier.where(F.col("as_of") != F.lit(as_of)).select("customer_id", "week_start").distinct()
    calls, mails = (rows.join(taken, ["customer_id", "week_start"], "left_anti") for rows in (calls, mails))
    first, second = (calls, mails) if preferred == "phone" else (mails, calls)
    first, second = _one_per_customer(first), _one_per_customer(second)
    chosen = first.unionByName(second.join(first, "customer_id", "left_anti"))
    return chosen.withColumns({"as_of": F.lit(as_of), "file": _file_name(chosen)})


def _calls(audience: DataFrame) -> DataFrame:
    best = Window.partitionBy("phone").orderBy(F.desc("spent"), "customer_id")
    callable_ = audience.where("phone IS NOT NULL").withColumn("_rank", F.row_number().over(best)).where("_rank = 1")
    windows = callable_.select("customer_id", F.explode("call_windows").alias("window")).where(
        "window.starts_at IS NOT NULL"
    )
    columns = [
        F.col("customer_id"),
        F.to_date(F.date_trunc("week", F.col("window.day"))).alias("week_start"),
        F.lit("phone").alias("channel"),
        F.col("window.starts_at").alias("starts_at"),
        F.col("window.ends_at").alias("ends_at"),
    ]
    return windows.select(*columns)


def _mails(audience: DataFrame, as_of: date) -> DataFrame:
    first = as_of + timedelta(days=1)
    no_time = F.lit(None).cast("timestamp")
    columns = [
        F.col("customer_id"),
        F.lit(first - timedelta(days=first.weekday())).alias("week_start"),
        F.lit("email").alias("channel"),
        no_time.alias("starts_at"),
        no_time.alias("ends_at"),
    ]
    return audience.where("email IS NOT NULL").select(*columns)


def _one_per_customer(rows: DataFrame) -> DataFrame:
    """Choose one row per customer by a hash, so that no day gets all of them."""
    spread = Window.partitionBy("customer_id").orderBy(F.xxhash64("customer_id", "starts_at"), "starts_at")
    return rows.withColumn("_number", F.row_number().over(spread)).where("_number = 1").drop("_number")


def _file_name(rows: DataFrame) -> Column:
    instants = [F.date_format(name, "yyyyMMdd'T'HHmm'Z'") for name in ("starts_at", "ends_at")]
    week = F.concat(F.lit("week_"), F.date_format("week_start", "yyyyMMdd"))
    return F.concat_ws("_", "channel", F.when(F.col("starts_at").isNull(), week).otherwise(F.concat_ws("_", *instants)))


def file_rows(handovers: DataFrame, audience: DataFrame) -> DataFrame:
    """Make the rows of the files.

    Who is in no audience any more (they were forgotten) or may not be reached on the channel any more is left out.

    Returns:
        Columns file, channel, the fields of both channels, and `line`, the row as JSON of its channel's fields.
    """
    people = audience.select("customer_id", "name", "phone", "email", "state", "time_zone", *TOPICS)
    instants = {name: F.date_format(name, "yyyy-MM-dd'T'HH:mm:ss'Z'") for name in ("starts_at", "ends_at")}
    rows = handovers.select(["file", "channel", "customer_id", "starts_at", "ends_at"]).join(people, "customer_id")
    contact = F.when(F.col("channel") == "phone", F.col("phone")).otherwise(F.col("email"))
    rows = rows.where(contact.isNotNull()).withColumns(instants)
    phone, email = (F.to_json(F.struct(*names, *TOPICS)) for names in FIELDS.values())
    return rows.withColumn("line", F.when(F.col("channel") == "phone", phone).otherwise(email))
