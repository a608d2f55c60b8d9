"""Where personal data can get to: from a tagged column along mappings and SQL to every column made of it.

Three kinds of edges: a contract's expressions lead from delivered columns to silver; SQL leads from what a view reads
to what it shows (sqlglot); and a declared table of people has the columns of silver that it bears the name of, or that
RENAMED names. A way that ends in a column that is not tagged is a leak to every team that reads its table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage

from basketry.access.model import Grants
from basketry.contracts import Contract
from basketry.tables import CUSTOMERS, MARKETING_AUDIENCE, Table

Place = tuple[str, str]
"""A column: schema.table, column."""

RENAMED: Mapping[Place, Place] = {(MARKETING_AUDIENCE.full_name, "zip"): (CUSTOMERS.full_name, "postal_code")}
"""Columns of declared tables under another name than their source's."""

_EVERYWHERE = frozenset({"email", "phone", "street", "postal_code"})
"""Names that say what they hold wherever they stand; `name` does so only in a table of customers."""


@dataclass(frozen=True)
class Leak:
    """A way of personal data out: from a tagged column to one that is not, and who reads it there."""

    source: Place
    target: Place
    teams: tuple[str, ...]

    def __str__(self) -> str:
        """One line for people."""
        return f"{'.'.join(self.source)} reaches {'.'.join(self.target)}, which is not tagged; read by {', '.join(self.teams)}"


def leaks(grants: Grants, edges: Iterable[tuple[Place, Place]], views: Mapping[str, Table] | None = None) -> list[Leak]:
    """Every untagged column that a tagged one reaches and a team may read that does not see personal data in clear.

    edges: source, target. views: tables that SQL makes, by schema.table, beside the declared ones.
    """
    tables = {**grants.tables, **(views or {})}
    after: dict[Place, set[Place]] = {}
    for source, target in edges:
        after.setdefault(source, set()).add(target)
    found = []
    for name, table in tables.items():
        for column in table.pii_columns:
            for target in sorted(_reached((name, column), after)):
                teams = _readers(grants, tables, target)
                if teams:
                    found.append(Leak((name, column), target, teams))
    return found


def _reached(source: Place, after: Mapping[Place, set[Place]]) -> set[Place]:
    found: set[Place] = set()
    waiting = [source]
    while waiting:
        for target in after.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def _readers(grants: Grants, tables: Mapping[str, Table], target: Place) -> tuple[str, ...]:
    """The teams that would see a tagged value in a column; none where the column is tagged itself, as it is then masked."""
    table = tables[target[0]]
    if target[1] in table.pii_columns:
        return ()
    return tuple(name for name, team in grants.teams.items() if team.pii != "clear" and team.may_read(table))


def contract_edges(contract: Contract) -> Iterable[tuple[Place, Place]]:
    """From each delivered column to the columns of silver whose expressions name it."""
    for column in contract.mapped:
        tree = sqlglot.parse_one(f"SELECT {column.expression}", dialect="databricks")
        for name in {one.name for one in tree.find_all(exp.Column)}:
            yield (f"bronze.{contract.feed}", name), (contract.entity.full_name, column.name)


def declared_edges(tables: Mapping[str, Table]) -> Iterable[tuple[Place, Place]]:
    """From silver.customers to the columns of later tables that bear its names, or that RENAMED names."""
    for name, table in tables.items():
        if table.schema in ("gold", "ops"):
            personal = "customer_id" in table.column_names
            for column in CUSTOMERS.pii_columns:
                if column in table.column_names and (personal or column in _EVERYWHERE):
                    yield (CUSTOMERS.full_name, column), (name, column)
    for target, source in RENAMED.items():
        yield source, target


def sql_edges(view: str, sql: str, tables: Mapping[str, Table]) -> Iterable[tuple[Place, Place]]:
    """From every column that a query reads to the column it shows it in. view: schema.table that the query makes."""
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for table in tables.values():
        schema.setdefault(table.schema, {})[table.name] = {one.name: one.type for one in table.columns}
    tree = sqlglot.parse_one(sql, dialect="databricks")
    shown = lineage(None, tree, schema=schema, dialect="databricks")
    for column, root in shown.items():
        for node in root.walk():
            if isinstance(node.source, exp.Table):
                place = f"{node.source.db}.{node.source.name}"
                yield (place, node.name.rsplit(".", 1)[-1].strip("`")), (view, column)
