"""A workspace as one target sees it: the client, and what was read once and is asked often."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from basketry.access.unity import Securable, privileges_on
from tools.deploy.target import Target

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.workspace import ObjectInfo

EXPERIMENTS = "/basketry"
"""Where jobs keep their MLflow experiments, see basketry.learning.tracking."""


def api_path(path: str) -> str:
    """Return a workspace path as the Workspace API writes it: without /Workspace, which only file systems show."""
    return path.removeprefix("/Workspace")


class Site:
    """One workspace and one target."""

    def __init__(self, client: WorkspaceClient, target: Target) -> None:
        """Look at a target through a client that is signed in."""
        self.client = client
        self.target = target
        self._privileges: dict[Securable, dict[str, frozenset[str]]] = {}

    @property
    def folder(self) -> str:
        """The target's folder as the Workspace API writes it."""
        return api_path(self.target.folder)

    @cached_property
    def me(self) -> str:
        """Who is signed in: a person's address, or a service principal's application id."""
        return str(self.client.current_user.me().user_name)

    @cached_property
    def schemas(self) -> frozenset[str]:
        """Names of the schemas of the Unity Catalog catalog in which the target's retailer lies."""
        return frozenset(str(schema.name) for schema in self.client.schemas.list(self.target.own_names.catalog))

    def status(self, path: str) -> ObjectInfo | None:
        """Return what stands at a path as the Workspace API writes it, None for nothing."""
        from databricks.sdk.errors import NotFound

        try:
            return self.client.workspace.get_status(path)
        except NotFound:
            return None

    @cached_property
    def warehouse_id(self) -> str | None:
        """Id of the target's SQL warehouse; None when there is no warehouse of that name."""
        named = [warehouse for warehouse in self.client.warehouses.list() if warehouse.name == self.target.warehouse]
        return str(named[0].id) if named else None

    def privileges(self, securable: Securable) -> dict[str, frozenset[str]]:
        """Return who holds what on a securable of Unity Catalog; nobody anything on one that does not exist."""
        from databricks.sdk.errors import NotFound

        if securable not in self._privileges:
            try:
                self._privileges[securable] = privileges_on(self.client, securable)
            except NotFound:
                self._privileges[securable] = {}
        return self._privileges[securable]

    def forget(self) -> None:
        """Read anew what is asked for next: something was changed."""
        for name in ("schemas", "warehouse_id"):
            self.__dict__.pop(name, None)
        self._privileges.clear()
