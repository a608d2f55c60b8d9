"""Declared tables as Delta folders in a test's own lake, written without Spark."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from basketry.tables import Table

_PLAIN = {
    "string": pa.string(),
    "date": pa.date32(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
    "timestamp": pa.timestamp("us", "UTC"),
}


def arrow_type(kind: str) -> pa.DataType:
    """The Arrow type of a declared Spark type."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    head, inside = re.fullmatch(r"(\w+)[(<](.*)[)>]", kind, re.S).groups()  # type: ignore[union-attr]
    if head == "decimal":
        precision, scale = inside.split(",")
        return pa.decimal128(int(precision), int(scale))
    if head == "map":
        key, value = inside.split(",", 1)
        return pa.map_(arrow_type(key), arrow_type(value))
    if head == "array":
        return pa.list_(arrow_type(inside))
    return pa.struct([(name, arrow_type(of)) for name, of in (field.split(":", 1) for field in inside.split(","))])


def as_arrow(table: Table, records: Iterable[Mapping[str, Any]]) -> pa.Table:
    """The records as rows of the declared table; what a record leaves out is null."""
    rows = list(records)
    arrays = [
        pa.array([row.get(column.name) for row in rows], arrow_type(column.type), from_pandas=True)
        for column in table.columns
    ]
    return pa.Table.from_arrays(arrays, names=list(table.column_names))


def fill(
    lake: Path, catalog: str, table: Table, records: Sequence[Mapping[str, Any]] | pa.Table, mode: str = "append"
) -> Path:
    """Write the rows to the table's folder, and return it."""
    folder = lake / catalog / table.schema / table.name
    rows = records if isinstance(records, pa.Table) else as_arrow(table, records)
    write_deltalake(folder, rows, mode=mode, partition_by=list(table.partitioned_by) or None)  # type: ignore[call-overload]
    return folder
