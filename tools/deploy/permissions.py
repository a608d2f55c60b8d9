"""Who may do what with the deployed things: the jobs' principal, the teams. Teams' reading of tables is basketry.access' part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from basketry.access import Grants
from basketry.access.unity import GrantChange, Privileges, apply_change
from basketry.tables import SCHEMAS
from tools.deploy.containers import Experiment, Folder, Model, Volume
from tools.deploy.deployed_resource import Resource
from tools.deploy.desired_resources import VOLUMES
from tools.deploy.documents import Dashboard, GenieSpace
from tools.deploy.workspace import Site

OBJECT_TYPES = {
    Folder.kind: "directories",
    Experiment.kind: "experiments",
    Dashboard.kind: "dashboards",
    GenieSpace.kind: "genie",
}
"""What the Permissions API calls our kinds."""

LEVELS = ("CAN_READ", "CAN_VIEW", "CAN_USE", "CAN_RUN", "CAN_MANAGE_RUN", "CAN_EDIT", "CAN_MANAGE", "IS_OWNER")
"""From the least to the most; a greater one holds the lesser ones."""


class Permission(ABC):
    """One principal may do one thing."""

    @abstractmethod
    def missing(self, site: Site) -> bool:
        """Whether it has to be given."""

    @abstractmethod
    def give(self, site: Site) -> None:
        """Give it."""

    @abstractmethod
    def take(self, site: Site) -> None:
        """Take it away again; what it was on may be gone meanwhile."""

    @abstractmethod
    def note(self) -> list[str]:
        """Return what the manifest keeps, for `read_permission`."""


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

    def take(self, site: Site) -> None:
        """REVOKE."""
        change = self.change
        apply_change(
            site.client,
            GrantChange(
                securable=change.securable, principal=change.principal, privilege=change.privilege, grant=False
            ),
        )

    def note(self) -> list[str]:
        """Return kind, name, principal and privilege."""
        return ["unity", *self.change.securable, self.change.principal, self.change.privilege]


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
        """Add the permission beside what others have."""
        from databricks.sdk.service.iam import AccessControlRequest, PermissionLevel

        request = AccessControlRequest(group_name=self.group, permission_level=PermissionLevel(self.level))
        site.client.permissions.update(self.object_type, self.object_id, access_control_list=[request])

    def take(self, site: Site) -> None:
        """Set only what others have directly: the API knows no other way to remove one."""
        from databricks.sdk.service.iam import AccessControlRequest

        entries = site.client.permissions.get(self.object_type, self.object_id).access_control_list or []
        remaining = [
            AccessControlRequest(
                group_name=entry.group_name,
                user_name=entry.user_name,
                service_principal_name=entry.service_principal_name,
                permission_level=permission.permission_level,
            )
            for entry in entries
            for permission in entry.all_permissions or []
            if not permission.inherited
            and not (
                entry.group_name == self.group
                and permission.permission_level
                and permission.permission_level.value == self.level
            )
        ]
        site.client.permissions.set(self.object_type, self.object_id, access_control_list=remaining)

    def note(self) -> list[str]:
        """Return every field."""
        return ["access", self.object_type, self.object_id, self.what, self.group, self.level]


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

    def take(self, site: Site) -> None:
        """Remove the entry."""
        site.client.secrets.delete_acl(self.scope, self.principal)

    def note(self) -> list[str]:
        """Return scope and principal."""
        return ["secret", self.scope, self.principal]


def read_permission(note: Sequence[str]) -> Permission:
    """Return the right that `note` describes."""
    kind, *parts = note
    if kind == "unity":
        securable, name, principal, privilege = parts
        return UnityPermission(
            GrantChange(securable=(securable, name), principal=principal, privilege=privilege, grant=True)
        )
    if kind == "access":
        object_type, object_id, what, group, level = parts
        return ObjectPermission(object_type=object_type, object_id=object_id, what=what, group=group, level=level)
    return SecretPermission(*parts)


def desired_permissions(site: Site, grants: Grants, wanted: Sequence[Resource]) -> Iterator[Permission]:
    """Every right there should be, teams' reading of tables aside."""
    yield from _of_the_jobs(grants, wanted)
    yield SecretPermission(site.target.secret_scope, grants.pipeline)
    readers = [grants.pipeline, *(team.principal for team in grants.teams.values())]
    for group in readers:
        yield ObjectPermission(
            object_type="warehouses",
            object_id=site.warehouse_id or "",
            what=f"warehouse {site.target.warehouse}",
            group=group,
            level="CAN_USE",
        )
    for resource in wanted:
        if resource.kind in OBJECT_TYPES:
            existing = resource.find(site)
            yield from _access(resource, existing.id if existing else "", grants.pipeline, readers[1:])


def _access(resource: Resource, object_id: str, jobs: str, teams: Sequence[str]) -> Iterator[Permission]:
    kind = OBJECT_TYPES[resource.kind]
    if kind == "directories":
        yield ObjectPermission(object_type=kind, object_id=object_id, what=resource.label, group=jobs, level="CAN_READ")
    elif kind == "experiments":
        yield ObjectPermission(object_type=kind, object_id=object_id, what=resource.label, group=jobs, level="CAN_EDIT")
    else:
        # What a reader sees in them is what the tables' grants let them see.
        level = "CAN_RUN" if kind == "genie" else "CAN_READ"
        yield from (
            ObjectPermission(object_type=kind, object_id=object_id, what=resource.label, group=team, level=level)
            for team in teams
        )


def _of_the_jobs(grants: Grants, wanted: Sequence[Resource]) -> Iterator[Permission]:
    for securable, principals in jobs_privileges(grants, wanted).items():
        for principal, privileges in principals.items():
            for privilege in sorted(privileges):
                yield UnityPermission(
                    GrantChange(securable=securable, principal=principal, privilege=privilege, grant=True)
                )


def jobs_privileges(grants: Grants, wanted: Sequence[Resource]) -> Privileges:
    """Return the privileges that the principal of the jobs needs in Unity Catalog."""
    catalog, jobs = grants.catalog, grants.pipeline
    tables = frozenset({"USE_SCHEMA", "SELECT", "MODIFY", "CREATE_TABLE", "EXECUTE"})
    privileges: Privileges = {("CATALOG", catalog): {jobs: frozenset({"USE_CATALOG"})}}
    for schema in SCHEMAS:
        more = {"gold": {"CREATE_MODEL"}, "ops": {"CREATE_FUNCTION"}}.get(schema, set())
        privileges[("SCHEMA", f"{catalog}.{schema}")] = {jobs: tables | more}
    for schema in VOLUMES:
        privileges[("SCHEMA", f"{catalog}.{schema}")] = {jobs: frozenset({"USE_SCHEMA"})}
    for resource in wanted:
        if resource.kind == Volume.kind:
            privileges[("VOLUME", resource.name)] = {jobs: frozenset({"READ_VOLUME", "WRITE_VOLUME"})}
        if resource.kind == Model.kind:  # Unity Catalog keeps models among functions; aliases want MANAGE
            privileges[("FUNCTION", resource.name)] = {jobs: frozenset({"EXECUTE", "MANAGE"})}
    return privileges
