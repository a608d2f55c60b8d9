"""A few rows of the ops tables, read and written from a task: no JVM, and no cluster."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from basketry.config.settings import Settings
from basketry.tables import Table

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from basketry.warehouse.rows import RowStore

Row = dict[str, Any]


def row_store(catalog: str) -> RowStore:
    """Open the tables of a catalog; on Databricks through the SQL warehouse, with the login of Airflow's connection."""
    from basketry.warehouse import open_rows  # DAG files are read again and again: they must not load it

    return open_rows(catalog, Settings.from_environment(), _client, os.environ.get("BASKETRY_WAREHOUSE_ID"))


def _client() -> WorkspaceClient:
    from basketry_airflow.workspace import workspace

    return workspace()


def read_rows(catalog: str, table: Table, columns: Sequence[str], where: Mapping[str, str]) -> list[Row]:
    """Return the rows of a declared table whose columns have the texts of `where`; none when the table does not exist yet."""
    return row_store(catalog).read(table, columns, where)
