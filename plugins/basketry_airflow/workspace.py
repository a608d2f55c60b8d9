"""The one client of the Databricks workspace, built from Airflow's connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import Connection

from basketry.errors import BadInputError
from basketry_airflow.spark_job import DATABRICKS_CONNECTION

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient


def workspace(retry_seconds: int = 300) -> WorkspaceClient:
    """Return a client that logs in as the connection says: a token, or a service principal (login and password).

    Args:
        retry_seconds: Seconds for which a request that is throttled or gets no answer is sent again.
    """
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.config import Config

    connection = Connection.get(DATABRICKS_CONNECTION)
    extra = connection.extra_dejson
    address = host_address(connection)
    if extra.get("service_principal_oauth"):
        login = {"client_id": connection.login, "client_secret": connection.password}
        return WorkspaceClient(config=Config(host=address, retry_timeout_seconds=retry_seconds, **login))
    token = extra.get("token") or connection.password
    if not token:
        raise BadInputError(f"the connection {DATABRICKS_CONNECTION} has no token: put one into its password.")
    return WorkspaceClient(
        config=Config(host=address, token=token, auth_type="pat", retry_timeout_seconds=retry_seconds)
    )


def host_address(connection: Connection) -> str:
    """Return the workspace's URL, read as the Databricks provider reads the same connection."""
    host = str(connection.host or connection.extra_dejson.get("host") or "").removeprefix("https://").rstrip("/")
    if not host:
        raise BadInputError(f"the connection {DATABRICKS_CONNECTION} names no host: put the workspace's there.")
    port = f":{connection.port}" if connection.port else ""
    return f"{connection.schema or 'https'}://{host}{port}"
