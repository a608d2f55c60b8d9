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

ColumnRef = tuple[str, str]
"""A column: schema.table, column."""

RENAMED: Mapping[ColumnRef, ColumnRef] = {(MARKETING_AUDIENCE.full_name, "zip"): (CUSTOMERS.full_name, "postal_code")}
"""Columns of declared tables under another name than their source's."""

_EVERYWHERE = frozenset({"email", "phone", "street", "postal_code"})
"""Names that say what they hold wherever they stand; `name` does so only in a table of customers."""


@dataclass(frozen=True)
class Leak:
    """A way of personal data out.

    Attributes:
        source: The tagged column.
        target: The column that is not tagged.
        teams: Who reads it there.
    """

    source: ColumnRef
    target: ColumnRef
    teams: tuple[str, ...]

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{'.'.join(self.source)} reaches {'.'.join(self.target)}, which is not tagged; read by {', '.join(self.teams)}"


def find_leaks(
    grants: Grants, edges: Iterable[tuple[ColumnRef, ColumnRef]], views: Mapping[str, Table] | None = None
) -> list[Leak]:
    """Return every untagged column that a tagged one reaches and that a team without personal data in clear may read.

    Args:
        grants: Who may read what.
        edges: Pairs of source and target.
        views: Tables that SQL makes, by schema.table, besides the declared ones.
    """
    tables = {**grants.tables, **(views or {})}
    targets_of: dict[ColumnRef, set[ColumnRef]] = {}
    for source, target in edges:
        targets_of.setdefault(source, set()).add(target)
    leaks = []
    for name, table in tables.items():
        for column in table.pii_columns:
            for target in sorted(_reached((name, column), targets_of)):
                teams = _readers(grants, tables, target)
                if teams:
                    leaks.append(Leak((name, column), target, teams))
    return leaks


def _reached(source: ColumnRef, targets_of: Mapping[ColumnRef, set[ColumnRef]]) -> set[ColumnRef]:
    reached: set[ColumnRef] = set()
    waiting = [source]
    while waiting:
        for target in targets_of.get(waiting.pop(), ()):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached


def _readers(grants: Grants, tables: Mapping[str, Table], target: ColumnRef) -> tuple[str, ...]:
    """Return the teams that would see a tagged value in a column; none where the column is tagged itself, as it is masked."""
    table = tables[target[0]]
    if target[1] in table.pii_columns:
        return ()
    return tuple(name for name, team in grants.teams.items() if team.pii != "clear" and team.may_read(table))


def contract_edges(contract: Contract) -> Iterable[tuple[ColumnRef, ColumnRef]]:
    """Lead from each delivered column to the columns of silver whose expressions name it."""
    for column in contract.mapped:
        tree = sqlglot.parse_one(f"SELECT {column.expression}", dialect="databricks")
        for name in {node.name for node in tree.find_all(exp.Column)}:
            yield (f"bronze.{contract.feed}", name), (contract.entity.full_name, column.name)


def declared_edges(tables: Mapping[str, Table]) -> Iterable[tuple[ColumnRef, ColumnRef]]:
    """Lead from silver.customers to the columns of later tables that bear its names, or that RENAMED names."""
    for name, table in tables.items():
        if table.schema in ("gold", "ops"):
            personal = "customer_id" in table.column_names
            for column in CUSTOMERS.pii_columns:
                if column in table.column_names and (personal or column in _EVERYWHERE):
                    yield (CUSTOMERS.full_name, column), (name, column)
    for target, source in RENAMED.items():
        yield source, target


def sql_edges(view: str, sql: str, tables: Mapping[str, Table]) -> Iterable[tuple[ColumnRef, ColumnRef]]:
    """Lead from every column that a query reads to the column in which it shows it.

    Args:
        view: The table that the query makes, as schema.table.
        sql: The query, in Databricks SQL.
        tables: The tables that it may read, by name.
    """
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for table in tables.values():
        schema.setdefault(table.schema, {})[table.name] = {
            column_of_table.name: column_of_table.type for column_of_table in table.columns
        }
    tree = sqlglot.parse_one(sql, dialect="databricks")
    shown = lineage(None, tree, schema=schema, dialect="databricks")
    for column, root in shown.items():
        for node in root.walk():
            if isinstance(node.source, exp.Table):
                source_table = f"{node.source.db}.{node.source.name}"
                yield (source_table, node.name.rsplit(".", 1)[-1].strip("`")), (view, column)
