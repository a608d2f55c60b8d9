"""The one reader of results for people: a query in, rows out, never a JVM.

::

    warehouse = open_warehouse("demo", Settings.from_environment())
    rows = warehouse.query(
        "SELECT product, net_revenue FROM gold.sales_week WHERE period_start = :week",
        {"week": date(2026, 11, 9)},
        team="sales",
    )
    rows.columns, rows.rows, rows.read  # names, tuples, which version of which table, written when

A query is Databricks SQL over `schema.table`, the same here and on Databricks. What may be asked is decided by
`basketry.access.guard`: one SELECT, the team's tables, without the columns it may not see. Locally DuckDB answers over
the Delta folders, on Databricks a SQL warehouse; both stop after a time and a number of rows. What notes a single row, such
as a verdict, reads and writes through `basketry.warehouse.rows`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from basketry.config.settings import Settings
from basketry.warehouse.model import (
    NotYetError,
    Rows,
    SlowQueryError,
    TableState,
    UnavailableError,
    Warehouse,
    WarehouseError,
)
from basketry.warehouse.rows import RowStore

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

__all__ = [
    "NotYetError",
    "Rows",
    "SlowQueryError",
    "TableState",
    "UnavailableError",
    "Warehouse",
    "WarehouseError",
    "open_rows",
    "open_warehouse",
]


def open_warehouse(
    catalog: str,
    settings: Settings,
    client: Callable[[], WorkspaceClient] | None = None,
    warehouse_id: str | None = None,
) -> Warehouse:
    """Open the warehouse of a catalog. Keep it: it remembers what it read, and may be used by many threads.

    Args:
        catalog: The catalog.
        settings: Where the include folder and a local lake are, and where the catalog lies in Unity Catalog.
        client: Makes the workspace's client when the first query comes; needed on Databricks only.
        warehouse_id: The id of the SQL warehouse; needed on Databricks only.
    """
    from basketry.access.loader import load_grants  # not for those who only note a row

    grants = load_grants(catalog, settings.include)
    if settings.runtime == "local":
        from basketry.warehouse.local import LocalWarehouse

        return LocalWarehouse(grants, settings.lake)
    from basketry.warehouse.remote import DatabricksWarehouse

    return DatabricksWarehouse(grants, settings.names(catalog), client, warehouse_id)


def open_rows(
    catalog: str,
    settings: Settings,
    client: Callable[[], WorkspaceClient] | None = None,
    warehouse_id: str | None = None,
) -> RowStore:
    """Open the tables of a catalog for a few rows, where BASKETRY_RUNTIME says that they are.

    Args:
        catalog: The catalog.
        settings: Where a local lake is, and where the catalog lies in Unity Catalog.
        client: Makes the workspace's client; needed on Databricks only, and only where the SDK's own settings do not do.
        warehouse_id: The id of the SQL warehouse; needed on Databricks only.
    """
    if settings.runtime == "local":
        from basketry.warehouse.local_rows import LocalRowStore

        return LocalRowStore(catalog, settings.lake)
    from basketry.warehouse.remote_rows import RemoteRowStore

    return RemoteRowStore(catalog, settings.names(catalog), client, warehouse_id)
