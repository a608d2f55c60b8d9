"""Unity Catalog metric views of the cubes: a measure is defined once in the platform, and asked for by MEASURE(name).

The YAML is that of version 1.1, as documented in
https://docs.databricks.com/aws/en/uc-semantics/metric-views/yaml-reference (grammar),
https://docs.databricks.com/aws/en/uc-semantics/metric-views/joins (a join's columns, `source.` for those of the facts) and
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-view (the statement).

A view is grouped in whatever way somebody asks, and most measures do not add up in every way: as-of dates are full states,
distinct counts overlap. Such a measure is NULL over rows that it cannot be summed over, rather than a wrong number.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from sqlglot import exp

from basketry.config.unity_names import UnityNames
from basketry.metrics.model import EVENTS, EVERYWHERE, NOWHERE, PERIODS, SNAPSHOTS, Cube, Dimension, Measure, Metrics
from basketry.metrics.samples import DIALECT, open_cubes
from basketry.tables import GRAINS, TABLES, Table
from basketry.tables.ddl import quoted

Document = dict[str, Any]
VERSION = "1.1"
SYNONYMS = 10
"""Of a field the platform takes so many."""

DIGEST = "basketry.definition"
"""Property of a view that tells which definition it was made of: the platform keeps the YAML in words of its own."""

NEWEST, NEWEST_WHOLE = "newest_as_of", "newest_whole_period"
"""Measures by which a query finds the date that it should look at."""

FACTS = "source"
"""What expressions call the table of the view, beside those that are joined."""

_TABLES = {table.full_name: table for table in TABLES}
_FORMATS: dict[str, Document] = {
    "money": {"type": "number", "decimal_places": {"type": "exact", "places": 2}},
    "share": {"type": "percentage", "decimal_places": {"type": "exact", "places": 1}},
    "count": {"type": "number", "decimal_places": {"type": "exact", "places": 0}},
    "number": {"type": "number", "decimal_places": {"type": "max", "places": 2}},
}


@dataclass(frozen=True, kw_only=True)
class MetricView:
    """One view.

    Attributes:
        cube: The cube whose measures it has.
        table: The table that it is over.
        grain: Of periods; empty else.
    """

    cube: Cube
    table: Table
    grain: str = ""

    @property
    def full_name(self) -> str:
        """Its name as layer.name: it lies in the layer of its table."""
        parts = [self.cube.name, self.grain, "rollup" if self.is_rollup else ""]
        return f"{self.table.schema}.metrics_{'_'.join(filter(None, parts))}"

    @property
    def is_rollup(self) -> bool:
        """Whether it is over the table of sums."""
        return self.cube.rollup is not None and self.table.full_name == self.cube.rollup.format(grain=self.grain)

    @property
    def tables(self) -> tuple[str, ...]:
        """Every table that it reads, as layer.name."""
        return (self.table.full_name, *(join.table for join in self.cube.joins.values()))

    @property
    def meaning(self) -> str:
        """What it says, for people."""
        return f"{self.cube.meaning.capitalize()}: {self.table.meaning}."


def metric_views(metrics: Metrics) -> tuple[MetricView, ...]:
    """Return every view, those over tables with personal data left out, as dashboards and Genie leave them out."""
    return tuple(view for cube in open_cubes(metrics) for view in views_of(cube))


def tables_by_view(metrics: Metrics) -> dict[str, tuple[str, ...]]:
    """Return the tables that each view reads, all as layer.name: who may read them may read the view."""
    return {view.full_name: view.tables for view in metric_views(metrics)}


def views_of(cube: Cube) -> Iterator[MetricView]:
    """Yield the views of a cube."""
    for pattern in filter(None, (cube.table, cube.rollup)):
        for grain in GRAINS if cube.kind == PERIODS else ("",):
            yield MetricView(cube=cube, table=_TABLES[pattern.format(grain=grain)], grain=grain)


def definition(view: MetricView, names: UnityNames) -> Document:
    """Return what is written between $$ and $$, as a document.

    Args:
        view: The view.
        names: Where its tables lie.
    """
    cube = view.cube
    document: Document = {
        "version": VERSION,
        "comment": view.meaning,
        "source": names.quoted(view.table.schema, view.table.name),
    }
    if cube.where is not None:
        document["filter"] = _sql(cube.where)
    if cube.joins:
        document["joins"] = [
            {
                "name": join.name,
                "source": names.quoted(*join.table.split(".")),
                "on": " AND ".join(f"{_column(left)} = {_column(right, join.name)}" for left, right in join.on.items()),
            }
            for join in cube.joins.values()
        ]
    document["dimensions"] = list(_dimensions(view))
    document["measures"] = [*(_measure(view, measure) for measure in cube.measures.values()), *_newest(view)]
    return document


def view_statement(view: MetricView, names: UnityNames) -> str:
    """Return the statement that makes the view, or makes it anew; rights on a view that is replaced are lost."""
    return (
        f"CREATE OR REPLACE VIEW {names.quoted(*view.full_name.split('.'))}"
        f" TBLPROPERTIES ({quoted(DIGEST)} = {quoted(digest(view, names))})"
        f" WITH METRICS LANGUAGE YAML AS $$\n{_text(view, names)}$$"
    )


def digest(view: MetricView, names: UnityNames) -> str:
    """Return what differs where the definition does."""
    return hashlib.sha256(_text(view, names).encode()).hexdigest()[:16]


def _text(view: MetricView, names: UnityNames) -> str:
    text: str = yaml.safe_dump(definition(view, names), sort_keys=False, allow_unicode=True, width=120)
    return text


def _sql(tree: exp.Expression, table: str = FACTS) -> str:
    """Return SQL with every column qualified: a measure may be called as the column that it sums."""
    copied = tree.copy()
    for column in copied.find_all(exp.Column):
        column.set("table", exp.to_identifier(table))
    text: str = copied.sql(dialect=DIALECT)
    return text


def _dimensions(view: MetricView) -> Iterator[Document]:
    cube = view.cube
    if cube.kind == EVENTS:
        yield _field("day", f"CAST({_column(cube.time)} AS DATE)")
    else:
        yield _field(cube.time, _column(cube.time))
    if cube.kind == PERIODS:
        yield _field("is_partial", _column("is_partial"))
    if cube.horizon:
        yield _field(cube.horizon, _column(cube.horizon), ("days ahead",))
    if view.is_rollup:
        yield _field("level", _column("level"))
    for dimension in cube.dimensions.values():
        if dimension.join or dimension.column in view.table.column_names:
            yield from _fields(dimension)


def _fields(dimension: Dimension) -> Iterator[Document]:
    shown = _column(dimension.column, dimension.join or FACTS)
    if dimension.key:
        key = _column(dimension.key)
        yield _field(dimension.name, f"COALESCE({shown}, CAST({key} AS STRING))", dimension.words)
        yield _field(key_name(dimension), key)
    else:
        yield _field(dimension.name, shown, dimension.words)


def key_name(dimension: Dimension) -> str:
    """Return what the key of a dimension is called in a view."""
    return f"{dimension.name}_key"


def _column(name: str, table: str = FACTS) -> str:
    return _sql(exp.column(name), table)


def _field(name: str, expression: str, words: tuple[str, ...] = ()) -> Document:
    described = {"name": name, "expr": expression, "display_name": name.replace("_", " ")}
    return described | ({"synonyms": list(words[:SYNONYMS])} if words else {})


def _measure(view: MetricView, measure: Measure) -> Document:
    expression, single = _sql(measure.sql), list(_single(view, measure))
    if single:
        same = " AND ".join(f"MIN({_sql(column)}) = MAX({_sql(column)})" for column in single)
        expression = f"CASE WHEN {same} THEN {expression} END"
    field = _field(measure.name, expression, measure.words) | {"format": copy.deepcopy(_FORMATS[measure.unit])}
    named = ", ".join(column.sql(dialect=DIALECT) for column in single)
    return field | ({"comment": f"NULL over rows that differ in {named}."} if single else {})


def _single(view: MetricView, measure: Measure) -> Iterator[exp.Expression]:
    """Yield what must be the same in all rows of a group, for the measure to mean something."""
    cube, adds_up = view.cube, measure.adds_up
    if cube.kind == SNAPSHOTS:
        yield exp.column(cube.time)
        if cube.horizon:
            yield exp.column(cube.horizon)
    if cube.kind == PERIODS:
        for name in view.table.key:
            overlaps = adds_up == NOWHERE if name == cube.time else adds_up != EVERYWHERE or name == "level"
            if overlaps:
                yield exp.column(name)
    for dimension in cube.dimensions.values():
        if dimension.total is not None:
            yield exp.column(dimension.column).eq(exp.Literal.string(dimension.total))


def _newest(view: MetricView) -> Iterator[Document]:
    time = _column(view.cube.time)
    if view.cube.kind == SNAPSHOTS:
        yield _field(NEWEST, f"MAX({time})")
    elif view.cube.kind == PERIODS:
        yield _field(NEWEST_WHOLE, f"MAX(CASE WHEN NOT {_column('is_partial')} THEN {time} END)")
