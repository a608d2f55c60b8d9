"""The grants file enforced in Unity Catalog: what is there, what should be, and the steps between.

SELECT on tables, USE on their catalog and schemas, and a column mask where a team may read a table but not what it says
about persons. What the file gave is kept in ops.applied_grants: what it gives no longer is revoked without asking. Whatever
else a principal holds was added by hand: it is reported, and revoked only on request.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

from basketry.access.model import Grants
from basketry.access.unity_masks import mask_bodies, mask_statements
from basketry.config import unity_names
from basketry.config.unity_names import UnityNames
from basketry.tables import APPLIED_GRANTS, SCHEMAS

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

Securable = tuple[str, str]
"""Kind (CATALOG, SCHEMA, TABLE) and full name."""

Privileges = dict[Securable, dict[str, frozenset[str]]]
"""Privileges by securable and principal."""

Views = Mapping[str, tuple[str, ...]]
"""The tables that each view reads, all as schema.name."""

Applied = Mapping[str, frozenset[tuple[str, str, str]]]
"""What the file gave each principal: kind and full name of a securable, privilege."""


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
        return f"{verb} {self.privilege.replace('_', ' ')} ON {kind} {unity_names.quote(name)} {to} `{self.principal}`"


@dataclass(frozen=True)
class GrantPlan:
    """What would change.

    Attributes:
        changes: Privileges to grant and to revoke.
        statements: SQL of the masks, in order.
        applied: What the file gave before.
        desired: What it gives now.
    """

    changes: tuple[GrantChange, ...]
    statements: tuple[str, ...]
    applied: Applied
    desired: Applied

    @property
    def drift(self) -> tuple[GrantChange, ...]:
        """What somebody granted by hand."""
        return tuple(change for change in self.changes if change.by_hand)

    def lines(self) -> tuple[str, ...]:
        """Return the plan as people read it."""
        changes = [f"added by hand: {change}" if change.by_hand else str(change) for change in self.changes]
        return (*changes, *self.statements) or ("grants are as the file says",)


def plan_grants(
    client: WorkspaceClient, grants: Grants, names: UnityNames, applied: Applied, views: Views = MappingProxyType({})
) -> GrantPlan:
    """Compare the file with Unity Catalog. Writes nothing.

    Args:
        client: The workspace.
        grants: The file.
        names: Where the catalog of the file lies in Unity Catalog.
        applied: What the file gave when it was last applied, see `read_applied`.
        views: The views that there may be.
    """
    stored = _stored_tables(client, names)
    desired = desired_privileges(grants, names, stored, views)
    schemas = sorted({names.schema_name(name.split(".")[0]) for name in stored})
    securables = [
        ("CATALOG", names.catalog),
        *(("SCHEMA", f"{names.catalog}.{schema}") for schema in schemas),
        *(("TABLE", names.full_name(*name.split("."))) for name in sorted(stored)),
    ]
    own = ("TABLE", names.full_name(APPLIED_GRANTS.schema, APPLIED_GRANTS.name))
    missing = own if not stored.get(APPLIED_GRANTS.full_name) else None
    actual = {securable: {} if securable == missing else privileges_on(client, securable) for securable in securables}
    changes = tuple(
        change
        for change in _changes(desired, actual, applied, grants.pipeline)
        if change.grant or change.securable[0] not in names.shared  # others' teams need it, too
    )
    statements = tuple(mask_statements(grants, names, stored, mask_bodies(client, grants, names)))
    return GrantPlan(changes, statements, applied, _by_principal(desired))


def apply_grants(
    client: WorkspaceClient,
    grant_plan: GrantPlan,
    execute: Callable[[str], object],
    remember: Callable[[Applied], object],
    *,
    revoke_by_hand: bool = False,
) -> int:
    """Do what the plan says, masks before grants, so that nothing is readable unmasked.

    Args:
        client: The workspace.
        grant_plan: What to do.
        execute: Runs one SQL statement.
        remember: Keeps what the file gives, for the next plan: before anything is granted, and when all is done.
        revoke_by_hand: Whether grants by hand are revoked, too; else they are left alone.

    Returns:
        The number of steps.
    """
    for statement in grant_plan.statements:
        execute(statement)
    before, desired = grant_plan.applied, grant_plan.desired
    # An apply that breaks off has given some of it and taken some of it away: both are the file's.
    either = {name: before.get(name, frozenset()) | desired.get(name, frozenset()) for name in {*before, *desired}}
    if either != before:
        remember(either)
    changes = [change for change in grant_plan.changes if revoke_by_hand or not change.by_hand]
    for change in changes:
        apply_change(client, change)
    if either != desired:
        remember({name: desired.get(name, frozenset()) for name in either})
    return len(changes) + len(grant_plan.statements)


def read_applied(rows: Iterable[Mapping[str, str]]) -> Applied:
    """Return what the rows of ops.applied_grants say."""
    texts = {row["principal"]: json.loads(row["privileges"]) for row in rows}
    return {name: frozenset((kind, on, privilege) for kind, on, privilege in held) for name, held in texts.items()}


def applied_rows(applied: Applied) -> list[dict[str, object]]:
    """Return the rows of ops.applied_grants that say it."""
    return [
        {"principal": principal, "privileges": json.dumps(sorted(held))} for principal, held in sorted(applied.items())
    ]


def apply_change(client: WorkspaceClient, change: GrantChange) -> None:
    """Grant or revoke one privilege, by its name: the SDK's own list lacks some, such as CREATE_MODEL_VERSION."""
    body = {"changes": [{"principal": change.principal, "add" if change.grant else "remove": [change.privilege]}]}
    client.api_client.do("PATCH", _permissions(change.securable), body=body)


def desired_privileges(
    grants: Grants, names: UnityNames, stored: Iterable[str], views: Views = MappingProxyType({})
) -> Privileges:
    """Return the privileges that the file asks for, of the tables that exist, and of the views over such tables.

    Args:
        grants: The file.
        names: Where its catalog lies in Unity Catalog.
        stored: Names of tables and views as schema.table.
        views: The views that there may be: who may read all tables of one may read it.
    """
    privileges: Privileges = {}
    for team in grants.teams.values():
        for name in stored:
            tables = [grants.tables[table] for table in views.get(name, (name,)) if table in grants.tables]
            if tables and all(team.may_read(table) for table in tables):
                schema, _, own_name = name.partition(".")
                securables = (
                    ("TABLE", names.full_name(schema, own_name)),
                    ("SCHEMA", f"{names.catalog}.{names.schema_name(schema)}"),
                    ("CATALOG", names.catalog),
                )
                for securable, privilege in zip(securables, ("SELECT", "USE_SCHEMA", "USE_CATALOG"), strict=True):
                    privileges.setdefault(securable, {})[team.principal] = frozenset({privilege})
    return privileges


def _by_principal(privileges: Privileges) -> Applied:
    held: dict[str, set[tuple[str, str, str]]] = {}
    for (kind, name), principals in privileges.items():
        for principal, names in principals.items():
            held.setdefault(principal, set()).update((kind, name, privilege) for privilege in names)
    return {principal: frozenset(items) for principal, items in held.items()}


def _changes(desired: Privileges, actual: Privileges, applied: Applied, pipeline: str) -> Iterator[GrantChange]:
    for securable, principals in actual.items():
        should = desired.get(securable, {})
        for principal in sorted({*principals, *should} - {pipeline}):
            present, asked_for = principals.get(principal, frozenset()), should.get(principal, frozenset())
            yield from (
                GrantChange(securable=securable, principal=principal, privilege=privilege, grant=True)
                for privilege in sorted(asked_for - present)
            )
            of_the_file = applied.get(principal, frozenset())
            yield from (
                GrantChange(
                    securable=securable,
                    principal=principal,
                    privilege=privilege,
                    grant=False,
                    by_hand=(*securable, privilege) not in of_the_file,
                )
                for privilege in sorted(present - asked_for)
            )


def _stored_tables(client: WorkspaceClient, names: UnityNames) -> dict[str, Mapping[str, str | None]]:
    """Return the mask of every column, None where it has none, by what the library calls the table."""
    stored: dict[str, Mapping[str, str | None]] = {}
    existing = {schema.name for schema in client.schemas.list(names.catalog)}
    for schema in sorted(existing & {names.schema_name(layer) for layer in SCHEMAS}):
        for table in client.tables.list(names.catalog, schema):
            if own_name := names.own_name(schema, str(table.name)):
                stored[own_name] = {
                    str(column.name): column.mask.function_name if column.mask else None
                    for column in table.columns or []
                }
    if stored and names.schema_name(APPLIED_GRANTS.schema) in existing:
        stored.setdefault(APPLIED_GRANTS.full_name, {})  # written before anything is granted
    return stored


def privileges_on(client: WorkspaceClient, securable: Securable) -> dict[str, frozenset[str]]:
    """Return the privileges on a securable by principal, without those that it inherits."""
    held = client.api_client.do("GET", _permissions(securable))  # the SDK would drop what its list of privileges lacks
    assignments = held.get("privilege_assignments") or []
    return {str(assignment["principal"]): frozenset(assignment.get("privileges") or ()) for assignment in assignments}


def _permissions(securable: Securable) -> str:
    kind, name = securable
    return f"/api/2.1/unity-catalog/permissions/{kind}/{quote(name, safe='')}"
