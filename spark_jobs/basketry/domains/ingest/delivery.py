"""Delivered files as a DataFrame: each file is read by one Python task in bounded memory."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import pyarrow as pa
from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from basketry.contracts import Contract
from basketry.errors import RefusedFileError
from basketry.files import DeliveredFile, read_batches

ROWS_PER_BATCH = 20_000
BYTES_WORTH_SHARING = 4 * 2**20
MOST_SHARES = 4
REFUSAL = re.compile(r"^\W*[\w.]*Error: BAD_INPUT: (.+)$", re.M)


def delivered_rows(spark: SparkSession, files: Sequence[DeliveredFile], contract: Contract) -> DataFrame:
    """Every record of the files as text, with its lineage: what `ingest.core.judge` takes."""
    names = [column.name for column in contract.delivered]
    texts = ", ".join(f"`{name}` string" for name in names)
    schema = f"_file int, _row_number bigint, {texts}, _extra string, _native array<string>, _defects array<string>"
    order = ["_row_number", *names, "_extra", "_native", "_defects"]
    shares = reading_shares([file.bytes for file in files], os.cpu_count() or 1)

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Rows of the shares that a batch names."""
        for batch in batches:
            for number in batch.column(0).to_pylist():
                index, first, step = shares[number]
                rows = read_batches(files[index].path, contract, ROWS_PER_BATCH)
                for part in islice(rows, first, None, step):
                    yield _numbered(part.select(order), index)

    numbers = spark.range(0, len(shares), 1, len(shares))
    frame = numbers.mapInArrow(read, schema)
    return frame.select(
        _of_file([file.checksum for file in files]).alias("_file_checksum"),
        "_row_number",
        _of_file([file.delivered_at for file in files]).alias("_delivered_at"),
        _of_file([file.ordering_time for file in files]).cast("timestamp").alias("_ordering_time"),
        _of_file([file.name for file in files]).alias("_file_name"),
        *(F.col(f"`{name}`") for name in names),
        "_extra",
        "_native",
        "_defects",
    )


@contextmanager
def refusals() -> Iterator[None]:
    """Turns a file's refusal that a reading task ran into (an unclosed quote, say) back into the error it is."""
    try:
        yield
    except (PySparkException, Py4JError) as error:  # the latter where it met the task while broadcasting
        refusal = REFUSAL.search(str(error))
        if refusal is None:
            raise
        raise RefusedFileError(refusal[1].strip()) from None


def reading_shares(sizes: Sequence[int], cores: int) -> list[tuple[int, int, int]]:
    """Who reads what, one task each: (file, its first batch, every how many batches).

    A record can only be found by reading from the file's start, so every task that shares a large file parses all of
    it, and hands on its own share of the batches: parsing is the small part of the work, judging the rows is not.
    """
    large = sum(size > BYTES_WORTH_SHARING for size in sizes)
    shares = min(MOST_SHARES, max(1, cores // max(1, large)))
    return [
        (index, share, shares if size > BYTES_WORTH_SHARING else 1)
        for index, size in enumerate(sizes)
        for share in range(shares if size > BYTES_WORTH_SHARING else 1)
    ]


def _numbered(rows: pa.RecordBatch, index: int) -> pa.RecordBatch:
    file = pa.array([index] * rows.num_rows, pa.int32())
    return pa.RecordBatch.from_arrays([file, *rows.columns], ["_file", *rows.schema.names])


def _of_file(values: Sequence[object]) -> F.Column:
    return F.element_at(F.array(*map(F.lit, values)), F.col("_file") + 1)
