"""Tables in Unity Catalog: three-level names, and SQL alone, so that classic clusters and Spark Connect carry it alike.

Nothing here locks. Of two conflicting commits Delta lets one win; the other is carried out again on what is there then.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from pyspark.sql import DataFrame, DataFrameReader, DataFrameWriter, SparkSession
from pyspark.sql.streaming.readwriter import DataStreamReader

from basketry.config.run_settings import read_secret
from basketry.config.settings import Settings, is_serverless
from basketry.config.unity_names import quote
from basketry.errors import BadInputError
from basketry.lake.lakehouse import CACHE_LEVEL, Answer, Lakehouse
from basketry.lake.schemas import FILE_LISTING
from basketry.lake.session import attached_session
from basketry.tables import Column, Table
from basketry.tables.ddl import (
    RETENTION,
    add_columns_statement,
    create_statement,
    delta_properties,
    properties_statement,
)
from basketry.warehouse.statements import CONFLICTS

EXPERIMENTS = "/basketry/"
"""The folder of MLflow's experiments in the workspace."""

ATTEMPTS = 5
"""How often a write is tried that meets those of others."""

SCRATCH = "scratch_"
"""How the names of tables begin that hold a job's rows for a while, in the schema ops."""

PAUSE_SECONDS = 0.5
"""How long it waits at least before it is tried again, each time longer, for the others may try again, too."""

_NOT_SUPPORTED = ("NOT_SUPPORTED_WITH_SERVERLESS", "PERSIST TABLE")
"""What the refusal holds where no rows can be persisted."""

_PURGING = "interval 0 hours"
"""For how long a table that is being purged keeps files that its newest version does not need."""

_SEEN = "basketry.left_over"
"""Property of a scratch table that an earlier `drop_leftovers` has seen."""


class UnityLake(Lakehouse):
    """The tables of one retailer in Unity Catalog.

    Attributes:
        names: Where they lie, and so what they are called.
    """

    def __init__(self, spark: SparkSession, catalog: str, settings: Settings) -> None:
        """Open a catalog, see `TableReader`."""
        super().__init__(spark, catalog, settings)
        self.names = settings.names(catalog)

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
        return self.names.quoted(table.schema, table.name)

    def exists(self, table: Table) -> bool:
        """Return whether the catalog lists the table."""
        return bool(self.spark.catalog.tableExists(self.name(table)))

    def lock(self, table: Table) -> AbstractContextManager[None]:
        """Keep nobody out: see the module's head."""
        return nullcontext()

    def purge(self, table: Table) -> None:
        """Delete the files of earlier versions; see Lakehouse. Rows can be marked as deleted in a file: it is rewritten first.

        For how long files are kept the table says, not the statement: newer runtimes believe no other word, and serverless
        compute lets no job set aside Delta's check of one. A job killed in between leaves it to the next purge, or to
        maintenance, to set it right.
        """
        name = self.name(table)
        retention = self.properties(table).get(RETENTION, _PURGING)
        if retention == _PURGING:  # a purge was killed: what maintenance had set is lost, the declaration is not
            retention = delta_properties(table)[RETENTION]
        self.spark.sql(f"REORG TABLE {name} APPLY (PURGE)")
        self.spark.sql(properties_statement(name, {RETENTION: _PURGING}))
        try:
            self.spark.sql(f"VACUUM {name}")
        finally:
            self.spark.sql(properties_statement(name, {RETENTION: retention}))

    def properties(self, table: Table) -> dict[str, str]:
        """Return the table's properties."""
        return self._properties(self.name(table))

    def file_stream(self, folder: Path, bytes_at_once: int) -> DataStreamReader:
        """List the files of a volume with Auto Loader; see Lakehouse."""
        options: dict[str, str | int] = {
            "cloudFiles.format": "binaryFile",
            "cloudFiles.maxBytesPerTrigger": bytes_at_once,
        }
        return self.spark.readStream.format("cloudFiles").schema(FILE_LISTING).options(**options)

    def secret(self, name: str) -> bytes:
        """Return the value of the jobs' secret scope; see Lakehouse."""
        scope = self.settings.secret_scope
        value = read_secret(scope, name)
        if value is None:
            raise BadInputError(
                f"the secret {scope}/{name} has no value: put in 32 random bytes or more with databricks secrets put-secret"
                f" {scope} {name}, and keep a copy."
            )
        return value

    def experiment(self, name: str) -> str:
        """Return the path of the experiment in the workspace; see Lakehouse."""
        return f"{EXPERIMENTS}{self.catalog}_{name}"

    @contextmanager
    def cached(self, rows: DataFrame, *, short_plan: bool = False) -> Iterator[DataFrame]:
        """Persist rows; where nothing can be, or a checkpoint could be lost with its node, use a table; see Lakehouse."""
        persisted = None if short_plan or is_serverless() else _persisted(rows)
        if persisted is not None:
            try:
                yield persisted
            finally:
                persisted.unpersist()
            return
        scratch = self.names.quoted("ops", f"{SCRATCH}{uuid.uuid4().hex}")
        try:
            rows.write.format("delta").saveAsTable(scratch)
            yield self.spark.read.table(scratch)
        finally:
            self.spark.sql(f"DROP TABLE IF EXISTS {scratch}")

    def drop_leftovers(self, *, dry_run: bool) -> Iterator[str]:
        """Drop the scratch tables that were there the last time already; see Lakehouse."""
        catalog, schema, begin = self.names.parts("ops", SCRATCH)
        tables = self.spark.sql(f"SHOW TABLES IN {quote(f'{catalog}.{schema}')} LIKE '{begin}*'").collect()
        for name in sorted(quote(f"{catalog}.{schema}.{row.tableName}") for row in tables):
            if _SEEN in self._properties(name):
                yield f"drop {name}, left over by a job that was killed"
                if not dry_run:
                    self.spark.sql(f"DROP TABLE IF EXISTS {name}")
            elif not dry_run:
                self.spark.sql(properties_statement(name, {_SEEN: "true"}))

    def _properties(self, name: str) -> dict[str, str]:
        return {row.key: row.value for row in self.spark.sql(f"SHOW TBLPROPERTIES {name}").collect()}

    def _commit(self, table: Table, write: Callable[[], Answer]) -> Answer:
        self.written.add(table)
        for attempt in range(1, ATTEMPTS):
            try:
                return write()
            except Exception as error:  # Delta's own type, or a JVM error that only names it
                if not any(sign in str(error) for sign in CONFLICTS):
                    raise
            time.sleep(PAUSE_SECONDS * (attempt + random.random()))  # noqa: S311 no secret
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
