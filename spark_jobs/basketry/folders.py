"""Local Delta folders without Spark: creating a table or writing a few rows takes milliseconds here, seconds in a JVM.

Nothing here locks: `basketry.lakehouse` does, for these writers and for Spark's alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, Schema, write_deltalake

from basketry.tables import Table

_WITHOUT_STATISTICS = ("array", "map", "struct", "boolean")


def exists(folder: Path) -> bool:
    """Whether a Delta table has been created in the folder."""
    return any(folder.glob("_delta_log/*.json"))


def create(folder: Path, table: Table, schema_json: str) -> None:
    """Create the empty table. schema_json: its columns as Spark and Delta write them."""
    DeltaTable.create(
        folder,
        Schema.from_json(schema_json),
        partition_by=list(table.partitioned_by),
        description=table.meaning,
        configuration=dict(properties(table)),
    )


def properties(table: Table) -> Mapping[str, str]:
    """The Delta properties of a new table."""
    found = {"delta.enableChangeDataFeed": "true"} if table.tracks_changes else {}
    if table.pii_columns:
        # Else the log would keep the least and the greatest name and address long after their files are gone.
        plain = (one.name for one in table.columns if not one.pii and not one.type.startswith(_WITHOUT_STATISTICS))
        found["delta.dataSkippingStatsColumns"] = ",".join(plain)
    return found


def vacuum(folder: Path) -> None:
    """Delete every file of the table that its newest version does not need. Keep writers out meanwhile."""
    DeltaTable(folder).vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True)


def version(folder: Path) -> int:
    """The newest version of the table."""
    return max(int(path.stem) for path in _commits(folder))


def written_at(folder: Path, version: int) -> datetime:
    """When a version was committed (UTC)."""
    commit = folder / "_delta_log" / f"{version:020d}.json"
    for line in commit.read_text(encoding="utf-8").splitlines():
        milliseconds = json.loads(line).get("commitInfo", {}).get("timestamp")
        if milliseconds is not None:
            return datetime.fromtimestamp(milliseconds / 1000, UTC)
    return datetime.fromtimestamp(commit.stat().st_mtime, UTC)


def user_metadata(folder: Path) -> Iterator[str]:
    """What writers noted beside their commits, newest first, as far back as the log goes."""
    for path in sorted(_commits(folder), reverse=True):
        for line in path.read_text(encoding="utf-8").splitlines():
            note = json.loads(line).get("commitInfo", {}).get("userMetadata")
            if note:
                yield str(note)


def put_rows(folder: Path, rows: Sequence[Sequence[object]], where: str) -> None:
    """Replace exactly the rows that satisfy `where` by these, in the table's column order, in one commit."""
    table = DeltaTable(folder)
    schema = pa.schema(table.schema().to_arrow())
    columns = [pa.array(values, field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)]
    write_deltalake(table, pa.Table.from_arrays(columns, schema=schema), mode="overwrite", predicate=where)


def _commits(folder: Path) -> list[Path]:
    return [path for path in folder.glob("_delta_log/*.json") if path.stem.isdigit()]
