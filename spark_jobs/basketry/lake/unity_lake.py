"""Tables in Unity Catalog: three-level names, and SQL alone, so that classic clusters and Spark Connect carry it alike.

Nothing here locks. Of two conflicting commits Delta lets one win; the other is carried out again on what is there then.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from pyspark.sql import DataFrame, DataFrameReader, DataFrameWriter, SparkSession
from pyspark.sql.streaming.readwriter import DataStreamReader

from basketry.config.settings import Settings
from basketry.lake.lakehouse import CACHE_LEVEL, Answer, Lakehouse
from basketry.lake.session import attached_session
from basketry.tables import Column, Table
from basketry.tables.ddl import add_columns_statement, create_statement

EXPERIMENTS = "/Shared/basketry/"
"""The folder of MLflow's experiments in the workspace."""

ATTEMPTS = 5
"""How often a write is tried that meets those of others."""

SCRATCH = "scratch_"
"""How the names of tables begin that hold a job's rows for a while, in the schema ops."""

_CONFLICT = "DELTA_CONCURRENT_"
_NOT_SUPPORTED = ("NOT_SUPPORTED_WITH_SERVERLESS", "PERSIST TABLE")
"""What the refusal holds where no rows can be persisted."""

_SEEN = "basketry.left_over"
"""Property of a scratch table that an earlier `drop_leftovers` has seen."""


class UnityLake(Lakehouse):
    """The tables of one catalog of Unity Catalog."""

    @classmethod
    def start_session(cls, name: str) -> SparkSession:
        """Open the session that the cluster has; see Lakehouse."""
        return attached_session(name)

    @classmethod
    def job_locks(cls, settings: Settings, catalog: str, works: Collection[str]) -> AbstractContextManager[None]:
        """Keep nobody out: the runs of a task are kept apart by Airflow; see Lakehouse."""
        return nullcontext()

    def name(self, table: Table) -> str:
        """Return catalog, schema and table, each quoted; see TableReader."""
        return f"`{self.catalog}`.`{table.schema}`.`{table.name}`"

    def exists(self, table: Table) -> bool:
        """Return whether the catalog lists the table."""
        return bool(self.spark.catalog.tableExists(self.name(table)))

    def lock(self, table: Table) -> AbstractContextManager[None]:
        """Keep nobody out: see the module's head."""
        return nullcontext()

    def purge(self, table: Table) -> None:
        """Delete the files of earlier versions; see Lakehouse. Rows can be marked as deleted in a file: it is rewritten first."""
        self.spark.sql(f"REORG TABLE {self.name(table)} APPLY (PURGE)")
        self.spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
        self.spark.sql(f"VACUUM {self.name(table)} RETAIN 0 HOURS")

    def text_stream(self, folder: Path, bytes_at_once: int) -> DataStreamReader:
        """Read the files of a volume with Auto Loader; see Lakehouse."""
        options: dict[str, str | int] = {"cloudFiles.format": "text", "cloudFiles.maxBytesPerTrigger": bytes_at_once}
        return self.spark.readStream.format("cloudFiles").schema("value string").options(**options)

    def experiment(self, name: str) -> str:
        """Return the path of the experiment in the workspace; see Lakehouse."""
        return f"{EXPERIMENTS}{self.catalog}_{name}"

    @contextmanager
    def cached(self, rows: DataFrame, *, short_plan: bool = False) -> Iterator[DataFrame]:
        """Persist rows; where that is refused, or a checkpoint could be lost with its node, use a table; see Lakehouse."""
        persisted = None if short_plan else _persisted(rows)
        if persisted is not None:
            try:
                yield persisted
            finally:
                persisted.unpersist()
            return
        scratch = self.name(Table(schema="ops", name=f"{SCRATCH}{uuid.uuid4().hex}", meaning="", columns=(), key=()))
        try:
            rows.write.format("delta").saveAsTable(scratch)
            yield self.spark.read.table(scratch)
        finally:
            self.spark.sql(f"DROP TABLE IF EXISTS {scratch}")

    def drop_leftovers(self, *, dry_run: bool) -> Iterator[str]:
        """Drop the scratch tables that were there the last time already; see Lakehouse."""
        tables = self.spark.sql(f"SHOW TABLES IN `{self.catalog}`.ops LIKE '{SCRATCH}*'").collect()
        for name in sorted(f"`{self.catalog}`.ops.`{row.tableName}`" for row in tables):
            properties = {row.key: row.value for row in self.spark.sql(f"SHOW TBLPROPERTIES {name}").collect()}
            if _SEEN in properties:
                yield f"drop {name}, left over by a job that was killed"
                if not dry_run:
                    self.spark.sql(f"DROP TABLE IF EXISTS {name}")
            elif not dry_run:
                self.spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('{_SEEN}' = 'true')")

    def _commit(self, table: Table, write: Callable[[], Answer]) -> Answer:
        for _ in range(ATTEMPTS - 1):
            try:
                return write()
            except Exception as error:  # Delta's own type, or a JVM error that only names it
                if _CONFLICT not in str(error):
                    raise
        return write()

    def _load(self, reader: DataFrameReader, table: Table) -> DataFrame:
        return reader.table(self.name(table))

    def _writer_saves(self, writer: DataFrameWriter, table: Table) -> None:
        writer.saveAsTable(self.name(table))

    def _create_empty(self, table: Table) -> None:
        self.spark.sql(create_statement(self.name(table), table))

    def _stored_columns(self, table: Table) -> tuple[Mapping[str, str], Collection[str]]:
        schema = self.spark.read.table(self.name(table)).schema
        types = {field.name: field.dataType.simpleString() for field in schema}
        return types, frozenset(field.name for field in schema if not field.nullable)

    def _add_columns(self, table: Table, columns: Sequence[Column]) -> None:
        self.spark.sql(add_columns_statement(self.name(table), columns))


def _persisted(rows: DataFrame) -> DataFrame | None:
    """Persist the rows; None where that is refused."""
    try:
        return rows.persist(CACHE_LEVEL)
    except Exception as error:  # by whatever client is there
        if not any(sign in str(error) for sign in _NOT_SUPPORTED):
            raise
        return None
