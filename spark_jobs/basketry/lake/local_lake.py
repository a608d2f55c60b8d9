"""Tables as Delta folders on this machine.

Writers of a table wait for one another on a file lock, because a local file system has no atomic "create unless it exists"
that two JVMs could trust. What needs no Spark job is done without one, in milliseconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, DataFrameReader, DataFrameWriter, SparkSession
from pyspark.sql.streaming.readwriter import DataStreamReader

from basketry.config.secret_files import file_secret
from basketry.config.settings import Settings
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.schemas import FILE_LISTING
from basketry.lake.session import spark_session
from basketry.tables import Column, Table
from basketry.warehouse import local_delta
from basketry.warehouse.locks import job_lock, table_lock


class LocalLake(Lakehouse):
    """The Delta folders of one catalog."""

    @classmethod
    def start_session(cls, name: str) -> SparkSession:
        """Open a session whose Python workers are this Python; see Lakehouse."""
        return spark_session(name)

    @classmethod
    @contextmanager
    def job_locks(cls, settings: Settings, catalog: str, works: Collection[str]) -> Iterator[None]:
        """Wait for a second run by hand, or one that outlived the task that started it; see Lakehouse."""
        with ExitStack() as locks:
            for work in sorted(works):  # in one order, so that no two runs wait for each other
                locks.enter_context(job_lock(settings.home / "turns", catalog, work))
            yield

    def path(self, table: Table) -> Path:
        """Return the folder of the table."""
        return self.settings.lake / self.catalog / table.schema / table.name

    def name(self, table: Table) -> str:
        """Return the folder as Spark SQL names a table; see TableReader."""
        return f"delta.`{self.path(table)}`"

    def exists(self, table: Table) -> bool:
        """Return whether the folder holds a Delta log."""
        return local_delta.exists(self.path(table))

    def read_filtered(
        self, table: Table, columns: Sequence[str], values: Mapping[str, Collection[str]], since: Mapping[str, date]
    ) -> pa.Table:
        """Read without a Spark job; see TableReader."""
        if not self.exists(table):
            return super().read_filtered(table, columns, values, since)
        return local_delta.read_filtered(self.path(table), columns, values, since)

    def version(self, table: Table) -> int | None:
        """Return the newest version in the log; see TableReader."""
        return local_delta.version(self.path(table)) if self.exists(table) else None

    def append_once(self, table: Table, rows: pa.Table, writer: str, number: int, *, overwrite: bool = False) -> None:
        """Append without a Spark job; see Lakehouse."""
        where = "true" if overwrite else None

        def write() -> None:
            """Write unless the number is in the table's log."""
            self._create(table)
            local_delta.append_once(self.path(table), rows, writer, number, where=where)

        self._commit(table, write)

    def record(self, table: Table, rows: Sequence[Sequence[object]], where: str) -> None:
        """Replace a few rows without a Spark job; see Lakehouse."""

        def write() -> None:
            """Write under the table's lock."""
            self._create(table)
            local_delta.replace_rows(self.path(table), table.column_names, rows, where)

        self._commit(table, write)

    @contextmanager
    def lock(self, table: Table) -> Iterator[None]:
        """Keep other writers of the table out, those without Spark too."""
        with table_lock(self.settings.lake / self.catalog, table.full_name):
            yield

    def purge(self, table: Table) -> None:
        """Delete the files of earlier versions; see Lakehouse."""
        with self.lock(table):
            local_delta.vacuum(self.path(table))

    def file_stream(self, folder: Path, bytes_at_once: int) -> DataStreamReader:
        """List the files of a folder, which is made; see Lakehouse."""
        folder.mkdir(parents=True, exist_ok=True)
        # Nothing is too old to be read: without this a file is passed over once one a week newer was seen.
        options: dict[str, str | int] = {"maxBytesPerTrigger": bytes_at_once, "maxFileAge": "36500d"}
        return self.spark.readStream.format("binaryFile").schema(FILE_LISTING).options(**options)

    def secret(self, name: str) -> bytes:
        """Return the secret's file, which is made where there is none; see Lakehouse."""
        return file_secret(self.settings.secrets_folder(self.catalog) / name)

    def experiment(self, name: str) -> str:
        """Return the name of the experiment; see Lakehouse."""
        return f"{self.catalog}_{name}"

    def _load(self, reader: DataFrameReader, table: Table) -> DataFrame:
        return reader.load(str(self.path(table)))

    def _writer_saves(self, writer: DataFrameWriter, table: Table) -> None:
        writer.save(str(self.path(table)))

    def _commits(self, table: Table, limit: int) -> Iterator[Mapping[str, Any]]:
        return local_delta.commits(self.path(table))

    def _rows_without_commit(self, table: Table, where: str) -> int:
        """Nobody else commits under the lock: there was nothing to write and nothing to replace; see Lakehouse."""
        return 0

    def _create_empty(self, table: Table) -> None:
        local_delta.create(self.path(table), table)

    def _stored_columns(self, table: Table) -> tuple[Mapping[str, str], Collection[str]]:
        folder = self.path(table)
        return local_delta.columns(folder), local_delta.required_columns(folder)

    def _add_columns(self, table: Table, columns: Sequence[Column]) -> None:
        local_delta.add_columns(self.path(table), columns)
