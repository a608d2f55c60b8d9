"""The grants file enforced in Unity Catalog: what is there, what should be, and the steps between.

SELECT on tables, USE on their catalog and schemas, and a column mask where a team may read a table but not what it says
about persons. Whatever a principal holds beyond that was added by hand: it is reported, and revoked only on request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from basketry.access.model import MASKED, Grants
from basketry.tables import SCHEMAS, Table

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

Securable = tuple[str, str]
"""Kind (CATALOG, SCHEMA, TABLE) and full name."""

Privileges = dict[Securable, dict[str, frozenset[str]]]
"""Privileges by securable and principal."""

MASK = "mask_personal"
"""The function in schema ops that hides a value from all but who may see it."""


@dataclass(frozen=True, kw_only=True)
class GrantChange:
    """One principal gets or loses a privilege on one securable.

    Attributes:
        securable: The catalog, schema or table.
        principal: The group or user.
        privilege: The privilege, as Unity Catalog calls it.
        grant: Whether it is granted, else revoked.
        by_hand: Whether nobody asked for it in the file.
    """

    securable: Securable
    principal: str
    privilege: str
    grant: bool
    by_hand: bool = False

    def __str__(self) -> str:
        """Return the statement that it is."""
        verb, to = ("GRANT", "TO") if self.grant else ("REVOKE", "FROM")
        kind, name = self.securable
        return f"{verb} {self.privilege.replace('_', ' ')} ON {kind} {name} {to} `{self.principal}`"


@dataclass(frozen=True)
class GrantPlan:
    """What would change.

    Attributes:
        changes: Privileges to grant and to revoke.
        statements: SQL of the masks, in order.
    """

    changes: tuple[GrantChange, ...]
    statements: tuple[str, ...]

    @property
    def drift(self) -> tuple[GrantChange, ...]:
        """What somebody granted by hand."""
        return tuple(change for change in self.changes if change.by_hand)

    def lines(self) -> tuple[str, ...]:
        """Return the plan as people read it."""
        changes = [f"added by hand: {change}" if change.by_hand else str(change) for change in self.changes]
        return (*changes, *self.statements) or ("grants are as the file says",)


def plan_grants(client: WorkspaceClient, grants: Grants) -> GrantPlan:
    """Compare the file with Unity Catalog. Writes nothing."""
    stored = _stored_tables(client, grants.catalog)
    desired = desired_privileges(grants, stored)
    schemas = sorted({name.split(".")[0] for name in stored})
    securables = [
        ("CATALOG", grants.catalog),
        *(("SCHEMA", f"{grants.catalog}.{schema}") for schema in schemas),
        *(("TABLE", f"{grants.catalog}.{name}") for name in sorted(stored)),
    ]
    actual = {securable: privileges_on(client, securable) for securable in securables}
    managed = {team.principal for team in grants.teams.values()}
    changes = tuple(_changes(desired, actual, managed, grants.pipeline))
    return GrantPlan(changes, tuple(_masks(grants, stored)))


def apply_grants(
    client: WorkspaceClient, grant_plan: GrantPlan, execute: Callable[[str], object], *, revoke_by_hand: bool = False
) -> int:
    """Do what the plan says, masks before grants, so that nothing is readable unmasked.

    Args:
        client: The workspace.
        grant_plan: What to do.
        execute: Runs one SQL statement.
        revoke_by_hand: Whether grants by hand are revoked, too; else they are left alone.

    Returns:
        The number of steps.
    """
    for statement in grant_plan.statements:
        execute(statement)
    changes = [change for change in grant_plan.changes if revoke_by_hand or not change.by_hand]
    for change in changes:
        apply_change(client, change)
    return len(changes) + len(grant_plan.statements)


def apply_change(client: WorkspaceClient, change: GrantChange) -> None:
    """Grant or revoke one privilege."""
    from databricks.sdk.service.catalog import PermissionsChange, Privilege

    (kind, name), privilege = change.securable, Privilege(change.privilege)
    added, removed = ([privilege], []) if change.grant else ([], [privilege])
    client.grants.update(kind, name, changes=[PermissionsChange(principal=change.principal, add=added, remove=removed)])


def desired_privileges(grants: Grants, stored: Iterable[str]) -> Privileges:
    """Return the privileges that the file asks for, of the tables that exist.

    Args:
        grants: The file.
        stored: Names of tables as schema.table.
    """
    privileges: Privileges = {}
    for team in grants.teams.values():
        for name in stored:
            table = grants.tables.get(name)
            if table is not None and team.may_read(table):
                privileges.setdefault(("TABLE", f"{grants.catalog}.{name}"), {})[team.principal] = frozenset({"SELECT"})
                schema = ("SCHEMA", f"{grants.catalog}.{table.schema}")
                privileges.setdefault(schema, {})[team.principal] = frozenset({"USE_SCHEMA"})
                privileges.setdefault(("CATALOG", grants.catalog), {})[team.principal] = frozenset({"USE_CATALOG"})
    return privileges


def _changes(desired: Privileges, actual: Privileges, managed: set[str], pipeline: str) -> Iterator[GrantChange]:
    for securable, principals in actual.items():
        should = desired.get(securable, {})
        for principal in sorted({*principals, *should} - {pipeline}):
            present, asked_for = principals.get(principal, frozenset()), should.get(principal, frozenset())
            yield from (
                GrantChange(securable=securable, principal=principal, privilege=privilege, grant=True)
                for privilege in sorted(asked_for - present)
            )
            # What a team holds beyond the file may be yesterday's file or a hand: the file does not remember, so a hand.
            yield from (
                GrantChange(securable=securable, principal=principal, privilege=privilege, grant=False, by_hand=True)
                for privilege in sorted(present - asked_for)
            )


def _stored_tables(client: WorkspaceClient, catalog: str) -> dict[str, Mapping[str, str | None]]:
    """Return the mask of every column, None where it has none, by schema.table."""
    stored: dict[str, Mapping[str, str | None]] = {}
    for schema in client.schemas.list(catalog):
        if schema.name in SCHEMAS:
            for table in client.tables.list(catalog, schema.name):
                masks = {
                    str(column.name): column.mask.function_name if column.mask else None
                    for column in table.columns or []
                }
                stored[f"{schema.name}.{table.name}"] = masks
    return stored


def privileges_on(client: WorkspaceClient, securable: Securable) -> dict[str, frozenset[str]]:
    """Return the privileges on a securable by principal, without those that it inherits."""
    assignments = client.grants.get(*securable).privilege_assignments or []
    return {
        str(assignment.principal): frozenset(str(name.value) for name in assignment.privileges or [])
        for assignment in assignments
    }


def _masks(grants: Grants, stored: Mapping[str, Mapping[str, str | None]]) -> Iterator[str]:
    """Yield the function, made anew because who sees in clear may have changed, and a mask for each column that lacks one."""
    function = f"{grants.catalog}.ops.{MASK}"
    missing = [
        (name, column)
        for name, masks in stored.items()
        if _is_masked_for_some(grants, grants.tables.get(name))
        for column in grants.tables[name].pii_columns
        if column in masks and masks[column] != function
    ]
    if missing:
        yield _function(grants)
    for name, column in missing:
        table = ".".join(f"`{part}`" for part in (grants.catalog, *name.split(".")))
        yield f"ALTER TABLE {table} ALTER COLUMN `{column}` SET MASK {function}"


def _is_masked_for_some(grants: Grants, table: Table | None) -> bool:
    return table is not None and any(team.pii == MASKED and team.may_read(table) for team in grants.teams.values())


def _function(grants: Grants) -> str:
    clear = sorted({grants.pipeline, *(team.principal for team in grants.teams.values() if team.pii == "clear")})
    conditions = " OR ".join(f"is_account_group_member('{name}')" for name in clear)
    return (
        f"CREATE OR REPLACE FUNCTION {grants.catalog}.ops.{MASK}(value STRING) RETURNS STRING"
        f" RETURN CASE WHEN {conditions} THEN value END"
    )
