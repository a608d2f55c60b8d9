"""Rows of a local catalog's tables, and which files and days the pipeline has done, without a JVM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from basketry.tables import FILES, JOB_RUNS, PROMOTIONS, Table

Row = tuple[Any, ...]


def arrow(lake: Path, catalog: str, table: Table) -> pa.Table:
    """Read all rows of a table that exists."""
    return DeltaTable(lake / catalog / table.schema / table.name).to_pyarrow_table()


def rows_of(
    lake: Path, catalog: str, tables: Table | Mapping[str, Table], query: str, values: Sequence[object] = ()
) -> list[Row]:
    """Answer a SQL query; nothing when one of its tables does not exist yet.

    Args:
        lake: The folder that holds the catalogs.
        catalog: The catalog.
        tables: The table, which the query calls `t`; or several by what it calls them.
        query: In DuckDB's SQL.
        values: Of its question marks.
    """
    named = {"t": tables} if isinstance(tables, Table) else tables
    folders = {name: str(lake / catalog / table.schema / table.name) for name, table in named.items()}
    if not all(DeltaTable.is_deltatable(folder) for folder in folders.values()):
        return []
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        for name, folder in folders.items():
            database.register(name, DeltaTable(folder).to_pyarrow_dataset())  # reads the columns and files it needs
        return database.execute(query, list(values)).fetchall()


def newest_day(lake: Path, catalog: str, table: Table) -> date | None:
    """Return the newest as-of date of a table, None when it has no row."""
    rows = rows_of(lake, catalog, table, "SELECT max(as_of) FROM t")
    return rows[0][0] if rows else None


def loaded_files(lake: Path, catalog: str) -> dict[str, dict[str, datetime]]:
    """Return the time of delivery (UTC) of the files that each feed has loaded, by checksum."""
    delivered: dict[str, dict[str, datetime]] = {}
    query = "SELECT feed, file_checksum, delivered_at FROM t WHERE status = 'loaded'"
    for feed, checksum, delivered_at in rows_of(lake, catalog, FILES, query):
        delivered.setdefault(feed, {})[checksum] = delivered_at
    return delivered


def last_day(lake: Path, catalog: str) -> date | None:
    """Return the last business day that any file of order lines touched."""
    query = "SELECT max(touched_to) FROM t WHERE status = 'loaded' AND touched_to IS NOT NULL"
    rows = rows_of(lake, catalog, FILES, query)
    return rows[0][0] if rows else None


def sales_done(lake: Path, catalog: str, as_of: date) -> bool:
    """Whether a run as of that day or a later one has read its tables as they are now (by Delta version)."""
    query = "SELECT input_versions FROM t WHERE job = 'sales' AND as_of >= ?"
    for (versions,) in rows_of(lake=lake, catalog=catalog, tables=JOB_RUNS, query=query, values=[as_of]):
        read = dict(versions or {})
        if read and all(version_of(lake, catalog, name) == version for name, version in read.items()):
            return True
    return False


def job_done(lake: Path, catalog: str, job: str, first: date, last: date) -> bool:
    """Whether a job has run as of one of the days from `first` to `last`."""
    query = "SELECT 1 FROM t WHERE job = ? AND as_of BETWEEN ? AND ? LIMIT 1"
    return bool(rows_of(lake=lake, catalog=catalog, tables=JOB_RUNS, query=query, values=[job, first, last]))


def scoring_versions(lake: Path, catalog: str) -> dict[str, str | None]:
    """Return the registered models that a gate has judged, each with the version that scores; None where all were refused."""
    query = (
        "SELECT model, champion_after FROM t QUALIFY row_number() OVER (PARTITION BY model ORDER BY number DESC) = 1"
    )
    return dict(rows_of(lake, catalog, PROMOTIONS, query))


def version_of(lake: Path, catalog: str, name: str) -> int | None:
    """Return the Delta version of `schema.table`, None when it does not exist."""
    folder = str(lake / catalog / Path(*name.split(".")))
    return int(DeltaTable(folder).version()) if DeltaTable.is_deltatable(folder) else None
