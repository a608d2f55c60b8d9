"""Column masks in Unity Catalog: one function per type of column, and the columns that it hides from who may not see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from basketry.access.model import CLEAR, MASKED, Grants
from basketry.config.unity_names import UnityNames, quote
from basketry.tables import Table

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

MASK = "mask_personal"
"""The function in schema ops that hides a text from all but who may see it."""


def mask_bodies(client: WorkspaceClient, grants: Grants, names: UnityNames) -> dict[str, str]:
    """Return the bodies of the functions that mask, by type of column, of those that are there."""
    from databricks.sdk.errors import NotFound

    bodies = {}
    for kind in {column.type for table in grants.tables.values() for column in table.columns if column.pii}:
        try:
            bodies[kind] = client.functions.get(mask_name(names, kind)).routine_definition or ""
        except NotFound:
            continue
    return bodies


def mask_statements(
    grants: Grants, names: UnityNames, stored: Mapping[str, Mapping[str, str | None]], bodies: Mapping[str, str]
) -> Iterator[str]:
    """Yield the functions that do not say who sees in clear today, and a mask for each column that lacks one."""
    missing = [
        (name, column)
        for name, masks in stored.items()
        if _is_masked_for_some(grants, grants.tables.get(name))
        for column in grants.tables[name].columns
        if column.pii and column.name in masks and masks[column.name] != mask_name(names, column.type)
    ]
    today = _plain(_clear_condition(grants))
    outdated = {kind for kind, body in bodies.items() if _plain(body) != today}
    for kind in sorted(outdated | {column.type for _, column in missing if column.type not in bodies}):
        yield _function(grants, names, kind)
    for name, column in missing:
        table, mask = names.quoted(*name.split(".")), quote(mask_name(names, column.type))
        yield f"ALTER TABLE {table} ALTER COLUMN `{column.name}` SET MASK {mask}"


def mask_name(names: UnityNames, kind: str) -> str:
    """Return the full name of the function that masks columns of a type: it has to take and return just that."""
    return names.full_name("ops", MASK if kind == "string" else f"{MASK}_{kind}")


def _plain(body: str) -> str:
    """Return a body as it compares: blanks and the word RETURN are written in more than one way."""
    return " ".join(body.split()).removeprefix("RETURN ").rstrip(";")


def _is_masked_for_some(grants: Grants, table: Table | None) -> bool:
    return table is not None and any(team.pii == MASKED and team.may_read(table) for team in grants.teams.values())


def _function(grants: Grants, names: UnityNames, kind: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {quote(mask_name(names, kind))}(value {kind.upper()}) RETURNS {kind.upper()}"
        f" RETURN {_clear_condition(grants)}"
    )


def _clear_condition(grants: Grants) -> str:
    """Return the body of the mask's function: the value for who sees it in clear, null for everybody else."""
    clear = sorted({grants.pipeline, *(team.principal for team in grants.teams.values() if team.pii == CLEAR)})
    conditions = " OR ".join(f"is_account_group_member('{name}')" for name in clear)
    return f"CASE WHEN {conditions} THEN value END"
