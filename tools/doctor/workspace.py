"""Databricks, where jobs run there: the login and the warehouse. What a target needs is `make deploy-check`'s."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from tools.deploy.finding import Finding

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient


def connect() -> WorkspaceClient:
    """Log in by Databricks' unified authentication."""
    from databricks.sdk import WorkspaceClient

    return WorkspaceClient()


def look(env: Mapping[str, str], client_of: Callable[[], WorkspaceClient]) -> Iterator[Finding]:
    """Check who we are there, and whether the warehouse answers questions."""
    try:
        client = client_of()
        yield Finding(f"login at Databricks as {client.current_user.me().user_name}")
    except Exception as error:  # whatever the SDK raises before it knows who we are
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        yield Finding("login at Databricks", reason.rstrip("."), "databricks auth login --host https://<workspace>")
        return
    yield _warehouse(client, env.get("BASKETRY_WAREHOUSE_ID", ""))
    yield _connection(env.get("AIRFLOW_CONN_DATABRICKS_DEFAULT", ""))


def _connection(connection: str) -> Finding:
    """Check the jobs' login from Airflow, where the environment holds it; its text is never shown, it may hold a token."""
    what = "Airflow connection databricks_default"
    if not connection:
        return Finding(f"{what} (not in the environment: Airflow's secrets backend has to know it)")
    try:
        host = str(json.loads(connection)["host"])
    except (ValueError, KeyError, TypeError):
        host = ""
    fix = """export AIRFLOW_CONN_DATABRICKS_DEFAULT='{"conn_type": "databricks", "host": "https://<workspace>", …}'"""
    return Finding(what, "" if host else "it is not a JSON object with a host", fix)


def _warehouse(client: WorkspaceClient, warehouse: str) -> Finding:
    from databricks.sdk.errors import DatabricksError

    fix = "export BASKETRY_WAREHOUSE_ID=<id>: databricks warehouses list names them"
    if not warehouse:
        return Finding("SQL warehouse", "BASKETRY_WAREHOUSE_ID is not set, so no question is answered", fix)
    try:
        client.warehouses.get(warehouse)
    except DatabricksError as error:
        return Finding(f"SQL warehouse {warehouse}", str(error).splitlines()[0].rstrip("."), fix)
    return Finding(f"SQL warehouse {warehouse}")
