"""Messages in, from files or from Kafka, and what they say as columns of text and numbers. Nothing is validated here."""

from __future__ import annotations

import json
import os
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.offers.records import Records
from basketry.domains.offers.settings import OfferSettings
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse

FEED = "offer_events"
FIELDS = ("event_id", "event_type", "occurred_at", "customer_id", "product_id", "offer_id", "revenue")
_MESSAGE = ", ".join(f"{name} string" for name in (*FIELDS, "_broken"))
_MICROS = 1e6


def message_stream(lake: Lakehouse, settings: OfferSettings) -> DataFrame:
    """Open the stream of unread messages.

    Returns:
        Columns content, origin (file, or topic and partition), part and place (order within the origin), delivered_at.

    Raises:
        BadInputError: BASKETRY_OFFER_EVENTS is no address.
    """
    if lake.settings.offer_events:
        return _kafka_stream(lake, settings)
    folder = lake.settings.landing_folder(lake.catalog, FEED)
    bytes_at_once = max(1, int(settings.events.megabytes_at_once * 2**20))  # a file that is larger comes alone
    columns = [
        F.col("value").alias("content"),
        F.col("_metadata.file_name").alias("origin"),
        F.col("_metadata.file_block_start").alias("part"),
        F.lit(None).cast("bigint").alias("place"),  # known only when a micro-batch is read
        F.col("_metadata.file_modification_time").alias("delivered_at"),
    ]
    return lake.text_stream(folder, bytes_at_once).load(str(folder)).select(*columns)


def _kafka_stream(lake: Lakehouse, settings: OfferSettings) -> DataFrame:
    address = urlsplit(lake.settings.offer_events)
    topic = address.path.strip("/")
    if address.scheme != "kafka" or not address.netloc or not topic:
        raise BadInputError(
            "BASKETRY_OFFER_EVENTS is not kafka://<server:port,…>/<topic>: correct it, or unset it for files."
        )
    reader = lake.spark.readStream.format("kafka").option("kafka.bootstrap.servers", address.netloc)
    reader = reader.option("subscribe", topic).option("startingOffsets", "earliest")
    reader = reader.option("maxOffsetsPerTrigger", settings.events.messages_at_once).options(**_kafka_options())
    columns = [
        F.col("value").cast("string").alias("content"),
        F.concat_ws("/", "topic", "partition").alias("origin"),
        F.lit(0).cast("bigint").alias("part"),
        F.col("offset").alias("place"),
        F.col("timestamp").alias("delivered_at"),
    ]
    return reader.load().select(*columns)


def _kafka_options() -> dict[str, str]:
    """Read what a broker wants beyond its address (Event Hubs: its SASL settings); it is never written to a log."""
    try:
        options = json.loads(os.environ.get("BASKETRY_KAFKA_OPTIONS") or "{}")
        return {str(name): str(value) for name, value in options.items()}
    except (ValueError, AttributeError):
        raise BadInputError(
            "BASKETRY_KAFKA_OPTIONS is not a JSON object of Kafka options: correct or unset it."
        ) from None


def read_messages(batch: DataFrame, time_zone: str) -> pa.Table:
    """Read the messages of a micro-batch in the order of delivery, with their fields.

    Args:
        batch: Rows of `message_stream`.
        time_zone: Time zone of the business day.
    """
    fields = F.from_json("content", _MESSAGE, {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": "_broken"})
    numbered = batch.withColumn("place", F.coalesce("place", F.monotonically_increasing_id()))
    rows = numbered.where(F.length(F.trim("content")) > 0).withColumn("fields", fields)
    at = F.expr("try_cast(fields.occurred_at AS timestamp)")
    day = F.datediff(F.to_date(F.from_utc_timestamp(at, time_zone)), F.lit("1970-01-01").cast("date"))
    table = rows.select(
        "content",
        "origin",
        "part",
        "place",
        "delivered_at",
        *(F.col(f"fields.{name}").alias(name) for name in FIELDS if name != "occurred_at"),
        (F.col("fields").isNull() | F.col("fields._broken").isNotNull()).alias("is_broken"),
        at.alias("occurred_at"),
        day.cast("bigint").alias("day"),
        F.col("fields.occurred_at").isNotNull().alias("has_time"),
        F.expr("try_cast(fields.revenue AS double)").alias("paid"),
    ).toArrow()
    order = [(name, "ascending") for name in ("delivered_at", "origin", "part", "place")]
    return table.take(pc.sort_indices(table, sort_keys=order))


def parse_records(table: pa.Table) -> Records:
    """Parse messages into the records that the engine takes.

    Args:
        table: See `read_messages`.
    """
    problem = np.full(len(table), "", dtype=object)
    at = _numbers(pc.cast(table["occurred_at"], pa.int64())) / _MICROS
    paid = _numbers(table["paid"])
    has_revenue = np.asarray(pc.is_valid(table["revenue"]))
    problem[has_revenue & np.isnan(paid)] = "revenue:not_an_amount"
    problem[np.isnan(at)] = "occurred_at:not_a_time"
    problem[~np.asarray(table["has_time"].fill_null(False))] = "occurred_at:missing"
    problem[np.asarray(table["is_broken"])] = "line:not_json"
    days = np.nan_to_num(_numbers(table["day"])).astype(np.int64)
    delivered = _numbers(pc.cast(table["delivered_at"], pa.int64())) / _MICROS
    return Records(
        ids=_texts(table, "event_id"),
        kinds=_texts(table, "event_type"),
        shoppers=_texts(table, "customer_id"),
        products=_texts(table, "product_id"),
        offers=_texts(table, "offer_id"),
        at=at,
        delivered=delivered,
        day=days,
        revenue=paid,
        problem=problem.tolist(),
    )


def row_numbers(table: pa.Table, *, is_kafka: bool) -> np.ndarray:
    """Return the number of each message: its line in the file from 1, or its offset."""
    if is_kafka:
        return np.asarray(table["place"], dtype=np.int64)
    origins = np.asarray(pc.dictionary_encode(table["origin"]).combine_chunks().indices)
    starts = np.r_[True, origins[1:] != origins[:-1]]
    first = np.maximum.accumulate(np.where(starts, np.arange(len(origins)), 0))
    return np.asarray(np.arange(len(origins)) - first + 1, dtype=np.int64)


def _texts(table: pa.Table, name: str) -> list[str]:
    """Return a column of texts, '' where one is missing."""
    texts: list[str] = table[name].fill_null("").to_pylist()
    return texts


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """Return a column of numbers, nan where one is missing."""
    return np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
