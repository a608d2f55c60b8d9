"""What a task does with its share of the order lines: Arrow batches in, packed batches out. No Spark.

A packed batch is many rows as one binary value: an Arrow stream of one batch, texts as codes, compressed. Spark moves
and keeps it without looking inside.

    pack_lines   order lines as Spark reads them            -> packed lines
    customers    packed lines of whole customers            -> packed features of customers and of pairs
    categories   packed lines of whole categories           -> packed features of categories
    baskets      packed lines of whole categories           -> orders by category
    unpack       packed features                            -> rows of a features table
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from basketry.features import kernel
from basketry.tables import CATEGORY_FEATURES, CUSTOMER_CATEGORY_FEATURES, CUSTOMER_FEATURES, Table

LINES = {
    "spread_by": "string",
    "bucket": "int",
    "rows": "bigint",
    "first_day": "date",
    "last_day": "date",
    "batch": "binary",
}
"""Columns of packed lines and their Spark types. spread_by: the column whose values are whole in a bucket, '' for any."""

FEATURES = {"level": "string", "as_of": "date", "part": "int", "rows": "bigint", "batch": "binary"}
"""Columns of packed features: the features table, the date, the task that made it, its rows."""

ORDERS = {"category": "string", "baskets": "bigint"}

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
_PACKED_AT_ONCE = 500_000
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def pack_lines(batches: Iterable[pa.RecordBatch], buckets: int) -> Batches:
    """Packed lines. One bucket: all lines once. More: all lines by category, and those with a customer by customer.

    batches: the texts, `day`, and the kernel's amounts as doubles, where missing is nothing.
    """
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(one.num_rows for one in waiting) >= _PACKED_AT_ONCE:
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


def _buckets(texts: pa.ChunkedArray, buckets: int) -> kernel.Ints:
    """The bucket of each text, the same in every task; -1 where there is none."""
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
    yield _row(LINES, values)


def customers(batches: Iterable[pa.RecordBatch], days: Sequence[int], categories: Sequence[str], part: int) -> Batches:
    """Packed features of customers, and of customers with each of these categories. batches: one column, packed lines.

    days: as-of dates as days since 1970-01-01, ascending.
    """
    lines = _Lines(batches)
    known = lines.codes["customer_id"] >= 0 if lines.size else np.zeros(0, dtype=bool)
    if not known.any():
        return
    customer, names = lines.codes["customer_id"], lines.names["customer_id"]
    yield from lines.features(CUSTOMER_FEATURES, customer[known], {"customer_id": names}, days, part, known)
    places = _places(lines.names["category"], categories)[lines.codes["category"]]
    scored = known & (places >= 0)
    pairs, key = np.unique(customer[scored] * len(categories) + places[scored], return_inverse=True)
    if len(pairs):
        found = {
            "customer_id": names.take(pa.array(pairs // len(categories))),
            "category": pa.array(categories, pa.string()).take(pa.array(pairs % len(categories))),
        }
        yield from lines.features(CUSTOMER_CATEGORY_FEATURES, key, found, days, part, scored)


def categories(batches: Iterable[pa.RecordBatch], days: Sequence[int], part: int) -> Batches:
    """Packed features of categories. batches: one column, packed lines."""
    lines = _Lines(batches)
    if lines.size:
        names = {"category": lines.names["category"]}
        yield from lines.features(CATEGORY_FEATURES, lines.codes["category"], names, days, part, with_customers=True)


def baskets(batches: Iterable[pa.RecordBatch], day: int) -> Batches:
    """Distinct orders of each category up to a day."""
    lines = _Lines(batches)
    if lines.size:
        seen = lines.day <= day
        orders = len(lines.names["order_id"])
        pairs = np.unique(lines.codes["category"][seen] * orders + lines.codes["order_id"][seen])
        found, counts = np.unique(pairs // orders, return_counts=True)
        names = lines.names["category"].take(pa.array(found))
        yield pa.RecordBatch.from_arrays([names, pa.array(counts)], names=list(ORDERS))


def unpack(batches: Iterable[pa.RecordBatch]) -> Batches:
    """The rows of packed batches. batches: one column."""
    for batch in batches:
        for packed in batch.column(0):
            yield from pa.ipc.open_stream(packed.as_buffer())


class _Lines:
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

    def features(
        self,
        table: Table,
        key: kernel.Ints,
        names: dict[str, pa.Array],
        days: Sequence[int],
        part: int,
        of: np.ndarray | None = None,
        with_customers: bool = False,
    ) -> Batches:
        """Packed rows of a table. of: the lines that count, all unless given; key: of each of them; names: by key."""
        chosen = slice(None) if of is None or of.all() else of
        lines = kernel.Lines(
            key=key,
            day=self.day[chosen],
            order=self.codes["order_id"][chosen],
            product=self.codes["product_id"][chosen],
            amounts={name: values[chosen] for name, values in self.amounts.items()},
            customer=self.codes["customer_id"][chosen] if with_customers else None,
        )
        for first, grids in kernel.measures(lines, len(next(iter(names.values()))), days):
            width = grids["line_items_ever"].shape[1]
            piece = {name: column.slice(first, width) for name, column in names.items()}
            for place, day in enumerate(days):
                rows = _rows(table, grids, piece, place, day)
                if rows.num_rows:
                    values = [table.name, _date(day), part, rows.num_rows, _binary(pa.Table.from_batches([rows]))]
                    yield _row(FEATURES, values)


def _codes(texts: pa.ChunkedArray) -> tuple[kernel.Ints, pa.Array]:
    encoded = texts.dictionary_encode().combine_chunks()
    return _numbers(encoded.indices.fill_null(-1)), encoded.dictionary


def _numbers(column: pa.Array | pa.ChunkedArray) -> kernel.Ints:
    return column.to_numpy().astype(np.int64, copy=False)


def _places(names: pa.Array, wanted: Sequence[str]) -> kernel.Ints:
    """The place of each name among the wanted ones, -1 where it is not."""
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


def _rows(table: Table, grids: kernel.Grid, names: dict[str, pa.Array], place: int, day: int) -> pa.RecordBatch:
    """The table's rows as of one day: keys that had a line by then."""
    there = np.flatnonzero(grids["line_items_ever"][place])
    fields = [pa.field(column.name, _ARROW[column.type]) for column in table.columns]
    arrays = []
    for field in fields:
        if field.name == "as_of":
            arrays.append(pa.repeat(_date(day), len(there)))
        elif field.name in names:
            arrays.append(names[field.name].take(pa.array(there)))
        else:
            arrays.append(pa.array(grids[field.name][place][there]).cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))
