"""Schema evolution: how the table that an earlier release wrote differs from its declaration in this one.

A column that is new and nullable is added, and rows written before have no value in it; a column that has become nullable
is allowed to be missing. Anything else a person must decide: the values of a new required column cannot be invented for
old rows, and a type cannot be guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from basketry.errors import BadInputError
from basketry.tables import Column, Table

_SPARK = {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}
"""The primitive types that Delta's log writes in another way than Spark."""


def spark_type(delta: str | Mapping[str, Any]) -> str:
    """Return a type of Delta's log as Spark writes it."""
    if isinstance(delta, str):
        return _SPARK.get(delta, delta)
    if delta["type"] == "array":
        return f"array<{spark_type(delta['elementType'])}>"
    if delta["type"] == "map":
        return f"map<{spark_type(delta['keyType'])},{spark_type(delta['valueType'])}>"
    fields = (f"{field['name']}:{spark_type(field['type'])}" for field in delta["fields"])
    return f"struct<{','.join(fields)}>"


def missing_columns(table: Table, stored: Mapping[str, str]) -> tuple[Column, ...]:
    """Return the declared columns that a stored table does not have and that can be added.

    Args:
        table: the declaration.
        stored: the Spark type of each stored column.

    Raises:
        BadInputError: if the stored table cannot become as declared.
    """
    new = [column for column in table.columns if column.name not in stored]
    not_nullable = [column.name for column in new if not column.nullable]
    if not_nullable:
        raise BadInputError(_refusal(table, f"lacks {', '.join(not_nullable)}, which may never be missing"))
    for column in table.columns:
        before = stored.get(column.name, column.type)
        if before.replace(" ", "") != column.type.replace(" ", ""):
            raise BadInputError(_refusal(table, f"has {column.name} as {before} and this release wants {column.type}"))
    return tuple(new)


def newly_nullable_columns(table: Table, never_missing: Collection[str]) -> tuple[str, ...]:
    """Return the columns that are nullable in the declaration and not yet in the stored table.

    Args:
        table: the declaration.
        never_missing: the NOT NULL columns of the stored table.
    """
    return tuple(column.name for column in table.columns if column.nullable and column.name in never_missing)


def _refusal(table: Table, what: str) -> str:
    return (
        f"{table.full_name} was written by another release: it {what}. Move the table away and run the job that fills it"
        " again (docs/production.md, Upgrades)."
    )
