"""Declared tables written as Delta folders without a JVM: what the console reads, made in a second or two."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from basketry.tables import Table

PLAIN = {
    "string": pa.string(), "bigint": pa.int64(), "int": pa.int32(), "double": pa.float64(), "boolean": pa.bool_(),
    "date": pa.date32(), "timestamp": pa.timestamp("us", tz="UTC"),
}  # fmt: skip


def arrow_type(kind: str) -> pa.DataType:
    """The Arrow type of a declared one."""
    if kind in PLAIN:
        return PLAIN[kind]
    if found := re.fullmatch(r"decimal\((\d+),(\d+)\)", kind):
        return pa.decimal128(int(found[1]), int(found[2]))
    if kind.startswith("array<"):
        return pa.list_(arrow_type(kind[6:-1]))
    if kind.startswith("map<"):
        key, value = kind[4:-1].split(",")
        return pa.map_(arrow_type(key), arrow_type(value))
    inner = re.fullmatch(r"struct<(.+)>", kind)
    assert inner, kind
    parts = (part.split(":") for part in inner[1].split(","))
    return pa.struct([(name, arrow_type(one)) for name, one in parts])


def schema(table: Table) -> pa.Schema:
    """The declaration as an Arrow schema."""
    return pa.schema([pa.field(one.name, arrow_type(one.type), nullable=one.nullable) for one in table.columns])


def write(catalog: Path, table: Table, content: list[dict[str, Any]] | pa.Table) -> None:
    """Make the table's folder under the catalog's; columns that rows do not name are null."""
    wanted = schema(table)
    if isinstance(content, pa.Table):
        arrow = content.select(wanted.names).cast(wanted)
    else:
        arrow = pa.Table.from_pylist([{name: row.get(name) for name in wanted.names} for row in content], wanted)
    folder = catalog / table.schema / table.name
    write_deltalake(str(folder), arrow, mode="overwrite", partition_by=list(table.partitioned_by) or None)
