"""Messages in, from files or from Kafka, and what they say as columns of text and numbers. Nothing is validated here."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.offers.records import Records
from basketry.domains.offers.settings import OfferSettings
from basketry.errors import BadInputError, RefusedFileError
from basketry.files.limits import MEGABYTE
from basketry.files.messages import delivered_messages
from basketry.files.names import shown_name
from basketry.lake.lakehouse import Lakehouse

FEED = "offer_events"
FIELDS = ("event_id", "event_type", "occurred_at", "customer_id", "product_id", "offer_id", "revenue")
_MESSAGE = ", ".join(f"{name} string" for name in (*FIELDS, "_broken"))
_MESSAGE_ROWS = "content string, origin string, place bigint, delivered_at timestamp, is_refused boolean"
_MICROS = 1e6
_ROWS_AT_ONCE = 5_000
_CHARACTERS_AT_ONCE = 4 * MEGABYTE
_SCHEME = re.compile(r"^\w+:(?://)?(?=/)")
"""How Spark begins the path of a file: file: or dbfs:."""


def message_stream(lake: Lakehouse, settings: OfferSettings) -> DataFrame:
    """Open the stream of unread messages.

    Returns:
        Columns content, origin (file, or topic and partition), place (number within the origin), delivered_at, is_refused.
        Of a file that may not be read comes one row that is refused; its content is the reason.

    Raises:
        BadInputError: BASKETRY_OFFER_EVENTS is no address.
    """
    if lake.settings.offer_events:
        return _kafka_stream(lake, settings)
    folder = lake.settings.landing_folder(lake.catalog, FEED)
    bytes_at_once = max(1, int(settings.events.megabytes_at_once * 2**20))  # a file that is larger comes alone
    files = lake.file_stream(folder, bytes_at_once).load(str(folder)).select("path", "modificationTime")
    normal = Path(os.path.normpath(folder.absolute()))  # as Spark writes it

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Read the messages of the files that a batch names: Spark itself would follow links and unpack without end."""
        for batch in batches:
            for path, delivered_at in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield from _message_batches(Path(_SCHEME.sub("", path)), normal, delivered_at)

    return files.mapInArrow(read, _MESSAGE_ROWS)


def _message_batches(path: Path, folder: Path, delivered_at: datetime) -> Iterator[pa.RecordBatch]:
    origin = shown_name(path.relative_to(folder).as_posix())

    def rows(texts: Sequence[str], first: int, *, is_refused: bool = False) -> pa.RecordBatch:
        """Make the rows of some lines."""
        count = len(texts)
        columns = {
            "content": pa.array(texts, pa.string()),
            "origin": pa.array([origin] * count, pa.string()),
            "place": pa.array(range(first, first + count), pa.int64()),
            "delivered_at": pa.array([delivered_at] * count, pa.timestamp("us", "UTC")),
            "is_refused": pa.array([is_refused] * count, pa.bool_()),
        }
        return pa.RecordBatch.from_pydict(columns)

    first = 1
    try:
        for texts in _parts(delivered_messages(path, folder)):
            yield rows(texts, first)
            first += len(texts)
    except RefusedFileError as error:
        yield rows([error.message], 1, is_refused=True)


def _parts(lines: Iterator[str]) -> Iterator[list[str]]:
    part, size = list[str](), 0
    for line in lines:
        part.append(line)
        size += len(line)
        if len(part) == _ROWS_AT_ONCE or size >= _CHARACTERS_AT_ONCE:
            yield part
            part, size = [], 0
    if part:
        yield part


def _kafka_stream(lake: Lakehouse, settings: OfferSettings) -> DataFrame:
    address = urlsplit(lake.settings.offer_events)
    topic = address.path.strip("/")
    if address.scheme != "kafka" or not address.netloc or not topic:
        raise BadInputError(
            "BASKETRY_OFFER_EVENTS is not kafka://<server:port,…>/<topic>: correct it, or unset it for files."
        )
    reader = lake.spark.readStream.format("kafka").option("kafka.bootstrap.servers", address.netloc)
    reader = reader.option("subscribe", topic).option("startingOffsets", "earliest")
    reader = reader.option("maxOffsetsPerTrigger", settings.events.messages_at_once).options(**_kafka_options(lake))
    columns = [
        F.col("value").cast("string").alias("content"),
        F.concat_ws("/", "topic", "partition").alias("origin"),
        F.col("offset").alias("place"),
        F.col("timestamp").alias("delivered_at"),
        F.lit(False).alias("is_refused"),
    ]
    return reader.load().select(*columns)


def _kafka_options(lake: Lakehouse) -> dict[str, str]:
    """Read what a broker wants beyond its address (Event Hubs: its SASL settings); it is never written to a log."""
    text = lake.settings.resolve_secret(lake.settings.kafka_options)
    try:
        options = json.loads(text or "{}")
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
    rows = batch.where(F.length(F.trim("content")) > 0).withColumn("fields", fields)
    at = F.expr("try_cast(fields.occurred_at AS timestamp)")
    day = F.datediff(F.to_date(F.from_utc_timestamp(at, time_zone)), F.lit("1970-01-01").cast("date"))
    table = rows.select(
        "content",
        "origin",
        "place",
        "delivered_at",
        "is_refused",
        *(F.col(f"fields.{name}").alias(name) for name in FIELDS if name != "occurred_at"),
        (F.col("fields").isNull() | F.col("fields._broken").isNotNull()).alias("is_broken"),
        at.alias("occurred_at"),
        day.cast("bigint").alias("day"),
        F.col("fields.occurred_at").isNotNull().alias("has_time"),
        F.expr("try_cast(fields.revenue AS double)").alias("paid"),
    ).toArrow()
    order = [(name, "ascending") for name in ("delivered_at", "origin", "place")]
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
    problem[np.asarray(table["is_refused"])] = "file:refused"
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


def _texts(table: pa.Table, name: str) -> list[str]:
    """Return a column of texts, '' where one is missing."""
    texts: list[str] = table[name].fill_null("").to_pylist()
    return texts


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """Return a column of numbers, nan where one is missing."""
    return np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
