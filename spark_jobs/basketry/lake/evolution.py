"""Brings a stored table of an earlier release to its declaration, see `basketry.tables.evolution`."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from basketry.lake.schemas import declared_schema
from basketry.lake.sql import quoted
from basketry.tables import Table, evolution
from basketry.warehouse import local_delta


def upgrade(spark: SparkSession, table: Table, name: str, folder: Path | None) -> None:
    """Add the columns that a stored table lacks, and allow null in those that may be missing by now.

    Args:
        spark: The session; a local table is only looked at without Spark.
        table: The declaration.
        name: What Spark SQL calls the table.
        folder: Folder of a local table, None in Unity Catalog.

    Raises:
        BadInputError: The stored table differs by more than that.
    """
    if folder is not None:
        stored, never_missing = local_delta.columns(folder), local_delta.required_columns(folder)
    else:
        schema = spark.read.table(name).schema
        stored = {field.name: field.dataType.simpleString() for field in schema}
        never_missing = frozenset(field.name for field in schema if not field.nullable)
    new = evolution.missing_columns(table, stored)
    if new and folder is not None:
        addition = Table(schema=table.schema, name=table.name, meaning="", columns=new, key=())
        local_delta.add_columns(folder, declared_schema(addition).json())
    elif new:
        added = ", ".join(f"`{column.name}` {column.type} COMMENT {quoted(column.meaning)}" for column in new)
        spark.sql(f"ALTER TABLE {name} ADD COLUMNS ({added})")
    for column in evolution.newly_nullable_columns(table, never_missing):
        spark.sql(f"ALTER TABLE {name} ALTER COLUMN `{column}` DROP NOT NULL")
