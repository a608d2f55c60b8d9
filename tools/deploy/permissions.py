"""Who may do what with what the bundle does not hold: Unity Catalog, warehouse, experiments, secrets.

Teams' reading of tables is basketry.access' part; permissions of dashboards, Genie space, job and code are the bundle's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from basketry.access import Grants
from basketry.access.unity import GrantChange, Privileges, Securable, apply_change
from basketry.config.unity_names import VOLUMES, UnityNames
from basketry.tables import SCHEMAS
from tools.deploy.containers import Container, Experiment, experiment_id
from tools.deploy.workspace import Site

LEVELS = ("CAN_READ", "CAN_VIEW", "CAN_USE", "CAN_RUN", "CAN_MANAGE_RUN", "CAN_EDIT", "CAN_MANAGE", "IS_OWNER")
"""From the least to the most; a greater one holds the lesser ones."""

WRITING = frozenset({"CAN_EDIT", "CAN_MANAGE", "IS_OWNER"})
"""Those that let somebody change what lies in a folder."""


class Permission(ABC):
    """One principal may do one thing."""

    @abstractmethod
    def missing(self, site: Site) -> bool:
        """Whether it has to be given."""

    @abstractmethod
    def give(self, site: Site) -> None:
        """Give it beside what others have."""


@dataclass(frozen=True)
class UnityPermission(Permission):
    """A privilege on a securable of Unity Catalog."""

    change: GrantChange

    def __str__(self) -> str:
        """Return the statement that it is."""
        return str(self.change)

    def missing(self, site: Site) -> bool:
        """Whether nobody granted it on this very securable."""
        there = site.privileges(self.change.securable)
        return self.change.privilege not in there.get(self.change.principal, frozenset())

    def give(self, site: Site) -> None:
        """GRANT."""
        apply_change(site.client, self.change)


@dataclass(frozen=True, kw_only=True)
class ObjectPermission(Permission):
    """A permission on an object of the workspace.

    Attributes:
        object_type: What the Permissions API calls the kind of object.
        object_id: Empty while the object does not exist yet.
        what: What people call the object.
        group: The group that gets the permission.
        level: One of LEVELS.
    """

    object_type: str
    object_id: str
    what: str
    group: str
    level: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.level} on {self.what} to `{self.group}`"

    def missing(self, site: Site) -> bool:
        """Whether the group has neither this level nor a greater one."""
        if not self.object_id:
            return True
        enough = LEVELS[LEVELS.index(self.level) :]
        entries = site.client.permissions.get(self.object_type, self.object_id).access_control_list or []
        levels = {
            permission.permission_level.value
            for entry in entries
            if entry.group_name == self.group
            for permission in entry.all_permissions or []
            if permission.permission_level
        }
        return not levels & set(enough)

    def give(self, site: Site) -> None:
        """Add the permission."""
        from databricks.sdk.service.iam import AccessControlRequest, PermissionLevel

        request = AccessControlRequest(group_name=self.group, permission_level=PermissionLevel(self.level))
        site.client.permissions.update(self.object_type, self.object_id, access_control_list=[request])


@dataclass(frozen=True)
class SecretPermission(Permission):
    """Reading the secrets of a scope."""

    scope: str
    principal: str

    def __str__(self) -> str:
        """For people."""
        return f"READ on secret scope {self.scope} to `{self.principal}`"

    def missing(self, site: Site) -> bool:
        """Whether the principal has no entry at all: one with more rights than READ is left alone."""
        from databricks.sdk.errors import NotFound

        try:
            return self.principal not in {
                permission.principal for permission in site.client.secrets.list_acls(self.scope)
            }
        except NotFound:
            return True

    def give(self, site: Site) -> None:
        """READ."""
        from databricks.sdk.service.workspace import AclPermission

        site.client.secrets.put_acl(self.scope, self.principal, AclPermission.READ)


def desired_permissions(site: Site, grants: Grants, wanted: Sequence[Container]) -> Iterator[Permission]:
    """Every right there should be, teams' reading of tables aside; of what is there by now."""
    for securable, principals in jobs_privileges(grants, site.target.own_names).items():
        for principal, privileges in principals.items():
            for privilege in sorted(privileges):
                yield UnityPermission(
                    GrantChange(securable=securable, principal=principal, privilege=privilege, grant=True)
                )
    yield SecretPermission(site.target.secret_scope, grants.pipeline)
    for group in (grants.pipeline, *(team.principal for team in grants.teams.values() if team.reads)):
        yield ObjectPermission(
            object_type="warehouses",
            object_id=site.warehouse_id or "",
            what=f"warehouse {site.target.warehouse}",
            group=group,
            level="CAN_USE",
        )
    for container in wanted:
        if container.kind == Experiment.kind:
            yield ObjectPermission(
                object_type="experiments",
                object_id=experiment_id(site, container.name),
                what=str(container),
                group=grants.pipeline,
                level="CAN_EDIT",
            )


def jobs_privileges(grants: Grants, names: UnityNames) -> Privileges:
    """Return the privileges that the principal of the jobs needs in Unity Catalog; it owns the models that it makes."""
    held: dict[Securable, set[str]] = {("CATALOG", names.catalog): {"USE_CATALOG"}}
    for layer, schema in names.schemas().items():
        privileges = {"USE_SCHEMA"}
        if layer in SCHEMAS:
            privileges |= {"SELECT", "MODIFY", "CREATE_TABLE", "EXECUTE"}
        privileges |= {"gold": {"CREATE_MODEL"}, "ops": {"CREATE_FUNCTION"}}.get(layer, set())
        if layer != "landing" or not names.landing:
            held.setdefault(("SCHEMA", f"{names.catalog}.{schema}"), set()).update(privileges)
    for kind in VOLUMES:
        catalog, schema, volume = names.volume_folder(kind).split("/")[2:5]
        held[("VOLUME", f"{catalog}.{schema}.{volume}")] = {"READ_VOLUME", "WRITE_VOLUME"}
        held.setdefault(("SCHEMA", f"{catalog}.{schema}"), set()).add("USE_SCHEMA")
        held.setdefault(("CATALOG", catalog), set()).add("USE_CATALOG")
    return {securable: {grants.pipeline: frozenset(privileges)} for securable, privileges in held.items()}
