"""The one reader and writer of tables: Delta folders locally, Unity Catalog tables on Databricks.

Every write is one Delta commit and conforms to the declaration in `basketry.tables`: same columns, same types, no missing
value where none may be. Locally writers of a table wait for one another on a file lock, because a local file system
has no atomic "create unless it exists" that two JVMs could trust.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from delta.tables import DeltaMergeBuilder, DeltaTable, DeltaTableBuilder
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.utils import AnalysisException

from basketry.config.settings import Settings
from basketry.errors import BadInputError, TableError
from basketry.lake.evolution import upgrade
from basketry.lake.locks import turn
from basketry.lake.schemas import conform, declared_schema
from basketry.lake.sql import newer_condition
from basketry.tables import Column, Table
from basketry.warehouse import local_delta

CATALOG_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Lakehouse:
    """The tables of one catalog."""

    def __init__(self, spark: SparkSession, catalog: str, settings: Settings) -> None:
        """catalog: lower-case identifier; anything else is a BadInputError, since it becomes a path or a name."""
        if not CATALOG_NAME.fullmatch(catalog):
            raise BadInputError(f"'{catalog}' cannot be a catalog: use lower-case letters, digits and underscores.")
        self.spark = spark
        self.catalog = catalog
        self.settings = settings
        self._upgraded: set[Table] = set()

    def path(self, table: Table) -> Path:
        """Folder of a local table; TableError where tables live in Unity Catalog."""
        if self.settings.lake is None:
            raise TableError(f"{table.full_name} has no folder of its own: it lives in Unity Catalog.")
        return self.settings.lake / self.catalog / table.schema / table.name

    def name(self, table: Table) -> str:
        """What to call the table in Spark SQL."""
        if self.settings.lake is None:
            return f"`{self.catalog}`.`{table.schema}`.`{table.name}`"
        return f"delta.`{self.path(table)}`"

    def exists(self, table: Table) -> bool:
        """Whether the table has been created."""
        if self.settings.lake is None:
            return bool(self.spark.catalog.tableExists(self.name(table).replace("`", "")))
        return local_delta.exists(self.path(table))

    def read(self, table: Table, version: int | None = None) -> DataFrame:
        """The table's rows, now or as of a Delta version; BadInputError when it does not exist yet."""
        if not self.exists(table):
            raise BadInputError(
                f"{table.full_name} of catalog {self.catalog} does not exist yet: run the job that fills it."
            )
        reader = self.spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.load(str(self.path(table))) if self.settings.lake else reader.table(self.name(table))

    def version(self, table: Table) -> int | None:
        """The table's newest Delta version, None when it does not exist."""
        if not self.exists(table):
            return None
        if self.settings.lake is not None:
            return local_delta.version(self.path(table))
        return int(self._delta(table).history(1).select("version").collect()[0][0])

    def versions(self, *tables: Table) -> dict[str, int]:
        """The newest Delta version of those tables that exist, by full name."""
        found = {table.full_name: self.version(table) for table in tables}
        return {name: version for name, version in found.items() if version is not None}

    def changes(self, table: Table, since: int) -> DataFrame | None:
        """Rows changed after version `since`, with `_change_type`; None when that history is gone or was never kept."""
        newest = self.version(table)
        if newest is None or newest < since:
            return None
        reader = self.spark.read.format("delta").option("readChangeFeed", "true")
        if newest == since:
            added = {"_change_type": F.lit("insert"), "_commit_version": F.lit(0).cast("bigint")}
            return self.read(table).limit(0).withColumns(added)
        reader = reader.option("startingVersion", since + 1).option("endingVersion", newest)
        try:
            frame = reader.load(str(self.path(table))) if self.settings.lake else reader.table(self.name(table))
            frame.select(F.lit(1)).head(1)  # the feed is checked when it is read, not when it is planned
        except AnalysisException:
            return None
        except Exception as error:  # a vacuumed file surfaces as a JVM error of many names
            if "FileNotFound" in str(error) or "CHANGE_DATA" in str(error) or "FILE_NOT_EXIST" in str(error):
                return None
            raise
        return frame

    def append(self, table: Table, rows: DataFrame, once: tuple[str, int] | None = None) -> None:
        """Add rows in one commit. once: who counts and the number, upwards; a number is written only once, see `put_once`."""
        options = {} if once is None else {"txnAppId": once[0], "txnVersion": str(once[1])}
        self._write(table, rows, mode="append", options=options)

    def replace(self, table: Table, rows: DataFrame, where: str, read_versions: Mapping[str, int] | None = None) -> int:
        """Replace exactly the rows that satisfy `where` by `rows` (which all must satisfy it), in one commit.

        read_versions: Delta version of every input that these rows reflect; kept with the commit, see `reflected`.
        Returns how many rows were written.
        """
        options = {"replaceWhere": where}
        if read_versions is not None:
            options["userMetadata"] = json.dumps({"reflects": dict(read_versions)}, sort_keys=True)
        return self._write(table, rows, mode="overwrite", options=options)

    def reflected(self, table: Table) -> dict[str, int] | None:
        """The input versions that the table's newest `replace` with read_versions reflects; None when there is none."""
        if not self.exists(table):
            return None
        notes = (commit.get("userMetadata") or "" for commit in self._commits(table, most=30))
        noted = next((note for note in notes if note.startswith('{"reflects"')), None)
        return dict(json.loads(noted)["reflects"]) if noted else None

    def _commits(self, table: Table, most: int) -> Iterable[Mapping[str, Any]]:
        """What Delta says of commits, newest first; on Databricks of so many."""
        if self.settings.lake is not None:
            return local_delta.commits(self.path(table))
        return [row.asDict() for row in self._delta(table).history(most).orderBy(F.desc("version")).collect()]

    def put_once(self, table: Table, rows: pa.Table, writer: str, number: int, *, instead: bool = False) -> None:
        """Append rows in one commit, or with `instead` replace the whole table; once a number, however often it is asked.

        writer: who counts the numbers, upwards: a stream and its checkpoint. Locally this needs no Spark job.
        """
        with self.lock(table):
            self._create(table)
            if self.settings.lake is not None:
                local_delta.put_once(self.path(table), rows, writer, number, "true" if instead else None)
                return
            frame, once = (
                conform(self.spark.createDataFrame(rows), table),
                {"txnAppId": writer, "txnVersion": str(number)},
            )
            self._save(table, frame, "overwrite" if instead else "append", once)

    def matching(
        self, table: Table, columns: Sequence[str], values: Mapping[str, Collection[str]], since: Mapping[str, date]
    ) -> pa.Table:
        """Those columns (null where the table lacks one) of the rows that have one of `values` each, `since` a date or later."""
        if self.settings.lake is not None and self.exists(table):
            return local_delta.matching(self.path(table), columns, values, since)
        found = self.read(table) if self.exists(table) else self.spark.createDataFrame([], declared_schema(table))
        for name, those in values.items():
            wanted = self.spark.createDataFrame([(value,) for value in those], f"`{name}` string")
            found = found.join(F.broadcast(wanted), name, "leftsemi")
        for name, day in since.items():
            found = found.where(F.col(name) >= F.lit(day))
        null = {name: F.lit(None).cast(table.column(name).type) for name in {*columns} - {*found.columns}}
        return found.withColumns(null).select(*columns).toArrow()

    def record(self, table: Table, rows: Sequence[Sequence[object]], where: str) -> None:
        """Replace the rows that satisfy `where` by a few rows, in declared column order, in one commit.

        For what the pipeline notes about itself: locally this needs no Spark job.
        """
        if self.settings.lake is None:
            self.replace(table, self.spark.createDataFrame(list(rows), declared_schema(table)), where)
            return
        with self.lock(table):
            self._create(table)
            local_delta.put_rows(self.path(table), table.column_names, rows, where)

    def evolve(self, table: Table) -> Table:
        """Add the columns that the stored table lacks; returns the declaration with those it has beyond.

        For a table whose columns depend on data: rows written before keep null in the new columns.
        """
        if not self.exists(table):
            return table
        with self.lock(table):
            self._upgrade(table)
        stored = self.read(table).schema
        beyond = [
            Column(field.name, field.dataType.simpleString(), field.metadata.get("comment", ""))
            for field in stored
            if field.name not in table.column_names
        ]
        return dataclasses.replace(table, columns=(*table.columns, *beyond))

    def merge(self, table: Table, rows: DataFrame, *, again: bool = False) -> int | None:
        """Insert rows by key, and update those whose delivery is newer than the one already there (see NEWER).

        rows: one a key. again: also update those of the very same delivery. Returns how many were written, None for all.
        """
        with self.lock(table):
            if self._create(table):
                self._save(
                    table, conform(rows, table), "append", {}
                )  # nothing to match yet: an append costs a third of a MERGE
                return None
            merging = self._merging(table, conform(rows, table)).whenMatchedUpdateAll(newer_condition(or_same=again))
            return int(merging.whenNotMatchedInsertAll().execute().collect()[0]["num_affected_rows"])

    def insert(self, table: Table, rows: DataFrame) -> None:
        """Insert the rows whose key is not there yet, in one commit; of two writers at once Delta lets one fail."""
        with self.lock(table):
            self._create(table)
        self._merging(table, conform(rows, table)).whenNotMatchedInsertAll().execute()

    def update(self, table: Table, values: Mapping[str, str], where: str) -> None:
        """Set columns to SQL expressions in the rows that satisfy `where`, in one commit."""
        with self.lock(table):
            self._delta(table).update(where, dict(values))

    def purge(self, table: Table) -> None:
        """Delete every file that the newest version does not need: earlier versions can be read no more."""
        with self.lock(table):
            if self.settings.lake is not None:
                local_delta.vacuum(self.path(table))
                return
            # There rows can be marked as deleted inside a file that stays: it is written anew first.
            self.spark.sql(f"REORG TABLE {self.name(table)} APPLY (PURGE)")
            self.spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
            self.spark.sql(f"VACUUM {self.name(table)} RETAIN 0 HOURS")

    def delete(self, table: Table, where: str) -> None:
        """Delete the rows that satisfy `where`, in one commit."""
        with self.lock(table):
            self._delta(table).delete(where)

    def _merging(self, table: Table, rows: DataFrame) -> DeltaMergeBuilder:
        same = (f"old.`{name}` = new.`{name}`" for name in table.key)
        return self._delta(table).alias("old").merge(rows.alias("new"), " AND ".join(same))

    def _delta(self, table: Table) -> DeltaTable:
        if self.settings.lake is None:
            return DeltaTable.forName(self.spark, self.name(table))
        return DeltaTable.forPath(self.spark, str(self.path(table)))

    def _write(self, table: Table, rows: DataFrame, mode: str, options: Mapping[str, str]) -> int:
        rows = conform(rows, table)
        with self.lock(table):
            if self._create(table):  # nothing to replace yet: an append need not look for it
                mode, options = "append", {name: text for name, text in options.items() if name != "replaceWhere"}
            self._save(table, rows, mode, options)
            return local_delta.rows_written(next(iter(self._commits(table, most=1))), options.get("replaceWhere"))

    def _save(self, table: Table, rows: DataFrame, mode: str, options: Mapping[str, str]) -> None:
        writer = rows.write.format("delta").mode(mode).options(**options)
        if self.settings.lake is None:
            writer.saveAsTable(self.name(table))
        else:
            writer.save(str(self.path(table)))

    def _create(self, table: Table) -> bool:
        """Create the table unless it exists, else bring it to its declaration; whether it is new."""
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

    @contextmanager
    def lock(self, table: Table) -> Iterator[None]:
        """Keep other local writers of the table out; on Databricks Delta itself lets one of two conflicting ones win."""
        if self.settings.lake is None:
            yield
            return
        with turn(self.settings.lake / self.catalog / ".locks" / f"{table.full_name}.lock"):
            yield
