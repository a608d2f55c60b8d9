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

Held = dict[Securable, dict[str, frozenset[str]]]
"""Privileges by securable and principal."""

MASK = "mask_personal"
"""The function in schema ops that hides a value from all but who may see it."""


@dataclass(frozen=True)
class Change:
    """One principal gets or loses a privilege on one securable. by_hand: nobody asked for it in the file."""

    securable: Securable
    principal: str
    privilege: str
    grant: bool
    by_hand: bool = False

    def __str__(self) -> str:
        """As the statement that it is."""
        verb, to = ("GRANT", "TO") if self.grant else ("REVOKE", "FROM")
        kind, name = self.securable
        return f"{verb} {self.privilege.replace('_', ' ')} ON {kind} {name} {to} `{self.principal}`"


@dataclass(frozen=True)
class Plan:
    """What would change. statements: SQL of the masks, in order."""

    changes: tuple[Change, ...]
    statements: tuple[str, ...]

    @property
    def drift(self) -> tuple[Change, ...]:
        """What somebody granted by hand."""
        return tuple(change for change in self.changes if change.by_hand)

    def lines(self) -> tuple[str, ...]:
        """For people."""
        told = [f"added by hand: {change}" if change.by_hand else str(change) for change in self.changes]
        return (*told, *self.statements) or ("grants are as the file says",)


def plan(client: WorkspaceClient, grants: Grants) -> Plan:
    """Compare the file with Unity Catalog. Writes nothing."""
    stored = _stored_tables(client, grants.catalog)
    wanted = desired(grants, stored)
    schemas = sorted({name.split(".")[0] for name in stored})
    everything = [
        ("CATALOG", grants.catalog),
        *(("SCHEMA", f"{grants.catalog}.{schema}") for schema in schemas),
        *(("TABLE", f"{grants.catalog}.{name}") for name in sorted(stored)),
    ]
    found_there = {securable: held(client, securable) for securable in everything}
    managed = {team.principal for team in grants.teams.values()}
    changes = tuple(_changes(wanted, found_there, managed, grants.pipeline))
    return Plan(changes, tuple(_masks(grants, stored)))


def apply(
    client: WorkspaceClient, found: Plan, execute: Callable[[str], object], *, revoke_by_hand: bool = False
) -> int:
    """Do what the plan says, masks before grants, so that nothing is readable unmasked; returns how many steps.

    execute: runs one SQL statement. Grants by hand are left alone unless revoke_by_hand.
    """
    for statement in found.statements:
        execute(statement)
    done = [change for change in found.changes if revoke_by_hand or not change.by_hand]
    for change in done:
        carry_out(client, change)
    return len(done) + len(found.statements)


def carry_out(client: WorkspaceClient, change: Change) -> None:
    """Grant or revoke one privilege."""
    from databricks.sdk.service.catalog import PermissionsChange, Privilege

    (kind, name), privilege = change.securable, Privilege(change.privilege)
    given, taken = ([privilege], []) if change.grant else ([], [privilege])
    client.grants.update(kind, name, changes=[PermissionsChange(principal=change.principal, add=given, remove=taken)])


def desired(grants: Grants, stored: Iterable[str]) -> Held:
    """The privileges that the file asks for, of the tables that exist. stored: names as schema.table."""
    found: Held = {}
    for team in grants.teams.values():
        for name in stored:
            table = grants.tables.get(name)
            if table is not None and team.may_read(table):
                found.setdefault(("TABLE", f"{grants.catalog}.{name}"), {})[team.principal] = frozenset({"SELECT"})
                schema = ("SCHEMA", f"{grants.catalog}.{table.schema}")
                found.setdefault(schema, {})[team.principal] = frozenset({"USE_SCHEMA"})
                found.setdefault(("CATALOG", grants.catalog), {})[team.principal] = frozenset({"USE_CATALOG"})
    return found


def _changes(wanted: Held, found: Held, managed: set[str], pipeline: str) -> Iterator[Change]:
    for securable, principals in found.items():
        should = wanted.get(securable, {})
        for principal in sorted({*principals, *should} - {pipeline}):
            is_, ought = principals.get(principal, frozenset()), should.get(principal, frozenset())
            yield from (Change(securable, principal, one, grant=True) for one in sorted(ought - is_))
            # What a team holds beyond the file may be yesterday's file or a hand: the file does not remember, so a hand.
            yield from (Change(securable, principal, one, grant=False, by_hand=True) for one in sorted(is_ - ought))


def _stored_tables(client: WorkspaceClient, catalog: str) -> dict[str, Mapping[str, str | None]]:
    """The mask of every column, None where it has none, by schema.table."""
    found: dict[str, Mapping[str, str | None]] = {}
    for schema in client.schemas.list(catalog):
        if schema.name in SCHEMAS:
            for table in client.tables.list(catalog, schema.name):
                masks = {str(one.name): one.mask.function_name if one.mask else None for one in table.columns or []}
                found[f"{schema.name}.{table.name}"] = masks
    return found


def held(client: WorkspaceClient, securable: Securable) -> dict[str, frozenset[str]]:
    """The privileges on a securable by principal, those that it inherits left out."""
    given = client.grants.get(*securable).privilege_assignments or []
    return {str(one.principal): frozenset(str(name.value) for name in one.privileges or []) for one in given}


def _masks(grants: Grants, stored: Mapping[str, Mapping[str, str | None]]) -> Iterator[str]:
    """The function, made anew because who sees in clear may have changed, and a mask for each column that lacks one."""
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
    seen = " OR ".join(f"is_account_group_member('{name}')" for name in clear)
    return (
        f"CREATE OR REPLACE FUNCTION {grants.catalog}.ops.{MASK}(value STRING) RETURNS STRING"
        f" RETURN CASE WHEN {seen} THEN value END"
    )
