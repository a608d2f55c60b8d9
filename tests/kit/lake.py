"""A test's own lake: declared tables through Spark as jobs read them, or as Delta folders without it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from basketry.config.settings import Settings
from basketry.tables import Table
from tests.kit.rows import Row

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame, SparkSession

    from basketry.lake.lakehouse import Lakehouse

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
    write_deltalake(folder, rows, mode=mode, partition_by=list(table.partitioned_by) or None)
    return folder


def a_lake(
    spark: SparkSession,
    home: Path,
    tables: Mapping[Table, Iterable[Mapping[str, Any]]] | None = None,
    *,
    catalog: str = "demo",
    include: Path | None = None,
) -> Lakehouse:
    """A catalog's lakehouse below a folder, with these rows. include: what is configured, where not as shipped."""
    from basketry.lake.opening import open_lake

    places = {"BASKETRY_HOME": str(home)} | ({"BASKETRY_INCLUDE": str(include)} if include else {})
    lake = open_lake(spark, catalog, Settings.from_environment(places))
    for table, rows in (tables or {}).items():
        put(lake, table, rows)
    return lake


def frame(spark: SparkSession, table: Table, rows: Iterable[Mapping[str, Any]]) -> DataFrame:
    """The rows as a frame of the declared schema; a row lacks no column."""
    from basketry.lake.schemas import declared_schema

    values = [tuple(row[name] for name in table.column_names) for row in rows]
    return spark.createDataFrame(values, declared_schema(table))


def put(lake: Lakehouse, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the rows instead of all that was in the table."""
    lake.replace(table, frame(lake.spark, table, rows), "true")


class Silver:
    """What was delivered to a lake, remembered beside it."""

    def __init__(self, lake: Lakehouse) -> None:
        """Nothing yet."""
        self.lake = lake
        self._rows: dict[Table, dict[tuple[object, ...], Row]] = {}

    def deliver(self, table: Table, rows: Sequence[Row]) -> None:
        """Merge rows into the table and into what is remembered of it."""
        self.lake.merge(table, frame(self.lake.spark, table, rows))
        self._rows.setdefault(table, {}).update({tuple(row[name] for name in table.key): row for row in rows})

    def rows(self, table: Table) -> list[Row]:
        """What the table should hold: the last row of each key."""
        return list(self._rows.get(table, {}).values())


def read(lake: Lakehouse, table: Table, where: str = "true") -> pd.DataFrame:
    """The rows as pandas, in the order of the key."""
    return lake.read(table).where(where).toPandas().sort_values(list(table.key), ignore_index=True)


def stored(lake: Lakehouse, table: Table) -> list[dict[str, Any]]:
    """The rows as the table's files hold them, read without Spark."""
    rows: list[dict[str, Any]] = DeltaTable(lake.path(table)).to_pyarrow_table().to_pylist()
    return rows
