"""A query over metric views as plain SQL: each MEASURE and each field in words of the table, as the platform reads them.

So a query that Genie has written passes the same guard as any other, and the views' figures can be had without a workspace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sqlglot
from sqlglot import exp

from basketry.config.unity_names import UnityNames
from basketry.metrics.metric_views import Document, MetricView, definition
from basketry.metrics.samples import DIALECT

_ANYWHERE = UnityNames(catalog="here")
"""Where the views' tables lie, until the catalog is taken off their names."""


def as_plain_sql(sql: str, views: Iterable[MetricView]) -> str:
    """Return the query with every metric view replaced by what it is defined as; tables are layer.name.

    Args:
        sql: In Databricks SQL; a query that names no metric view comes back as it is.
        views: Every view; where one schema holds all, a view's name in the query begins with its layer.

    Raises:
        SqlglotError: It is no SQL.
        LookupError: It names a field that its view does not have.
    """
    named = {view.full_name.partition(".")[2]: view for view in views}

    def find(table: exp.Table) -> Document | None:
        """Look for the view by the last part of its name."""
        view = named.get(table.name) or named.get(table.name.partition("_")[2])
        return None if view is None else definition(view, _ANYWHERE)

    tree = written_out(sqlglot.parse_one(sql, dialect=DIALECT), find)
    if tree is None:
        return sql
    for table in tree.find_all(exp.Table):
        if table.catalog == _ANYWHERE.catalog:
            table.set("catalog", None)
    return str(tree.sql(dialect=DIALECT))


def written_out(tree: exp.Expression, find: Callable[[exp.Table], Document | None]) -> exp.Expression | None:
    """Write out in a query, which it changes, what is asked of metric views; None where nothing is.

    Args:
        tree: The query.
        find: Returns the definition of a view, None for any other table.

    Raises:
        LookupError: It names a field that its view does not have.
    """
    selects = []
    for select in tree.find_all(exp.Select):
        source = next((part for part in select.args.values() if isinstance(part, exp.From)), None)
        if source is not None and isinstance(source.this, exp.Table) and (view := find(source.this)):
            selects.append((select, view))
    for select, view in reversed(selects):
        _expand(select, view)
    return tree if selects else None


def _expand(select: exp.Select, view: Document) -> None:
    measures = {field["name"]: _parsed(field["expr"]) for field in view["measures"]}
    dimensions = {field["name"]: _parsed(field["expr"]) for field in view["dimensions"]}
    for call in list(select.find_all(exp.Anonymous)):
        if call.name.upper() == "MEASURE":
            call.replace(measures[call.expressions[0].name].copy())
    select.set("expressions", [_shown(column, dimensions) for column in select.expressions])
    for part in ("where", "group"):
        for column in list(select.args[part].find_all(exp.Column)) if select.args.get(part) else ():
            if column.name in dimensions and column.parent_select is select:
                column.replace(dimensions[column.name].copy())
    select.from_(exp.alias_(_table(view["source"]), "source", table=True), copy=False)
    for join in view.get("joins", ()):
        table = exp.alias_(_table(join["source"]), join["name"], table=True)
        select.join(table, on=_parsed(join["on"]), join_type="left", copy=False)
    if "filter" in view:
        select.where(_parsed(view["filter"]), copy=False)


def _shown(column: exp.Expression, dimensions: dict[str, exp.Expression]) -> exp.Expression:
    of = column.this if isinstance(column, exp.Alias) else column
    if isinstance(of, exp.Column) and of.name in dimensions:
        return exp.alias_(dimensions[of.name].copy(), column.alias_or_name)
    return column


def _table(text: str) -> exp.Table:
    return exp.to_table(text, dialect=DIALECT)


def _parsed(text: str) -> exp.Expression:
    return sqlglot.parse_one(text, dialect=DIALECT)
