"""What a task does with its share of the order lines: Arrow batches in, packed batches out. No Spark.

A packed batch is many rows as one binary value: an Arrow stream of one batch, texts as codes, compressed. Spark moves
and stores it without looking inside.

::

    pack_lines           order lines as Spark reads them    -> packed lines
    customer_features    packed lines of whole customers    -> packed features of customers and of pairs
    category_features    packed lines of whole categories   -> packed features of categories
    baskets_of_lines     packed lines of whole categories   -> orders by category
    unpack_rows          packed features                    -> rows of a features table
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from basketry.features import kernel
from basketry.features.distinct import Grid
from basketry.features.sorting import Ints
from basketry.tables import CATEGORY_FEATURES, CUSTOMER_CATEGORY_FEATURES, CUSTOMER_FEATURES, Table

PACKED_LINES = {
    "spread_by": "string",
    "bucket": "int",
    "rows": "bigint",
    "first_day": "date",
    "last_day": "date",
    "batch": "binary",
}
"""Columns of packed lines and their Spark types. spread_by: the column whose values are whole in a bucket, '' for any."""

PACKED_FEATURES = {"level": "string", "as_of": "date", "part": "int", "rows": "bigint", "batch": "binary"}
"""Columns of packed features: the features table, the date, the task that made it, its rows."""

CATEGORY_BASKETS = {"category": "string", "baskets": "bigint"}

Batches = Iterator[pa.RecordBatch]
_ARROW = {
    "string": pa.string(),
    "date": pa.date32(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "binary": pa.binary(),
}
_TEXTS = ("customer_id", "order_id", "product_id", "category")
_ROWS_PER_PACK = 500_000
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def pack_lines(batches: Iterable[pa.RecordBatch], buckets: int) -> Batches:
    """Pack order lines, so that the lines of one customer or category can be brought together.

    Args:
        batches: The texts, `day`, and the kernel's amounts as doubles, where a missing value is 0.
        buckets: With one bucket every line is packed once; with more, all lines by category, and those with a customer
            by customer too.
    """
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(part.num_rows for part in waiting) >= _ROWS_PER_PACK:
            yield from _pack(pa.Table.from_batches(waiting), buckets)
            waiting = []
    if waiting:
        yield from _pack(pa.Table.from_batches(waiting), buckets)


def _pack(lines: pa.Table, buckets: int) -> Batches:
    if buckets == 1:
        yield from _packed_lines(lines, "", 0)
        return
    for column in ("customer_id", "category"):
        bucket = _buckets(lines.column(column), buckets)
        for number in np.unique(bucket[bucket >= 0]):
            yield from _packed_lines(lines.filter(pa.array(bucket == number)), column, int(number))


def _buckets(texts: pa.ChunkedArray, buckets: int) -> Ints:
    """Return the bucket of each text, the same in every task; -1 where there is none."""
    codes, names = _codes(texts)
    of_names = np.array([zlib.crc32(name.encode()) % buckets for name in names.to_pylist()] + [-1], dtype=np.int64)
    return of_names[codes]


def _packed_lines(lines: pa.Table, spread_by: str, bucket: int) -> Batches:
    if not lines.num_rows:
        return
    columns = {name: lines.column(name).dictionary_encode() for name in _TEXTS}
    columns["day"] = lines.column("day")
    for name in kernel.PARTS:
        amounts = lines.column(name).to_numpy()
        columns[name] = pa.array(np.rint(np.nan_to_num(amounts) * kernel.SCALE).astype(np.int64))
    days = pc.min_max(lines.column("day"))
    values = [spread_by, bucket, lines.num_rows, days["min"], days["max"], _binary(pa.table(columns))]
    yield _row(PACKED_LINES, values)


def customer_features(
    batches: Iterable[pa.RecordBatch], days: Sequence[int], categories: Sequence[str], part: int
) -> Batches:
    """Compute packed features of customers, and of customers with each of these categories.

    Args:
        batches: One column of packed lines; all lines of each of their customers.
        days: As-of dates as days since 1970-01-01, ascending.
        categories: The categories that pairs are made of.
        part: The number of the task.
    """
    lines = _UnpackedLines(batches)
    if not lines.size:
        return
    customer, customer_ids = lines.codes["customer_id"], lines.names["customer_id"]
    has_customer = customer >= 0
    if not has_customer.any():
        return
    level = _Level(
        table=CUSTOMER_FEATURES,
        counted=has_customer,
        key=customer[has_customer],
        keys=len(customer_ids),
        key_columns={"customer_id": customer_ids},
    )
    yield from _packed_features(lines, level, days, part)
    position = _positions(lines.names["category"], categories)[lines.codes["category"]]
    scored = has_customer & (position >= 0)
    pairs, pair = np.unique(customer[scored] * len(categories) + position[scored], return_inverse=True)
    if len(pairs):
        key_columns = {
            "customer_id": customer_ids.take(pa.array(pairs // len(categories))),
            "category": pa.array(categories, pa.string()).take(pa.array(pairs % len(categories))),
        }
        level = _Level(
            table=CUSTOMER_CATEGORY_FEATURES, counted=scored, key=pair, keys=len(pairs), key_columns=key_columns
        )
        yield from _packed_features(lines, level, days, part)


def category_features(batches: Iterable[pa.RecordBatch], days: Sequence[int], part: int) -> Batches:
    """Compute packed features of categories.

    Args:
        batches: One column of packed lines; all lines of each of their categories.
        days: As-of dates as days since 1970-01-01, ascending.
        part: The number of the task.
    """
    lines = _UnpackedLines(batches)
    if lines.size:
        names = lines.names["category"]
        level = _Level(
            table=CATEGORY_FEATURES,
            counted=np.ones(lines.size, dtype=bool),
            key=lines.codes["category"],
            keys=len(names),
            key_columns={"category": names},
            with_customers=True,
        )
        yield from _packed_features(lines, level, days, part)


def baskets_of_lines(batches: Iterable[pa.RecordBatch], day: int) -> Batches:
    """Count the distinct orders of each category up to a day; batches have one column, packed lines."""
    lines = _UnpackedLines(batches)
    if lines.size:
        seen = lines.day <= day
        orders = len(lines.names["order_id"])
        pairs = np.unique(lines.codes["category"][seen] * orders + lines.codes["order_id"][seen])
        category, counts = np.unique(pairs // orders, return_counts=True)
        names = lines.names["category"].take(pa.array(category))
        yield pa.RecordBatch.from_arrays([names, pa.array(counts)], names=list(CATEGORY_BASKETS))


def unpack_rows(batches: Iterable[pa.RecordBatch]) -> Batches:
    """Yield the rows of packed batches, which have one column."""
    for batch in batches:
        for packed in batch.column(0):
            yield from pa.ipc.open_stream(packed.as_buffer())


class _UnpackedLines:
    """The lines of packed batches: numbers, and texts as codes (-1 is missing) with the text of each code."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        tables = [pa.ipc.open_stream(packed.as_buffer()).read_all() for batch in batches for packed in batch.column(0)]
        self.size = sum(table.num_rows for table in tables)
        if self.size:
            table = pa.concat_tables(tables).unify_dictionaries()
            self.codes, self.names = {}, {}
            for name in _TEXTS:
                self.codes[name], self.names[name] = _codes(table.column(name))
            self.day = _numbers(table.column("day").cast(pa.int32()))
            self.amounts = {name: _numbers(table.column(name)) for name in kernel.PARTS}


@dataclass(frozen=True, kw_only=True)
class _Level:
    """What a features table is about, in some lines.

    Attributes:
        table: The features table.
        counted: Whether each line counts.
        key: The key of each line that counts, a code from 0.
        keys: How many keys there are.
        key_columns: The table's key columns: a value per key.
        with_customers: Whether the distinct customers of a key are counted.
    """

    table: Table
    counted: np.ndarray
    key: Ints
    keys: int
    key_columns: dict[str, pa.Array]
    with_customers: bool = False


def _packed_features(lines: _UnpackedLines, level: _Level, days: Sequence[int], part: int) -> Batches:
    """Yield the packed rows of a level's table as of each day."""
    counted = slice(None) if level.counted.all() else level.counted  # a slice copies nothing
    keyed = kernel.KeyedLines(
        key=level.key,
        day=lines.day[counted],
        order=lines.codes["order_id"][counted],
        product=lines.codes["product_id"][counted],
        amounts={name: values[counted] for name, values in lines.amounts.items()},
        customer=lines.codes["customer_id"][counted] if level.with_customers else None,
    )
    for first, grids in kernel.measure_keys(keyed, level.keys, days):
        width = grids["line_items_ever"].shape[1]
        key_columns = {name: column.slice(first, width) for name, column in level.key_columns.items()}
        for position, day in enumerate(days):
            of_day = {name: grid[position] for name, grid in grids.items()}
            rows = _rows_as_of(day, of_day, level.table, key_columns)
            if rows.num_rows:
                values = [level.table.name, _date(day), part, rows.num_rows, _binary(pa.Table.from_batches([rows]))]
                yield _row(PACKED_FEATURES, values)


def _codes(texts: pa.ChunkedArray) -> tuple[Ints, pa.Array]:
    encoded = texts.dictionary_encode().combine_chunks()
    return _numbers(encoded.indices.fill_null(-1)), encoded.dictionary


def _numbers(column: pa.Array | pa.ChunkedArray) -> Ints:
    numbers: Ints = column.to_numpy().astype(np.int64, copy=False)
    return numbers


def _positions(names: pa.Array, wanted: Sequence[str]) -> Ints:
    """Return the position of each name among the wanted ones, -1 where it is not."""
    return _numbers(pc.index_in(names, value_set=pa.array(wanted, pa.string())).fill_null(-1))


def _date(day: int) -> pa.Scalar:
    return pa.scalar(day, pa.int32()).cast(pa.date32())


def _binary(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=_OPTIONS) as stream:
        stream.write_table(rows.combine_chunks())
    return bytes(sink.getvalue())


def _row(columns: dict[str, str], values: Sequence[object]) -> pa.RecordBatch:
    arrays = [pa.array([value], _ARROW[kind]) for value, kind in zip(values, columns.values(), strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))


def _rows_as_of(day: int, measures: Grid, table: Table, key_columns: dict[str, pa.Array]) -> pa.RecordBatch:
    """Return the table's rows as of one day: keys that had a line by then; measures: a value per key."""
    present = np.flatnonzero(measures["line_items_ever"])
    fields = [pa.field(column.name, _ARROW[column.type]) for column in table.columns]
    arrays = []
    for field in fields:
        if field.name == "as_of":
            arrays.append(pa.repeat(_date(day), len(present)))
        elif field.name in key_columns:
            arrays.append(key_columns[field.name].take(pa.array(present)))
        else:
            arrays.append(pa.array(measures[field.name][present]).cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))
