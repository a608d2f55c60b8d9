"""A table's declaration as Spark knows it."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructField, StructType

from basketry.errors import TableError
from basketry.tables import Table

FILE_LISTING = "path string, modificationTime timestamp, length bigint, content binary"
"""The columns of Spark's source binaryFile, which streams do not infer; the content is read only where it is selected."""


def declared_schema(table: Table) -> StructType:
    """Return a table's declaration as a Spark schema, with NOT NULL and the meanings as comments."""
    fields = []
    for column in table.columns:
        kind = DataType.fromDDL(column.type)
        fields.append(StructField(column.name, kind, column.nullable, {"comment": column.meaning}))
    return StructType(fields)


def with_nulls(rows: DataFrame, missing: Mapping[str, DataType | str]) -> DataFrame:
    """Add columns without a value, their types by name; Spark Connect takes no empty list of columns, this does."""
    return rows.withColumns({name: F.lit(None).cast(kind) for name, kind in missing.items()}) if missing else rows


def conform(rows: DataFrame, table: Table) -> DataFrame:
    """Bring rows to the declared column order and types.

    Raises:
        TableError: A column is missing or unknown.
    """
    missing = set(table.column_names) - set(rows.columns)
    unknown = set(rows.columns) - set(table.column_names)
    if missing or unknown:
        raise TableError(f"{table.full_name}: missing columns {sorted(missing)}, unknown columns {sorted(unknown)}.")
    return rows.select(*(F.col(f"`{column.name}`").cast(column.type).alias(column.name) for column in table.columns))
