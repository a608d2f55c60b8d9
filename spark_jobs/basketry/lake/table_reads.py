"""The read half of the lakehouse: what a table is called, whether it exists, its rows, versions and changes."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F

from basketry.config.settings import Settings, check_catalog_name
from basketry.errors import BadInputError, TableError
from basketry.lake.schemas import declared_schema, with_nulls
from basketry.tables import Table

_COMMITS_SEARCHED = 30
"""Newest commits in which the note of a write is looked for."""

_MISSING_FILES = ("FileNotFound", "CHANGE_DATA", "FILE_NOT_EXIST")
"""What the message of a JVM error holds when a file of the change feed was vacuumed."""


class TableReader(ABC):
    """Read the tables of one catalog."""

    def __init__(self, spark: SparkSession, catalog: str, settings: Settings) -> None:
        """Open a catalog.

        Args:
            spark: The session that reads and writes.
            catalog: A lower-case identifier, since it becomes a path or a name in SQL.
            settings: Where the lake is.

        Raises:
            BadInputError: The catalog is no lower-case identifier.
        """
        self.spark = spark
        self.catalog = check_catalog_name(catalog)
        self.settings = settings

    @abstractmethod
    def name(self, table: Table) -> str:
        """Return what the table is called in Spark SQL."""

    @abstractmethod
    def exists(self, table: Table) -> bool:
        """Return whether the table has been created."""

    @abstractmethod
    def _load(self, reader: DataFrameReader, table: Table) -> DataFrame:
        """Have a configured reader load the table."""

    def path(self, table: Table) -> Path:
        """Return the folder of the table.

        Raises:
            TableError: Its rows are not in a folder of this machine.
        """
        raise TableError(f"{table.full_name} has no folder of its own: it lives in Unity Catalog.")

    def read(self, table: Table, version: int | None = None) -> DataFrame:
        """Read the table's rows, now or as of a Delta version.

        Raises:
            BadInputError: The table does not exist yet.
        """
        if not self.exists(table):
            raise BadInputError(
                f"{table.full_name} of catalog {self.catalog} does not exist yet: run the job that fills it."
            )
        reader = self.spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return self._load(reader, table)

    def read_or_empty(self, table: Table, version: int | None = None) -> DataFrame:
        """Read the table's rows; none where it does not exist, as with a feed that the retailer does not deliver."""
        return self.read(table, version) if self.exists(table) else self.empty(table)

    def empty(self, table: Table) -> DataFrame:
        """Return no rows, with the declared columns of the table."""
        return self.spark.createDataFrame([], declared_schema(table))

    def read_filtered(
        self, table: Table, columns: Sequence[str], values: Mapping[str, Collection[str]], since: Mapping[str, date]
    ) -> pa.Table:
        """Read some columns of the rows that satisfy every condition.

        Args:
            table: The table; one that does not exist has no rows.
            columns: Columns to return; one that the table lacks is null.
            values: By column, the values of which a row must have one.
            since: By column, the first date that a row may have.
        """
        rows = self.read_or_empty(table)
        for name, accepted in values.items():
            wanted = self.spark.createDataFrame([(value,) for value in accepted], f"`{name}` string")
            rows = rows.join(F.broadcast(wanted), name, "leftsemi")
        for name, day in since.items():
            rows = rows.where(F.col(name) >= F.lit(day))
        missing = {name: table.column(name).type for name in {*columns} - {*rows.columns}}
        return with_nulls(rows, missing).select(*columns).toArrow()

    def version(self, table: Table) -> int | None:
        """Return the table's newest Delta version, None when it does not exist."""
        if not self.exists(table):
            return None
        return next(int(commit["version"]) for commit in self._commits(table, limit=1))

    def versions(self, *tables: Table) -> dict[str, int]:
        """Return the newest Delta version of those tables that exist, by full name."""
        newest = {table.full_name: self.version(table) for table in tables}
        return {name: version for name, version in newest.items() if version is not None}

    def changes(self, table: Table, since: int) -> DataFrame | None:
        """Read the rows that changed after a version, with `_change_type`.

        Returns:
            Rows of the change data feed; None when that history is gone or was never recorded.
        """
        newest = self.version(table)
        if newest is None or newest < since:
            return None
        if newest == since:
            added = {"_change_type": F.lit("insert"), "_commit_version": F.lit(0).cast("bigint")}
            return self.read(table).limit(0).withColumns(added)
        reader = self.spark.read.format("delta").option("readChangeFeed", "true")
        reader = reader.option("startingVersion", since + 1).option("endingVersion", newest)
        try:
            frame = self._load(reader, table)
            frame.select(F.lit(1)).head(1)  # the feed is checked when it is read, not when it is planned
        except AnalysisException:
            return None
        except Exception as error:  # a vacuumed file surfaces as a JVM error of many names
            if any(sign in str(error) for sign in _MISSING_FILES):
                return None
            raise
        return frame

    def reflected_versions(self, table: Table) -> dict[str, int] | None:
        """Return the input versions that the table's newest `replace` with `read_versions` reflects.

        Returns:
            Delta versions by the full name of each input; None when no recent commit has them.
        """
        if not self.exists(table):
            return None
        for commit in self._commits(table, limit=_COMMITS_SEARCHED):
            note = commit.get("userMetadata") or ""
            if note.startswith('{"reflects"'):
                return dict(json.loads(note)["reflects"])
        return None

    def _rows_written(self, table: Table, mark: str, where: str) -> int:
        """Return the rows that a commit wrote in place of those that satisfy `where`, without those copied beside them.

        It is found by its mark: others may have committed since, as may the platform, which compacts by itself.
        """
        for commit in islice(self._commits(table, limit=_COMMITS_SEARCHED), _COMMITS_SEARCHED):
            metrics = commit.get("operationMetrics") or {}
            if mark in (commit.get("userMetadata") or "") and "numOutputRows" in metrics:
                return int(metrics["numOutputRows"]) - int(metrics.get("numCopiedRows", 0))
        return self._rows_without_commit(table, where)

    def _rows_without_commit(self, table: Table, where: str) -> int:
        """Return how many rows a replacement has written of which no commit tells."""
        return self.read(table).where(where).count()

    def _commits(self, table: Table, limit: int) -> Iterable[Mapping[str, Any]]:
        """Return what Delta says of at least the newest `limit` commits, newest first."""
        history = self.spark.sql(f"DESCRIBE HISTORY {self.name(table)} LIMIT {limit}")
        return [row.asDict() for row in history.orderBy(F.desc("version")).collect()]
