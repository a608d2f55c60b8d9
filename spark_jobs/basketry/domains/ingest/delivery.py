"""Delivered files as a DataFrame: each file is read by Python tasks in bounded memory."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from basketry.contracts import Contract
from basketry.errors import RefusedFileError
from basketry.files import DeliveredFile, read_batches

ROWS_PER_BATCH = 20_000
BYTES_WORTH_SHARING = 4 * 2**20
MOST_SHARES = 4
REFUSAL = re.compile(
    r"^\W*[\w.]*Error: BAD_INPUT: (?P<message>.+)$(?:\s+refused file: (?P<checksum>[0-9a-f]+)$)?", re.M
)
"""The lines of a failed task that say why it refused a file, and which: Spark hands on an error as its traceback alone."""


class RefusedWhileReadingError(RefusedFileError):
    """A file turned out to be damaged while its rows were read."""

    def __init__(self, message: str, checksum: str | None) -> None:
        """Store the sentence, and the checksum of the file if the task named it."""
        super().__init__(message)
        self.checksum = checksum


def read_delivered_rows(
    spark: SparkSession, files: Sequence[DeliveredFile], contract: Contract, folder: Path | None = None
) -> DataFrame:
    """Read every record of the files as text, with its lineage: what `core.validate_rows` takes.

    Each task reads a copy of its own, on whatever machine it runs, and refuses a file whose checksum is not the one that
    was inspected: what is loaded is what was checked.

    Args:
        spark: the session.
        files: the files.
        contract: the contract of their feed.
        folder: the landing folder of the feed; None for the folder of each file.
    """
    names = [column.name for column in contract.delivered]
    texts = ", ".join(f"`{name}` string" for name in names)
    schema = f"_file int, _row_number bigint, {texts}, _extra string, _native array<string>, _defects array<string>"
    order = ["_row_number", *names, "_extra", "_native", "_defects"]
    shares = reading_shares([file.bytes for file in files], os.cpu_count() or 1)

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Read the rows of the shares that a batch names."""
        for batch in batches:
            for number in batch.column(0).to_pylist():
                index, first, step = shares[number]
                file = files[index]
                try:
                    rows = read_batches(file.path, contract, ROWS_PER_BATCH, folder=folder, checksum=file.checksum)
                    for part in islice(rows, first, None, step):
                        yield _with_file_index(part.select(order), index)
                except RefusedFileError as error:
                    error.add_note(f"refused file: {file.checksum}")
                    raise

    numbers = spark.range(0, len(shares), 1, len(shares))
    frame = numbers.mapInArrow(read, schema)
    return frame.select(
        _value_of_file([file.checksum for file in files]).alias("_file_checksum"),
        "_row_number",
        _value_of_file([file.delivered_at for file in files]).alias("_delivered_at"),
        _value_of_file([file.ordering_time for file in files]).cast("timestamp").alias("_ordering_time"),
        _value_of_file([file.name for file in files]).alias("_file_name"),
        *(F.col(f"`{name}`") for name in names),
        "_extra",
        "_native",
        "_defects",
    )


@contextmanager
def task_refusals() -> Iterator[None]:
    """Turn the refusal of a file in a reading task (because of an unclosed quote, say) back into the error that it is."""
    try:
        yield
    except Exception as error:  # Spark's own type, or a JVM error where it met the task while broadcasting
        refusal = REFUSAL.search(str(error))
        if refusal is None:
            raise
        raise RefusedWhileReadingError(refusal["message"].strip(), refusal["checksum"]) from None


def reading_shares(sizes: Sequence[int], cores: int) -> list[tuple[int, int, int]]:
    """Divide the files among reading tasks.

    A record can only be found by reading from the start of its file, so every task that shares a large file parses all
    of it and hands on its own share of the batches: parsing is the small part of the work, validating the rows is not.

    Returns:
        For each task the index of its file, its first batch, and the step from one of its batches to the next.
    """
    large = sum(size > BYTES_WORTH_SHARING for size in sizes)
    shares = min(MOST_SHARES, max(1, cores // max(1, large)))
    return [
        (index, share, shares if size > BYTES_WORTH_SHARING else 1)
        for index, size in enumerate(sizes)
        for share in range(shares if size > BYTES_WORTH_SHARING else 1)
    ]


def _with_file_index(rows: pa.RecordBatch, index: int) -> pa.RecordBatch:
    file = pa.array([index] * rows.num_rows, pa.int32())
    return pa.RecordBatch.from_arrays([file, *rows.columns], ["_file", *rows.schema.names])


def _value_of_file(values: Sequence[object]) -> Column:
    return F.element_at(F.array(*map(F.lit, values)), F.col("_file") + 1)
