"""Local reads: a query becomes one over what the team may see, and nothing else."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from basketry.access.model import AccessRefusedError, Grants

DIALECT = "databricks"
_WRITES = (exp.Into, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Command)


def permitted_sql(grants: Grants, team: str, sql: str, dialect: str = DIALECT) -> str:
    """Return the same query with each table replaced by what the team sees of it: masked columns are null.

    Raises:
        AccessRefusedError: It is anything but one query over tables that the team may read, whatever way they are named.
    """
    return str(permitted(grants, team, parse_query(sql, dialect)).sql(dialect=dialect))


def permitted(grants: Grants, team: str, tree: exp.Query) -> exp.Query:
    """Do the same as permitted_sql to a query that is already parsed, in place."""
    # Names of WITH hide tables of the same name for the whole query: refused below, not resolved by scope.
    local = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        if table.db or table.name not in local:
            table.replace(_seen(grants, team, table))
    return tree


def parse_query(sql: str, dialect: str = DIALECT) -> exp.Query:
    """Parse the one query that the text is; AccessRefusedError for anything else."""
    try:
        statements = [statement for statement in sqlglot.parse(sql, dialect=dialect) if statement is not None]
    except (SqlglotError, RecursionError):
        raise AccessRefusedError("the question's SQL cannot be read: ask for one SELECT.") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise AccessRefusedError("only one SELECT may be asked at a time: nothing may be changed.")
    tree = statements[0]
    if tree.find(*_WRITES):
        raise AccessRefusedError("only a SELECT may be asked: nothing may be changed.")
    return tree


def _seen(grants: Grants, team: str, table: exp.Table) -> exp.Expression:
    if isinstance(table.this, exp.Func) or not table.db or table.catalog not in ("", grants.catalog):
        raise AccessRefusedError(f"team {team} may not read {table.sql()}: name tables as schema.table.")
    access = grants.access(team, f"{table.db}.{table.name}")
    shown = [
        exp.alias_(exp.null(), column, quoted=True) if column in access.masked else exp.column(column, quoted=True)
        for column in access.table.column_names
    ]
    inner = exp.select(*shown).from_(exp.table_(table.name, db=table.db, catalog=table.catalog or None))
    return inner.subquery(table.alias_or_name)
