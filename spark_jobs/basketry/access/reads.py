"""Local reads: a query becomes one over what the team may see, and nothing else."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from basketry.access.model import AccessRefusedError, Grants
from basketry.access.names import base_tables, check_names

DIALECT = "databricks"
_WRITES = (exp.Into, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Command)


def permitted_sql(grants: Grants, team: str, sql: str, dialect: str = DIALECT) -> str:
    """Return the same query with each table replaced by what the team sees of it: masked columns are null.

    Raises:
        AccessRefusedError: It is anything but one query over tables that the team may read, whatever way they are named.
    """
    tree = parse_query(sql, dialect)
    check_names(tree, grants.tables, dialect)
    return str(permitted(grants, team, tree).sql(dialect=dialect))


def permitted(grants: Grants, team: str, tree: exp.Query) -> exp.Query:
    """Do the same as permitted_sql to a query that is already parsed and has passed `check_names`, in place."""
    for table in base_tables(tree, grants.catalog):
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
    access = grants.access(team, f"{table.db}.{table.name}")
    shown = [
        exp.alias_(exp.null(), column, quoted=True) if column in access.masked else exp.column(column, quoted=True)
        for column in access.table.column_names
    ]
    # With its catalog, so that no engine takes the name for anything else.
    inner = exp.select(*shown).from_(exp.table_(table.name, db=table.db, catalog=grants.catalog, quoted=True))
    return inner.subquery(table.alias_or_name)
