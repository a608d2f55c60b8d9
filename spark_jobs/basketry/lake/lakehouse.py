"""The one reader and writer of tables: Delta folders locally, Unity Catalog tables on Databricks.

Every write is one Delta commit and conforms to the declaration in `basketry.tables`: same columns, same types, no missing
value where none may be. Locally writers of a table wait for one another on a file lock, because a local file system
has no atomic "create unless it exists" that two JVMs could trust.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa
from delta.tables import DeltaMergeBuilder, DeltaTable, DeltaTableBuilder
from pyspark.sql import DataFrame, SparkSession

from basketry.config.settings import Settings
from basketry.lake.evolution import upgrade
from basketry.lake.locks import file_lock
from basketry.lake.schemas import conform, declared_schema
from basketry.lake.sql import newer_condition
from basketry.lake.table_reads import TableReader
from basketry.tables import Column, Table
from basketry.warehouse import local_delta


class Lakehouse(TableReader):
    """Read and write the tables of one catalog."""

    def __init__(self, spark: SparkSession, catalog: str, settings: Settings) -> None:
        """Open a catalog, see `TableReader`."""
        super().__init__(spark, catalog, settings)
        self._upgraded: set[Table] = set()

    def append(self, table: Table, rows: DataFrame, once: tuple[str, int] | None = None) -> None:
        """Add rows in one commit.

        Args:
            table: The table; it is created where it does not exist.
            rows: Rows with the declared columns.
            once: A writer and its number, which counts upwards: a number is written only once, see `append_once`.
        """
        options = {} if once is None else {"txnAppId": once[0], "txnVersion": str(once[1])}
        self._write(table, rows, mode="append", options=options)

    def replace(self, table: Table, rows: DataFrame, where: str, read_versions: Mapping[str, int] | None = None) -> int:
        """Replace exactly the rows that satisfy a condition, in one commit.

        Args:
            table: The table; it is created where it does not exist.
            rows: The new rows, which all must satisfy the condition.
            where: The condition, as SQL.
            read_versions: Delta version of every input that these rows reflect; stored with the commit, see
                `reflected_versions`.

        Returns:
            How many rows were written.
        """
        options = {"replaceWhere": where}
        if read_versions is not None:
            options["userMetadata"] = json.dumps({"reflects": dict(read_versions)}, sort_keys=True)
        return self._write(table, rows, mode="overwrite", options=options)

    def append_once(self, table: Table, rows: pa.Table, writer: str, number: int, *, overwrite: bool = False) -> None:
        """Append rows in one commit, once per number, however often that is asked for. Locally this needs no Spark job.

        Args:
            table: The table; it is created where it does not exist.
            rows: Rows with the declared columns.
            writer: Who counts the numbers, such as a stream with its checkpoint.
            number: The number of this write; numbers count upwards.
            overwrite: Replace the whole table instead of appending.
        """
        with self.lock(table):
            self._create(table)
            if self.settings.lake is not None:
                where = "true" if overwrite else None
                local_delta.append_once(self.path(table), rows, writer, number, where=where)
                return
            frame = conform(self.spark.createDataFrame(rows), table)
            transaction = {"txnAppId": writer, "txnVersion": str(number)}
            self._save(table, frame, "overwrite" if overwrite else "append", transaction)

    def record(self, table: Table, rows: Sequence[Sequence[object]], where: str) -> None:
        """Replace the rows that satisfy a condition by a few rows, in one commit.

        For what the pipeline notes about itself: locally this needs no Spark job.

        Args:
            table: The table; it is created where it does not exist.
            rows: The new rows, values in declared column order.
            where: The condition, as SQL.
        """
        if self.settings.lake is None:
            self.replace(table, self.spark.createDataFrame(list(rows), declared_schema(table)), where)
            return
        with self.lock(table):
            self._create(table)
            local_delta.replace_rows(self.path(table), table.column_names, rows, where)

    def evolve(self, table: Table) -> Table:
        """Add the columns that the stored table lacks: for a table whose columns depend on data.

        Rows written before keep null in the new columns.

        Returns:
            The declaration with the columns that the stored table has beyond it.
        """
        if not self.exists(table):
            return table
        with self.lock(table):
            self._upgrade(table)
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
        with self.lock(table):
            conforming = conform(rows, table)
            if self._create(table):
                self._save(table, conforming, "append", {})  # nothing to match yet: a third of the cost of a MERGE
                return None
            merging = self._merging(table, conforming).whenMatchedUpdateAll(newer_condition(or_same=again))
            return int(merging.whenNotMatchedInsertAll().execute().collect()[0]["num_affected_rows"])

    def insert(self, table: Table, rows: DataFrame) -> None:
        """Insert the rows whose key is not there yet, in one commit; of two writers at once Delta lets one fail."""
        with self.lock(table):
            self._create(table)
        self._merging(table, conform(rows, table)).whenNotMatchedInsertAll().execute()

    def update(self, table: Table, values: Mapping[str, str], where: str) -> None:
        """Set columns to SQL expressions in the rows that satisfy a condition, in one commit."""
        with self.lock(table):
            self._delta(table).update(where, dict(values))

    def purge(self, table: Table) -> None:
        """Delete every file that the newest version does not need: earlier versions can no longer be read."""
        with self.lock(table):
            if self.settings.lake is not None:
                local_delta.vacuum(self.path(table))
                return
            # There rows can be marked as deleted inside a file that stays: it is written anew first.
            self.spark.sql(f"REORG TABLE {self.name(table)} APPLY (PURGE)")
            self.spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
            self.spark.sql(f"VACUUM {self.name(table)} RETAIN 0 HOURS")

    def delete(self, table: Table, where: str) -> None:
        """Delete the rows that satisfy a condition, in one commit."""
        with self.lock(table):
            self._delta(table).delete(where)

    @contextmanager
    def lock(self, table: Table) -> Iterator[None]:
        """Keep other local writers of the table out; on Databricks Delta itself lets one of two conflicting ones win."""
        if self.settings.lake is None:
            yield
            return
        with file_lock(self.settings.lake / self.catalog / ".locks" / f"{table.full_name}.lock"):
            yield

    def _merging(self, table: Table, rows: DataFrame) -> DeltaMergeBuilder:
        same = (f"old.`{name}` = new.`{name}`" for name in table.key)
        return self._delta(table).alias("old").merge(rows.alias("new"), " AND ".join(same))

    def _write(self, table: Table, rows: DataFrame, mode: str, options: Mapping[str, str]) -> int:
        rows = conform(rows, table)
        with self.lock(table):
            if self._create(table):  # nothing to replace yet: an append need not look for it
                mode, options = "append", {name: text for name, text in options.items() if name != "replaceWhere"}
            self._save(table, rows, mode, options)
            newest_commit = next(self._commits(table, limit=1))
            return local_delta.rows_written(newest_commit, options.get("replaceWhere"))

    def _save(self, table: Table, rows: DataFrame, mode: str, options: Mapping[str, str]) -> None:
        writer = rows.write.format("delta").mode(mode).options(**options)
        if self.settings.lake is None:
            writer.saveAsTable(self.name(table))
        else:
            writer.save(str(self.path(table)))

    def _create(self, table: Table) -> bool:
        """Create the table unless it exists, else bring it to its declaration; return whether it is new."""
        if self.exists(table):
            self._upgrade(table)
            return False
        schema = declared_schema(table)
        if self.settings.lake is not None:
            local_delta.create(self.path(table), table, schema.json())
            return True
        builder: DeltaTableBuilder = DeltaTable.createIfNotExists(self.spark).comment(table.meaning)
        builder = builder.addColumns(schema).partitionedBy(*table.partitioned_by).tableName(self.name(table))
        for name, value in local_delta.properties(table).items():
            builder = builder.property(name, value)
        builder.execute()
        return True

    def _upgrade(self, table: Table) -> None:
        """Bring a table of an earlier release to its declaration, once; BadInputError where that cannot be."""
        if table not in self._upgraded:
            folder = self.path(table) if self.settings.lake is not None else None
            upgrade(self.spark, table, self.name(table), folder)
            self._upgraded.add(table)
