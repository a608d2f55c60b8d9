"""What every name after FROM stands for, by the scope it stands in: a declared table, or a query of WITH written before it.

Engines look a name up where they find it: the same word can be a query of WITH here and a table there. So a name that
could be taken for two things is refused, and a table is always told from a query of WITH by its schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sqlglot import exp
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

from basketry.access.model import AccessRefusedError
from basketry.tables import Table

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
_PARTS = {"this", "db", "catalog", "alias"}


def check_names(tree: exp.Query, tables: Mapping[str, Table], dialect: str) -> None:
    """Write all names in small letters, as engines compare them, and refuse one that could mean two things.

    Args:
        tree: The query; changed in place.
        tables: The declared tables by schema.table.
        dialect: How the query is written.

    Raises:
        AccessRefusedError: A name is no plain word, or a query of WITH or an alias hides a table or another query.
    """
    normalize_identifiers(tree, dialect=dialect)
    declared = {table.name for table in tables.values()}
    queries: set[str] = set()
    for query in tree.find_all(exp.CTE):
        if query.alias in declared or query.alias in queries:
            raise AccessRefusedError("a query of WITH has the name of a table or of another query: give it its own.")
        queries.add(query.alias)
    for alias in tree.find_all(exp.TableAlias):
        own = alias.parent.name if isinstance(alias.parent, exp.Table) else None
        hides = not isinstance(alias.parent, exp.CTE) and alias.name != own
        if hides and (alias.name in declared or alias.name in queries):
            raise AccessRefusedError("an alias has the name of a table or of a query of WITH: give it its own.")
    for name in _names(tree):
        if not _PLAIN.match(name):
            raise AccessRefusedError("names of tables and aliases are made of letters, digits and _: write them so.")


def base_tables(tree: exp.Query, catalog: str) -> list[exp.Table]:
    """Return every place where a query reads a table that is no query of its own WITH.

    Raises:
        AccessRefusedError: A place names anything but schema.table of the catalog, or a query of WITH that is visible there.
    """
    clauses = {id(clause.parent): clause for clause in tree.find_all(exp.With)}
    places = []
    for table in tree.find_all(exp.Table):
        if table.db:
            if table.catalog not in ("", catalog):
                raise AccessRefusedError("only tables of this catalog may be read: name tables as schema.table.")
            if table.args.get("alias") and table.args["alias"].columns:
                raise AccessRefusedError("a table's columns keep their names: rename them in the SELECT.")
            places.append(table)
        elif table.name not in _visible(table, clauses):
            raise AccessRefusedError("the query reads what is no table here: name tables as schema.table.")
        if not isinstance(table.this, exp.Identifier) or {key for key, part in table.args.items() if part} - _PARTS:
            raise AccessRefusedError(
                "a table is named as schema.table and nothing else: leave out what stands with it."
            )
    return places


def _visible(table: exp.Expression, clauses: Mapping[int, exp.With]) -> set[str]:
    """Return the names of WITH that hold there: those of every query around it, in a WITH itself only what stands before."""
    names: set[str] = set()
    inside: exp.Expression | None = None
    node: exp.Expression | None = table
    while node is not None:
        if isinstance(node, exp.CTE):
            inside = node
        clause = clauses.get(id(node))
        for query in clause.expressions if clause else ():
            if query is inside:
                break
            names.add(query.alias)
        node = node.parent
    return names


def _names(tree: exp.Query) -> Iterator[str]:
    for alias in tree.find_all(exp.TableAlias):
        yield from (part.name for part in (alias.this, *alias.columns) if part is not None)
    for table in tree.find_all(exp.Table):
        yield from (part.name for part in (table.args.get(key) for key in ("this", "db", "catalog")) if part)
