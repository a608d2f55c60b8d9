"""How a table is declared: columns with types and meanings, a key, PII tags."""

from __future__ import annotations

from dataclasses import dataclass

from basketry.errors import BadInputError

MONEY = "decimal(18,4)"
UNITS = "decimal(18,3)"
LARGEST = 10_000_000_000
"""No amount and no number of units of one row is greater, so that the sum of many rows still fits its column."""
SCHEMAS = ("bronze", "silver", "gold", "ops")


@dataclass(frozen=True)
class Column:
    """One column: Spark type, meaning, whether it may be missing, and whether it identifies a person."""

    name: str
    type: str
    meaning: str
    nullable: bool = True
    pii: bool = False


@dataclass(frozen=True)
class Table:
    """One declared table. `key` identifies a row; `tracks_changes` turns on Delta's change data feed.

    partitioned_by: columns that keep writers of different partitions from conflicting; few distinct values each.
    clustered_by: columns that maintenance orders rows by, so that a query for few of their values reads few files.
    """

    schema: str
    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    tracks_changes: bool = False
    partitioned_by: tuple[str, ...] = ()
    clustered_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a declaration that contradicts itself."""
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names) or not {*self.key, *self.partitioned_by, *self.clustered_by} <= set(names):
            raise BadInputError(f"table {self.full_name} repeats a column or has a key or partition that is not a column.")
        if self.partitioned_by and self.clustered_by:
            raise BadInputError(f"table {self.full_name} is partitioned and clustered; Databricks takes only one of the two.")

    @property
    def full_name(self) -> str:
        """`schema.table`, the name people use."""
        return f"{self.schema}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns' names in declared order."""
        return tuple(column.name for column in self.columns)

    @property
    def pii_columns(self) -> tuple[str, ...]:
        """Names of the columns that identify a person."""
        return tuple(column.name for column in self.columns if column.pii)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def required(name: str, kind: str, meaning: str) -> Column:
    """A column that is never missing."""
    return Column(name, kind, meaning, nullable=False)


def person(name: str, meaning: str) -> Column:
    """A text column that identifies a person."""
    return Column(name, "string", meaning, pii=True)
