"""The one reader and writer of tables, as an interface with two backends: `LocalLake` and `UnityLake`.

Every write is one Delta commit and conforms to the declaration in `basketry.tables`: same columns, same types, no missing
value where none may be. Rows are changed by SQL, which Spark Connect carries too. What stands here holds for both backends;
each says in its own module only where it differs. `basketry.lake.opening` is the one place that chooses.
"""

from __future__ import annotations

import dataclasses
import json
import uuid
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame, DataFrameWriter, SparkSession
from pyspark.sql.streaming.readwriter import DataStreamReader

from basketry.config.settings import Settings
from basketry.lake.schemas import conform, declared_schema
from basketry.lake.sql import as_of_predicate, newer_condition
from basketry.lake.table_reads import TableReader
from basketry.tables import Column, Table, evolution

Answer = TypeVar("Answer")

CACHE_LEVEL = StorageLevel.DISK_ONLY
"""Where rows are kept that are read more than once: a driver on one machine has little memory to spare."""


class Lakehouse(TableReader):
    """Read and write the tables of one catalog.

    Attributes:
        written: Every table that was written since it was opened.
    """

    def __init__(self, spark: SparkSession, catalog: str, settings: Settings) -> None:
        """Open a catalog, see `TableReader`."""
        super().__init__(spark, catalog, settings)
        self._upgraded: set[Table] = set()
        self.written: set[Table] = set()

    def append(self, table: Table, rows: DataFrame, once: tuple[str, int] | None = None) -> None:
        """Add rows in one commit.

        Args:
            table: The table; it is created where it does not exist.
            rows: Rows with the declared columns.
            once: A writer and its number, which counts upwards: a number is written only once, see `append_once`.
        """
        options = {} if once is None else {"txnAppId": once[0], "txnVersion": str(once[1])}
        self._write(table, rows, mode="append", options=options, note={})

    def replace(self, table: Table, rows: DataFrame, where: str, read_versions: Mapping[str, int] | None = None) -> int:
        """Replace exactly the rows that satisfy a condition, in one commit.

        Args:
            table: The table; it is created where it does not exist.
            rows: The new rows, which all must satisfy the condition.
            where: The condition, as SQL.
            read_versions: Delta version of every input that these rows reflect, see `reflected_versions`.

        Returns:
            How many rows were written.
        """
        note = {} if read_versions is None else {"reflects": dict(read_versions)}
        mark = self._write(table, rows, mode="overwrite", options={"replaceWhere": where}, note=note)
        return self._rows_written(table, mark, where)

    def replace_day(self, table: Table, rows: DataFrame, as_of: date) -> int:
        """Replace the rows of an as-of date, in one commit; return how many rows were written."""
        return self.replace(table, rows, as_of_predicate(as_of))

    def append_once(self, table: Table, rows: pa.Table, writer: str, number: int, *, overwrite: bool = False) -> None:
        """Append rows in one commit, once per number, however often that is asked for.

        Args:
            table: The table; it is created where it does not exist.
            rows: Rows with the declared columns.
            writer: Who counts the numbers, such as a stream with its checkpoint.
            number: The number of this write; numbers count upwards.
            overwrite: Replace the whole table instead of appending.
        """

        def write() -> None:
            """Write unless the transaction's number is in the table's log."""
            self._create(table)
            frame = conform(self.spark.createDataFrame(rows), table)
            transaction = {"txnAppId": writer, "txnVersion": str(number)}
            self._save(table, frame, "overwrite" if overwrite else "append", transaction)

        self._commit(table, write)

    def record(self, table: Table, rows: Sequence[Sequence[object]], where: str) -> None:
        """Replace the rows that satisfy a condition by a few rows, in one commit.

        For what the pipeline notes about itself.

        Args:
            table: The table; it is created where it does not exist.
            rows: The new rows, values in declared column order.
            where: The condition, as SQL.
        """
        self.replace(table, self.spark.createDataFrame(list(rows), declared_schema(table)), where)

    def evolve(self, table: Table) -> Table:
        """Add the columns that the stored table lacks: for a table whose columns depend on data.

        Rows written before keep null in the new columns.

        Returns:
            The declaration with the columns that the stored table has beyond it.
        """
        if not self.exists(table):
            return table
        self._commit(table, lambda: self._upgrade(table))
        stored = self.read(table).schema
        beyond = [
            Column(name=field.name, type=field.dataType.simpleString(), meaning=field.metadata.get("comment", ""))
            for field in stored
            if field.name not in table.column_names
        ]
        return dataclasses.replace(table, columns=(*table.columns, *beyond))

    def merge(self, table: Table, rows: DataFrame, *, again: bool = False) -> int | None:
        """Insert rows by key, and update those whose delivery is newer than the stored one (see NEWER).

        Args:
            table: The table; it is created where it does not exist.
            rows: One row per key.
            again: Also update the rows of the very same delivery.

        Returns:
            How many rows were written; None when the table is new and all were.
        """
        update = f"WHEN MATCHED AND ({newer_condition(or_same=again)}) THEN UPDATE SET *"
        conforming = conform(rows, table)

        def write() -> int | None:
            """Merge, or append where there is nothing to match yet: a third of the cost of a MERGE."""
            if not self._create(table):
                return self._merge(table, conforming, update)
            self._save(table, conforming, "append", {})
            return None

        return self._commit(table, write)

    def insert(self, table: Table, rows: DataFrame) -> None:
        """Insert the rows whose key is not there yet, in one commit."""
        conforming = conform(rows, table)

        def write() -> None:
            """Insert what is missing."""
            self._create(table)
            self._merge(table, conforming)

        self._commit(table, write)

    def update(self, table: Table, values: Mapping[str, str], where: str) -> None:
        """Set columns to SQL expressions in the rows that satisfy a condition, in one commit."""
        assignments = ", ".join(f"`{name}` = {expression}" for name, expression in values.items())
        statement = f"UPDATE {self.name(table)} SET {assignments} WHERE {where}"  # noqa: S608 words of the code
        self._commit(table, lambda: self.spark.sql(statement))

    def delete(self, table: Table, where: str) -> None:
        """Delete the rows that satisfy a condition, in one commit."""
        statement = f"DELETE FROM {self.name(table)} WHERE {where}"  # noqa: S608 words of the code
        self._commit(table, lambda: self.spark.sql(statement))

    @classmethod
    @abstractmethod
    def start_session(cls, name: str) -> SparkSession:
        """Open the session of this process for a job of that name."""

    @classmethod
    @abstractmethod
    def job_locks(cls, settings: Settings, catalog: str, works: Collection[str]) -> AbstractContextManager[None]:
        """Keep other runs in the catalog from these works as long as the block lasts; see `locks.job_lock`."""

    @abstractmethod
    def lock(self, table: Table) -> AbstractContextManager[None]:
        """Keep other writers of the table out as long as the block lasts, as far as the backend needs it."""

    @abstractmethod
    def purge(self, table: Table) -> None:
        """Delete every file that the newest version does not need: earlier versions can no longer be read."""

    @abstractmethod
    def file_stream(self, folder: Path, bytes_at_once: int) -> DataStreamReader:
        """Return a reader that lists a folder's new files (FILE_LISTING), about so many bytes at once; it loads the folder."""

    @abstractmethod
    def secret(self, name: str) -> bytes:
        """Return a secret of the catalog, kept apart from its tables; BadInputError where a person has to put it in."""

    @abstractmethod
    def experiment(self, name: str) -> str:
        """Return what MLflow calls an experiment of the catalog."""

    @contextmanager
    def cached(self, rows: DataFrame, *, short_plan: bool = False) -> Iterator[DataFrame]:
        """Store rows that are read more than once, as long as the block lasts; read what it yields.

        Args:
            rows: The rows; they are computed once.
            short_plan: Several queries are planned from the rows, each the slower the longer their lineage: cut it off.
        """
        cached = rows.localCheckpoint() if short_plan else rows.persist(CACHE_LEVEL)
        try:
            yield cached
        finally:
            cached.unpersist()

    def drop_leftovers(self, *, dry_run: bool) -> Iterator[str]:
        """Drop what `cached` left of jobs that were killed, and yield a line for each; nothing where nothing can be left.

        Args:
            dry_run: Only say what.
        """
        yield from ()

    @abstractmethod
    def _writer_saves(self, writer: DataFrameWriter, table: Table) -> None:
        """Have a configured writer save its rows to the table."""

    @abstractmethod
    def _create_empty(self, table: Table) -> None:
        """Create the table."""

    @abstractmethod
    def _stored_columns(self, table: Table) -> tuple[Mapping[str, str], Collection[str]]:
        """Return the types of the stored columns by name, and the names of those that may never be missing."""

    @abstractmethod
    def _add_columns(self, table: Table, columns: Sequence[Column]) -> None:
        """Add columns to the stored table, behind those that are there."""

    def _commit(self, table: Table, write: Callable[[], Answer]) -> Answer:
        """Carry out a write of the table, whatever others write meanwhile."""
        self.written.add(table)
        with self.lock(table):
            return write()

    def _merge(self, table: Table, rows: DataFrame, matched: str = "") -> int:
        same = " AND ".join(f"old.`{name}` = new.`{name}`" for name in table.key)
        target = self.name(table).replace("{", "{{").replace("}", "}}")
        statement = (
            f"MERGE INTO {target} AS old USING {{rows}} AS new ON {same} {matched} WHEN NOT MATCHED THEN INSERT *"
        )
        counts = self.spark.sql(statement, rows=rows).collect()[0]
        return int(counts["num_affected_rows"])

    def _write(
        self, table: Table, rows: DataFrame, mode: str, options: Mapping[str, str], note: Mapping[str, object]
    ) -> str:
        """Write the rows in one commit, and return the mark by which its note is told from those of all others."""
        conforming, mark = conform(rows, table), uuid.uuid4().hex
        noted = {**options, "userMetadata": json.dumps({**note, "write": mark}, sort_keys=True)}

        def write() -> None:
            """Write; where there is nothing to replace yet, an append need not look for it."""
            if self._create(table):
                self._save(table, conforming, "append", {key: noted[key] for key in noted if key != "replaceWhere"})
            else:
                self._save(table, conforming, mode, noted)

        self._commit(table, write)
        return mark

    def _save(self, table: Table, rows: DataFrame, mode: str, options: Mapping[str, str]) -> None:
        self._writer_saves(rows.write.format("delta").mode(mode).options(**options), table)

    def _create(self, table: Table) -> bool:
        """Create the table unless it exists, else bring it to its declaration; return whether it is new."""
        if self.exists(table):
            self._upgrade(table)
            return False
        self._create_empty(table)
        return True

    def _upgrade(self, table: Table) -> None:
        """Bring a table of an earlier release to its declaration, once; BadInputError where that cannot be."""
        if table in self._upgraded:
            return
        stored, never_missing = self._stored_columns(table)
        if new := evolution.missing_columns(table, stored):
            self._add_columns(table, new)
        for column in evolution.newly_nullable_columns(table, never_missing):
            self.spark.sql(f"ALTER TABLE {self.name(table)} ALTER COLUMN `{column}` DROP NOT NULL")
        self._upgraded.add(table)
