"""A few rows of the tables that note what was done, read and written without Spark: a verdict, a job's record.

Whoever notes one row need not wait for a cluster, nor for a JVM. Rows are told apart by the key of their table.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from basketry.config.settings import check_catalog_name
from basketry.errors import TryAgainError
from basketry.tables import Table

Row = dict[str, Any]


class RowConflictError(TryAgainError):
    """Another wrote the table at the same time: read it again."""


class RowStore(ABC):
    """A few rows of one catalog's declared tables.

    Attributes:
        jobs_run_here: Whether jobs run on this machine, with the libraries that this process has.
    """

    jobs_run_here: ClassVar[bool]

    def __init__(self, catalog: str) -> None:
        """Open nothing yet; BadInputError for what cannot be a catalog."""
        self.catalog = check_catalog_name(catalog)

    @abstractmethod
    def read(self, table: Table, columns: Sequence[str], where: Mapping[str, object]) -> list[Row]:
        """Return the rows whose columns have the values of `where`; none when the table does not exist yet.

        Days and instants are ISO texts, counts by word are mappings; a column that an earlier release did not know is
        missing in every row.
        """

    @abstractmethod
    def insert(self, table: Table, row: Mapping[str, object]) -> bool:
        """Write a row, in one commit, unless its key is taken; return whether it was written.

        Raises:
            RowConflictError: Another wrote the table at the same time.
        """

    @abstractmethod
    def put(self, table: Table, row: Mapping[str, object]) -> None:
        """Write a row, in one commit, in place of the one of the same key."""

    @abstractmethod
    def lock(self, name: str) -> AbstractContextManager[None]:
        """Keep others on this machine from what the name stands for as long as the block lasts, where writers share one."""


def plain_row(row: Row, table: Table) -> Row:
    """Return the values of a row as plain Python: a warehouse sends counts as text, a folder sends a map as pairs."""
    return {name: _plain_value(value, table.column(name).type) for name, value in row.items()}


def _plain_value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind in ("bigint", "int"):
        return int(value)
    if kind.startswith("map<"):
        pairs = json.loads(value) if isinstance(value, str) else value
        return {str(key): int(count) for key, count in dict(pairs).items()}
    if kind in ("date", "timestamp"):
        return value if isinstance(value, str) else value.isoformat()
    return value
