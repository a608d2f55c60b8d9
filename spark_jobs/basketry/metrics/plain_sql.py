"""A query over metric views as plain SQL: each MEASURE and each field in words of the table, as the platform reads them.

So a query that Genie has written passes the same guard as any other, and the views' figures can be had without a workspace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
        views: Every view.

    Raises:
        SqlglotError: It is no SQL.
        KeyError: It names a field that its view does not have.
    """
    named = {view.full_name.partition(".")[2]: view for view in views}
    tree = sqlglot.parse_one(sql, dialect=DIALECT)
    selects = [(select, view) for select in tree.find_all(exp.Select) if (view := _view(select, named))]
    if not selects:
        return sql
    for select, view in reversed(selects):
        _expand(select, definition(view, _ANYWHERE))
    return str(tree.sql(dialect=DIALECT))


def _view(select: exp.Select, named: Mapping[str, MetricView]) -> MetricView | None:
    """Return the view that a SELECT is over; where one schema holds all, its name begins with the layer."""
    source = next((part for part in select.args.values() if isinstance(part, exp.From)), None)
    if source is None or not isinstance(source.this, exp.Table):
        return None
    name = source.this.name
    return named.get(name) or named.get(name.partition("_")[2])


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
    table = exp.to_table(text, dialect=DIALECT)
    return exp.table_(table.name, db=table.db)


def _parsed(text: str) -> exp.Expression:
    return sqlglot.parse_one(text, dialect=DIALECT)
