"""A declaration as the SQL that creates a table and adds columns to it, for Spark and for a SQL warehouse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from basketry.tables.declare import Column, Table
from basketry.tables.silver import BRONZE_LINEAGE

READABLE_DAYS = 30
"""For so many days every version of a new table stays readable; the job maintenance brings it to include/maintenance.yaml."""

RETENTION = "delta.deletedFileRetentionDuration"
"""Property for how long files stay that the newest version does not need: by it the platform vacuums, and lets look back."""

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
    settings = dict(retention_properties(READABLE_DAYS))
    if table.tracks_changes:
        settings["delta.enableChangeDataFeed"] = "true"
    if table.pii_columns:
        # Else the log would keep the least and the greatest name and address long after their files are gone.
        plain = (
            column.name
            for column in table.columns
            if is_measured(table, column)
            and not column.type.startswith(_WITHOUT_STATISTICS)
            and column.name not in table.partitioned_by  # each of whose values is in the log anyway
        )
        settings["delta.dataSkippingStatsColumns"] = ",".join(plain)
    return settings


def retention_properties(days: int) -> Mapping[str, str]:
    """Return the properties by which versions of the last days stay readable: their files, and the log that names them."""
    return {RETENTION: f"interval {days} days", "delta.logRetentionDuration": f"interval {days} days"}


def properties_statement(name: str, properties: Mapping[str, str]) -> str:
    """Return ALTER TABLE that sets properties.

    Args:
        name: What SQL calls the table.
        properties: The properties with their values.
    """
    listed = ", ".join(f"{quoted(key)} = {quoted(value)}" for key, value in properties.items())
    return f"ALTER TABLE {name} SET TBLPROPERTIES ({listed})"


def is_measured(table: Table, column: Column) -> bool:
    """Return whether the least and the greatest value of a column may be kept beside its rows.

    Never of personal data, nor of delivered texts: in a row whose values have shifted each of them may be a name.
    """
    lineage = {column.name for column in BRONZE_LINEAGE}
    is_feed = table.schema == "bronze" and lineage <= set(table.column_names)
    return not column.pii and (not is_feed or column.name in lineage)


def quoted(text: str) -> str:
    """Return the text as an SQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _declarations(columns: Iterable[Column]) -> str:
    return ", ".join(
        f"`{column.name}` {column.type}{'' if column.nullable else ' NOT NULL'} COMMENT {quoted(column.meaning)}"
        for column in columns
    )
