"""Brings a stored table of an earlier release to its declaration, see `basketry.tables.evolution`."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from basketry.lake.schemas import declared_schema
from basketry.lake.sql import quoted
from basketry.tables import Table, evolution
from basketry.warehouse import local_delta


def upgrade(spark: SparkSession, table: Table, name: str, folder: Path | None) -> None:
    """Add the columns that the table lacks, and let those be missing that may be now; BadInputError where that is not enough.

    name: what Spark SQL calls it; folder: of a local table, None in Unity Catalog. A local table is only looked at
    without Spark.
    """
    if folder is not None:
        stored, never_missing = local_delta.columns(folder), local_delta.never_missing(folder)
    else:
        schema = spark.read.table(name).schema
        stored = {field.name: field.dataType.simpleString() for field in schema}
        never_missing = frozenset(field.name for field in schema if not field.nullable)
    new = evolution.lacking(table, stored)
    if new and folder is not None:
        local_delta.add_columns(folder, declared_schema(Table(table.schema, table.name, "", new, ())).json())
    elif new:
        added = ", ".join(f"`{column.name}` {column.type} COMMENT {quoted(column.meaning)}" for column in new)
        spark.sql(f"ALTER TABLE {name} ADD COLUMNS ({added})")
    for column in evolution.relaxed(table, never_missing):
        spark.sql(f"ALTER TABLE {name} ALTER COLUMN `{column}` DROP NOT NULL")
