"""A declaration as the SQL that creates a table and adds columns to it, for Spark and for a SQL warehouse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from basketry.tables.declare import Column, Table

_WITHOUT_STATISTICS = ("array", "map", "struct", "boolean")


def create_statement(name: str, table: Table) -> str:
    """Return CREATE TABLE for a table that may be there already.

    Args:
        name: What SQL calls the table.
        table: Its declaration.
    """
    parts = ", ".join(f"`{column}`" for column in table.partitioned_by)
    listed = ", ".join(f"{quoted(key)} = {quoted(value)}" for key, value in delta_properties(table).items())
    return (
        f"CREATE TABLE IF NOT EXISTS {name} ({_declarations(table.columns)}) USING DELTA"
        + (f" PARTITIONED BY ({parts})" if parts else "")
        + f" COMMENT {quoted(table.meaning)}"
        + (f" TBLPROPERTIES ({listed})" if listed else "")
    )


def add_columns_statement(name: str, columns: Iterable[Column]) -> str:
    """Return ALTER TABLE that adds columns behind those that are there; rows written before have none.

    Args:
        name: What SQL calls the table.
        columns: The columns, which must be nullable.
    """
    return f"ALTER TABLE {name} ADD COLUMNS ({_declarations(columns)})"


def delta_properties(table: Table) -> Mapping[str, str]:
    """Return the Delta properties of a new table."""
    settings = {"delta.enableChangeDataFeed": "true"} if table.tracks_changes else {}
    if table.pii_columns:
        # Else the log would keep the least and the greatest name and address long after their files are gone.
        plain = (
            column.name
            for column in table.columns
            if not column.pii and not column.type.startswith(_WITHOUT_STATISTICS)
        )
        settings["delta.dataSkippingStatsColumns"] = ",".join(plain)
    return settings


def quoted(text: str) -> str:
    """Return the text as an SQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _declarations(columns: Iterable[Column]) -> str:
    return ", ".join(
        f"`{column.name}` {column.type}{'' if column.nullable else ' NOT NULL'} COMMENT {quoted(column.meaning)}"
        for column in columns
    )
