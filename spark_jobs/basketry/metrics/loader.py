"""Reads include/metrics.yaml; a mistake is reported with file, line and the nearest right word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Self

import sqlglot
from pydantic import BeforeValidator, model_validator
from sqlglot import exp
from sqlglot.errors import SqlglotError

from basketry.access.guard import ALLOWED
from basketry.config.documents import did_you_mean
from basketry.config.locator import load_document
from basketry.config.model import Document, Label, Placed, PlacedText, Text, choose, one_of
from basketry.metrics.model import ADDS_UP, EVERYWHERE, KINDS, PERIODS, UNITS, Cube, Dimension, Join, Measure, Metrics
from basketry.tables import GRAINS, TABLES, Table, propensity_wide

FILE = "metrics.yaml"
_KNOWN = {table.full_name: table for table in (*TABLES, propensity_wide(()))}
_Column = Annotated[PlacedText, Label("column")]
_Table = Annotated[PlacedText, Label("table")]
_Sql = Annotated[PlacedText, Label("SQL")]
_Words = Annotated[tuple[Annotated[Text, Label("words of {1}")], ...], Label("words of {1}")]
_Member = Annotated[tuple[Annotated[Text, Label("words of {0}")], ...], Label("words of {0}")]
_Meanings = Annotated[tuple[Annotated[Text, Label("unclear '{0}'")], ...], Label("unclear '{0}'")]


class MeasureDocument(Document, title="measure {0}"):
    """A measure as it is written."""

    sql: _Sql
    unit: Annotated[str, one_of(UNITS)]
    adds_up: Annotated[str, one_of(ADDS_UP)] = EVERYWHERE
    words: _Words = ()


class DimensionDocument(Document, title="dimension {0}"):
    """A dimension as it is written; where its members have no names, `members` is None."""

    column: _Column
    key: _Column | None = None
    words: _Words = ()
    members: Annotated[
        Mapping[str, _Member] | None,
        BeforeValidator(lambda members: None if members == "none" else members),
        Label("members of {1}"),
    ] = {}
    total: str | None = None


class JoinDocument(Document, title="join {0}"):
    """A join as it is written."""

    table: _Table
    on: Mapping[str, _Column]


class CubeDocument(Document, title="cube {0}"):
    """A cube as it is written."""

    meaning: Text
    kind: Annotated[str, one_of(KINDS), Label("kind of {1}")]
    table: _Table
    time: _Column
    dimensions: Mapping[str, DimensionDocument]
    measures: Mapping[str, MeasureDocument]
    rollup: _Table | None = None
    where: _Sql | None = None
    horizon: _Column | None = None
    joins: Mapping[str, JoinDocument] = {}
    lists: tuple[Annotated[PlacedText, Label("measure or dimension")], ...] = ()
    words: _Words = ()


class MetricsDocument(Document, title="the metrics"):
    """The whole file."""

    cubes: Mapping[str, CubeDocument]
    defaults: Mapping[str, Annotated[Text, Label("cube of '{0}'")]] = {}
    unclear: Mapping[str, _Meanings] = {}

    @model_validator(mode="after")
    def _check_defaults(self) -> Self:
        for word, cube in self.defaults.items():
            choose(cube, self.cubes, "defaults", word)
        return self


def load_metrics(include: Path) -> Metrics:
    """Read the metrics; a ContractError names file, line and what is wrong."""
    document = load_document(MetricsDocument, include / FILE, f"{include.name}/{FILE}")
    cubes = {name: _cube(name, cube) for name, cube in document.cubes.items()}
    return Metrics(cubes, document.defaults, document.unclear)


def _cube(name: str, document: CubeDocument) -> Cube:
    tables = _tables(document.table, document.kind)
    if document.rollup is not None:
        _tables(document.rollup, document.kind)
    joins = {key: _join(key, join, tables[0]) for key, join in document.joins.items()}
    columns = {column for table in tables for column in table.column_names}
    measures = {key: _measure(key, measure, columns) for key, measure in document.measures.items()}
    dimensions = {key: _dimension(key, dimension, columns, joins) for key, dimension in document.dimensions.items()}
    for entry in document.lists:
        entry.node.choice("measure or dimension", (*measures, *dimensions))
    return Cube(
        name=name,
        meaning=document.meaning,
        kind=document.kind,
        table=str(document.table),
        time=_column(document.time, columns),
        measures=measures,
        dimensions=dimensions,
        rollup=None if document.rollup is None else str(document.rollup),
        where=None if document.where is None else _expression(document.where, columns),
        horizon=None if document.horizon is None else _column(document.horizon, columns),
        joins=joins,
        words=document.words,
        lists=tuple(map(str, document.lists)),
    )


def _tables(text: Placed, kind: str) -> list[Table]:
    """Return the declared tables for which the name stands: one for each grain where the kind is periods."""
    if (kind == PERIODS) != ("{grain}" in text):
        text.fail(f"'{text}': a cube of periods has a table for each {{grain}}, and only such a one.")
    names = [text.replace("{grain}", grain) for grain in GRAINS] if kind == PERIODS else [str(text)]
    for name in names:
        if name not in _KNOWN:
            text.fail(f"there is no table {name}; {did_you_mean(name, _KNOWN)}")
    return [_KNOWN[name] for name in names]


def _join(name: str, document: JoinDocument, table: Table) -> Join:
    (joined,) = _tables(document.table, "")
    on = {left: _column(right, joined.column_names) for left, right in document.on.items()}
    for left, right in document.on.items():
        _named(left, right, table.column_names)
    if set(on.values()) != set(joined.key):
        key = ", ".join(joined.key)
        document.table.fail(f"join {name} must be on the key of {joined.full_name} ({key}), else rows repeat.")
    return Join(name, joined.full_name, on)


def _measure(name: str, document: MeasureDocument, columns: Iterable[str]) -> Measure:
    tree = _expression(document.sql, columns)
    for column in tree.find_all(exp.Column):
        if not column.find_ancestor(exp.AggFunc):
            document.sql.fail(f"{column.name} of measure {name} stands outside SUM, COUNT, AVG, MIN and MAX.")
    return Measure(name=name, sql=tree, unit=document.unit, adds_up=document.adds_up, words=document.words)


def _dimension(name: str, document: DimensionDocument, columns: Iterable[str], joins: Mapping[str, Join]) -> Dimension:
    join, _, column = document.column.rpartition(".")
    if join:
        joined = [f"{key}.{name}" for key, joining in joins.items() for name in _KNOWN[joining.table].column_names]
        document.column.node.choice("column", joined)
    else:
        _column(document.column, columns)
    return Dimension(
        name=name,
        column=column,
        words=document.words,
        key=None if document.key is None else _column(document.key, columns),
        join=join or None,
        named=document.members is not None,
        members=document.members or {},
        total=document.total,
    )


def _expression(text: Placed, columns: Iterable[str]) -> exp.Expression:
    """Parse SQL of harmless expressions over the cube's columns."""
    try:
        select = sqlglot.parse_one(f"SELECT {text}", dialect="databricks")
    except SqlglotError:
        text.fail(f"'{text}' is no SQL expression; write one like SUM(net_revenue).")
    if not isinstance(select, exp.Select) or len(select.expressions) != 1 or select.find(exp.From):
        text.fail(f"'{text}' is more than one expression; write one like SUM(net_revenue).")
    tree = select.expressions[0]
    for part in tree.walk():
        if type(part) not in ALLOWED or isinstance(part, (exp.Select, exp.Alias)):
            text.fail(f"'{text}' uses {part.sql()}, which may not be asked; write one like SUM(net_revenue).")
        if isinstance(part, exp.Column):
            _named(part.name, text, columns)
    return tree


def _column(text: Placed, columns: Iterable[str]) -> str:
    return _named(str(text), text, columns)


def _named(name: str, text: Placed, columns: Iterable[str]) -> str:
    return name if name in columns else text.fail(f"there is no column {name}; {did_you_mean(name, columns)}")
