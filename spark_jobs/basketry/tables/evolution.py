"""What a stored table lacks of its declaration: a lake that an earlier release wrote is opened by this one.

A column that may be missing is added, and rows written before have none; one that no longer must be there is allowed to be
missing. Anything else is a person's matter: a column that
may never be missing cannot be invented for old rows, and a type cannot be guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from basketry.errors import BadInputError
from basketry.tables import Column, Table

_SPARK = {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}
"""Primitive types that Delta's log writes in another way than Spark."""


def spark_type(delta: str | Mapping[str, Any]) -> str:
    """A type of Delta's log as Spark writes it."""
    if isinstance(delta, str):
        return _SPARK.get(delta, delta)
    if delta["type"] == "array":
        return f"array<{spark_type(delta['elementType'])}>"
    if delta["type"] == "map":
        return f"map<{spark_type(delta['keyType'])},{spark_type(delta['valueType'])}>"
    fields = (f"{one['name']}:{spark_type(one['type'])}" for one in delta["fields"])
    return f"struct<{','.join(fields)}>"


def lacking(table: Table, stored: Mapping[str, str]) -> tuple[Column, ...]:
    """The declared columns that a stored table lacks and that can be added; BadInputError where it cannot become as declared.

    stored: Spark type by column.
    """
    new = [column for column in table.columns if column.name not in stored]
    never = [column.name for column in new if not column.nullable]
    if never:
        raise BadInputError(_told(table, f"lacks {', '.join(never)}, which may never be missing"))
    for column in table.columns:
        before = stored.get(column.name, column.type)
        if before.replace(" ", "") != column.type.replace(" ", ""):
            raise BadInputError(_told(table, f"has {column.name} as {before} and this release wants {column.type}"))
    return tuple(new)


def relaxed(table: Table, never_missing: Collection[str]) -> tuple[str, ...]:
    """The columns that may be missing by the declaration and not in the stored table. never_missing: its NOT NULL columns."""
    return tuple(column.name for column in table.columns if column.nullable and column.name in never_missing)


def _told(table: Table, what: str) -> str:
    return (
        f"{table.full_name} was written by another release: it {what}. Move the table away and run the job that fills it"
        " again (docs/production.md, Upgrades)."
    )
