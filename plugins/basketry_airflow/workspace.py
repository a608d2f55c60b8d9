"""The one client of the Databricks workspace, built from Airflow's connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Connection

from basketry.errors import BadInputError
from basketry_airflow.spark_job import DATABRICKS_CONNECTION

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient


LOGIN_VARIABLES = {
    "host": "DATABRICKS_HOST",
    "token": "DATABRICKS_TOKEN",
    "client_id": "DATABRICKS_CLIENT_ID",
    "client_secret": "DATABRICKS_CLIENT_SECRET",
    "azure_tenant_id": "ARM_TENANT_ID",
    "azure_client_id": "ARM_CLIENT_ID",
    "azure_client_secret": "ARM_CLIENT_SECRET",
    "azure_workspace_resource_id": "DATABRICKS_AZURE_RESOURCE_ID",
}
"""The variable in which the SDK, and MLflow by it, reads a setting of a login."""

_OF_THE_PROVIDER_ALONE = (
    "use_azure_managed_identity",
    "use_default_azure_credential",
    "federated_token_provider",
    "federated_k8s",
    "federated_aws",
)
"""Ways to log in that Airflow's provider has, and the SDK has not."""


def workspace(retry_seconds: int = 300) -> WorkspaceClient:
    """Return a client that logs in as the connection says, see `login_settings`.

    Args:
        retry_seconds: Seconds for which a request that is throttled or gets no answer is sent again.
    """
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.config import Config

    login: dict[str, Any] = dict(login_settings(Connection.get(DATABRICKS_CONNECTION)))
    if "token" in login:
        login["auth_type"] = "pat"
    return WorkspaceClient(config=Config(retry_timeout_seconds=retry_seconds, **login))


def login_settings(connection: Connection) -> dict[str, str]:
    """Return the login of the connection as the SDK's settings, chosen in the order in which the provider chooses.

    A token, a service principal of Databricks, or one of Microsoft Entra ID (`azure_tenant_id`).

    Raises:
        BadInputError: There is none, or it is one that the provider alone knows.
    """
    extra, host = connection.extra_dejson, {"host": host_address(connection)}
    token = extra.get("token") or ("" if connection.login else connection.password)
    if token:
        return {**host, "token": str(token)}
    if extra.get("azure_tenant_id"):
        login = {
            "azure_tenant_id": extra["azure_tenant_id"],
            "azure_client_id": connection.login,
            "azure_client_secret": connection.password,
            "azure_workspace_resource_id": extra.get("azure_resource_id"),
        }
        return {**host, **{name: str(value) for name, value in login.items() if value}}
    if extra.get("service_principal_oauth"):
        return {**host, "client_id": str(connection.login), "client_secret": str(connection.password)}
    for kind in _OF_THE_PROVIDER_ALONE:
        if extra.get(kind) or connection.login == kind:
            raise BadInputError(
                f"the connection {DATABRICKS_CONNECTION} logs in by {kind}, which runs of jobs can and console, gates and"
                " shared clusters cannot: give it a service principal (service_principal_oauth or azure_tenant_id) or a token."
            )
    if not connection.password:
        raise BadInputError(f"the connection {DATABRICKS_CONNECTION} has no token: put one into its password.")
    return {**host, "token": str(connection.password)}


def host_address(connection: Connection) -> str:
    """Return the workspace's URL, read as the Databricks provider reads the same connection."""
    host = str(connection.host or connection.extra_dejson.get("host") or "").removeprefix("https://").rstrip("/")
    if not host:
        raise BadInputError(f"the connection {DATABRICKS_CONNECTION} names no host: put the workspace's there.")
    port = f":{connection.port}" if connection.port else ""
    return f"{connection.schema or 'https'}://{host}{port}"
