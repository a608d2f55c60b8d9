"""Local Delta folders without Spark: creating a table or writing a few rows takes milliseconds here, seconds in a JVM.

Nothing here locks: who writes does, by `locks.table_lock`, and so do Spark's writers.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import reduce
from operator import and_
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction, write_deltalake

from basketry.tables import Column, Table
from basketry.tables.ddl import delta_properties
from basketry.tables.delta_schema import delta_schema
from basketry.tables.evolution import spark_type


def exists(folder: Path) -> bool:
    """Return whether a Delta table has been created in the folder."""
    return any(folder.glob("_delta_log/*.json"))


def create(folder: Path, table: Table) -> None:
    """Create the empty table as it is declared."""
    DeltaTable.create(
        folder,
        Schema.from_json(delta_schema(table.columns)),
        partition_by=list(table.partitioned_by),
        description=table.meaning,
        configuration=dict(delta_properties(table)),
    )
    _write_first_checksum(folder / "_delta_log")


def _write_first_checksum(log: Path) -> None:
    """Write what Delta's protocol calls a version checksum file, which delta-rs leaves out, for the empty table.

    From it Spark goes on counting; without it the first commit reads the log by a Spark job of its own, three times the work.
    """
    commit = (log / f"{0:020d}.json").read_text(encoding="utf-8")
    actions = {kind: action for line in commit.splitlines() for kind, action in json.loads(line).items()}
    checksum = {
        **{"tableSizeBytes": 0, "numFiles": 0, "allFiles": [], "setTransactions": [], "domainMetadata": []},
        **{"numMetadata": 1, "metadata": actions["metaData"], "numProtocol": 1, "protocol": actions["protocol"]},
    }
    unfinished = log / ".first-checksum"
    unfinished.write_text(json.dumps(checksum), encoding="utf-8")
    unfinished.rename(log / f"{0:020d}.crc")


def columns(folder: Path) -> dict[str, str]:
    """Return the newest version's columns with their types as Spark writes them."""
    fields = json.loads(DeltaTable(folder).schema().to_json())["fields"]
    return {field["name"]: spark_type(field["type"]) for field in fields}


def required_columns(folder: Path) -> frozenset[str]:
    """Return the newest version's columns that are declared NOT NULL."""
    fields = json.loads(DeltaTable(folder).schema().to_json())["fields"]
    return frozenset(field["name"] for field in fields if not field["nullable"])


def add_columns(folder: Path, columns: Iterable[Column]) -> None:
    """Add these columns behind those that are there; rows written before have none."""
    DeltaTable(folder).alter.add_columns(list(Schema.from_json(delta_schema(columns)).fields))


def properties(folder: Path) -> dict[str, str]:
    """Return the table's properties."""
    return dict(DeltaTable(folder).metadata().configuration)


def set_properties(folder: Path, values: Mapping[str, str]) -> None:
    """Set properties of the table; others stay as they are."""
    DeltaTable(folder).alter.set_table_properties(dict(values))


def open_dataset(folder: Path, version: int, declared: Sequence[Column]) -> Any:
    """Open a version with the declared columns; one that an earlier release did not know has no value in any row."""
    stored = DeltaTable(folder, version=version).to_pyarrow_dataset()
    missing = [column for column in declared if column.name not in stored.schema.names]
    if not missing:
        return stored
    added = pa.schema(Schema.from_json(delta_schema(missing)).to_arrow())
    return stored.replace_schema(pa.schema([*stored.schema, *added]))


def vacuum(folder: Path, retention_hours: int = 0, *, dry_run: bool = False) -> int:
    """Delete files of the table that no version of the last hours needs; returns how many. Keep writers out meanwhile."""
    deleted = DeltaTable(folder).vacuum(retention_hours, dry_run=dry_run, enforce_retention_duration=False, full=True)
    return len(deleted)


def data_files(folder: Path) -> list[tuple[int, str]]:
    """Return size in bytes and partition of every file of the newest version."""
    table = DeltaTable(folder)
    actions = pa.table(table.get_add_actions(flatten=False)).to_pylist()
    return [
        (int(action["size_bytes"]), str(action.get("partition") or action.get("partition_values") or ""))
        for action in actions
    ]


def compact(folder: Path, clustered_by: Sequence[str] = ()) -> None:
    """Merge small files within partitions, ordering rows by Z-order of columns where there are any; no row changes."""
    optimizer = DeltaTable(folder).optimize
    if clustered_by:
        optimizer.z_order(list(clustered_by))
    else:
        optimizer.compact()


def version(folder: Path) -> int:
    """Return the newest version of the table."""
    return max(int(path.stem) for path in _commits(folder))


def written_at(folder: Path, version: int) -> datetime:
    """Return when a version was committed (UTC)."""
    commit = folder / "_delta_log" / f"{version:020d}.json"
    for line in commit.read_text(encoding="utf-8").splitlines():
        milliseconds = json.loads(line).get("commitInfo", {}).get("timestamp")
        if milliseconds is not None:
            return datetime.fromtimestamp(milliseconds / 1000, UTC)
    return datetime.fromtimestamp(commit.stat().st_mtime, UTC)


def commits(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what Delta says of each commit (operation, operationMetrics, userMetadata …), newest first, as far as the log goes."""
    for path in sorted(_commits(folder), reverse=True):
        for line in path.read_text(encoding="utf-8").splitlines():
            if info := json.loads(line).get("commitInfo"):
                yield dict(info)


def replace_rows(folder: Path, names: Sequence[str], rows: Sequence[Sequence[object]], where: str) -> None:
    """Replace exactly the rows that satisfy `where` by these, in the order of the names, in one commit.

    A stored column that is not among the names stays empty.
    """
    table = DeltaTable(folder)
    schema = pa.schema(table.schema().to_arrow())
    values_by_name = dict(zip(names, zip(*rows, strict=True), strict=True))
    arrays = [pa.array(values_by_name.get(field.name, [None] * len(rows)), field.type) for field in schema]
    write_deltalake(table, pa.Table.from_arrays(arrays, schema=schema), mode="overwrite", predicate=where)


def append_once(folder: Path, rows: pa.Table, writer: str, number: int, where: str | None = None) -> bool:
    """Append rows, or replace those that satisfy `where`, in one commit; unless the writer's number was committed before.

    Returns:
        Whether it was done now.
    """
    table = DeltaTable(folder)
    committed = table.transaction_version(writer)
    if committed is not None and committed >= number:
        return False
    schema = pa.schema(table.schema().to_arrow())
    commit_properties = CommitProperties(app_transactions=[Transaction(writer, number)])
    write_deltalake(
        table,
        rows.select(schema.names).cast(schema),
        mode="append" if where is None else "overwrite",
        predicate=where,
        commit_properties=commit_properties,
    )
    return True


def read_filtered(
    folder: Path, columns: Sequence[str], values: Mapping[str, Collection[str]], since: Mapping[str, date]
) -> pa.Table:
    """Read columns of the rows that have the wanted values.

    Args:
        folder: The table's folder.
        columns: What to read; a column that the table does not have is missing in every row.
        values: By column, the values of which a row must have one.
        since: By column, the date that a row must have, or a later one.
    """
    import pyarrow.dataset as ds  # it loads pandas, which takes longer than all else that a small write does

    conditions = [ds.field(name).isin(pa.array(sorted(members), pa.string())) for name, members in values.items()]
    conditions += [ds.field(name) >= day for name, day in since.items()]
    stored = DeltaTable(folder).to_pyarrow_dataset()
    selected = {name: ds.field(name) if name in stored.schema.names else ds.scalar(None) for name in columns}
    return stored.to_table(columns=selected, filter=reduce(and_, conditions) if conditions else None)


def _commits(folder: Path) -> list[Path]:
    return [path for path in folder.glob("_delta_log/*.json") if path.stem.isdigit()]
