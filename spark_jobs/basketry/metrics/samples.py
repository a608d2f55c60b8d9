"""Queries that are always true of a cube: without a date of today in them, for dashboards and for Genie's examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from basketry.metrics.model import PERIODS, SNAPSHOTS, Cube, Dimension, Metrics
from basketry.tables import TABLES

DIALECT = "databricks"
HORIZON = 28
GRAIN = "month"
"""The periods of a sample that is broken down by something else than time."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A question with its query.

    Attributes:
        question: In plain words.
        sql: In Databricks SQL.
        dimensions: The first columns, in order.
        measures: The columns after them, in order.
        time: The name of the first column where it is a date.
    """

    question: str
    sql: str
    dimensions: tuple[str, ...]
    measures: tuple[str, ...]
    time: str | None = None


def open_cubes(metrics: Metrics) -> tuple[Cube, ...]:
    """Return the cubes none of whose tables holds personal data."""
    personal = {table.full_name for table in TABLES if table.pii_columns}
    return tuple(cube for cube in metrics.cubes.values() if not personal & set(cube.tables))


def by_dimension(cube: Cube, dimension: str, measures: Sequence[str], grain: str = GRAIN, top: int = 20) -> Sample:
    """Return measures by a dimension: over the newest whole period of the grain, or as of the newest date."""
    shown = cube.dimensions[dimension]
    facts = _facts(cube, shown)
    label = (
        exp.func(
            "COALESCE", _column(shown.column, shown.join, facts), exp.cast(_column(shown.key, None, facts), "string")
        )
        if shown.key
        else (_column(shown.column, shown.join, facts))
    )
    groups = [_column(shown.column, shown.join, facts), *([_column(shown.key, None, facts)] if shown.key else [])]
    query = _selected(cube, [(dimension, label)], measures, facts)
    query = _from(query, cube, shown, grain, level=dimension if dimension in ("category", "department") else None)
    query = query.where(*_conditions(cube, (shown,), grain, facts)).group_by(*groups)
    query = query.order_by(exp.Ordered(this=exp.column(measures[0]), desc=True, nulls_first=False)).limit(top)
    names = " and ".join(cube.measures[name].label for name in measures)
    when = f" last {grain}" if cube.kind == PERIODS else ""
    return Sample(
        question=f"{names} by {shown.label}{when}",
        sql=query.sql(dialect=DIALECT, pretty=True),
        dimensions=(dimension,),
        measures=tuple(measures),
    )


def over_time(cube: Cube, measures: Sequence[str], grain: str = GRAIN) -> Sample:
    """Return measures of everything by period, or by as-of date."""
    name = grain if cube.kind == PERIODS else "day"
    time = exp.cast(exp.column(cube.time), "date") if cube.kind not in (PERIODS, SNAPSHOTS) else exp.column(cube.time)
    query = _selected(cube, [(name, time)], measures, None)
    query = _from(query, cube, None, grain, level="total").where(*_totals(cube, ()), *_always(cube, None))
    if cube.kind == PERIODS:
        query = query.where(exp.column("level").eq(exp.Literal.string("total")))
    query = query.group_by(time.copy()).order_by(exp.column(name)).limit(1000)
    names = " and ".join(cube.measures[measure_name].label for measure_name in measures)
    return Sample(
        question=f"{names} by {name}",
        sql=query.sql(dialect=DIALECT, pretty=True),
        dimensions=(name,),
        measures=tuple(measures),
        time=name,
    )


def _selected(
    cube: Cube, shown: Sequence[tuple[str, exp.Expression]], measures: Sequence[str], facts: str | None
) -> exp.Select:
    numbers = [exp.alias_(_qualified(cube.measures[name].sql, facts), name) for name in measures]
    return exp.select(*(exp.alias_(tree.copy(), name) for name, tree in shown), *numbers)


def _facts(cube: Cube, dimension: Dimension) -> str | None:
    return "facts" if dimension.join else None


def _column(name: str | None, join: str | None, facts: str | None) -> exp.Column:
    return exp.column(str(name), table=join or facts)


def _qualified(tree: exp.Expression, facts: str | None) -> exp.Expression:
    copied = tree.copy()
    for column in copied.find_all(exp.Column) if facts else ():
        column.set("table", exp.to_identifier(facts))
    return copied


def _from(query: exp.Select, cube: Cube, dimension: Dimension | None, grain: str, level: str | None) -> exp.Select:
    name = (cube.rollup if cube.rollup and level else cube.table).format(grain=grain)
    if dimension is None or not dimension.join:
        return query.from_(exp.to_table(name))
    join = cube.joins[dimension.join]
    on = exp.and_(*(exp.column(a, table="facts").eq(exp.column(b, table=join.name)) for a, b in join.on.items()))
    query = query.from_(exp.alias_(exp.to_table(name), "facts", table=True))
    return query.join(exp.alias_(exp.to_table(join.table), join.name, table=True), on=on, join_type="left")


def _conditions(cube: Cube, used: Sequence[Dimension], grain: str, facts: str | None) -> list[exp.Expression]:
    """Return the newest whole period, or the newest as-of date; and what always holds."""
    conditions = [*_totals(cube, used, facts), *_always(cube, facts)]
    table = cube.table.format(grain=grain)
    newest = exp.select(exp.Max(this=exp.column(cube.time))).from_(exp.to_table(table))
    time = _column(cube.time, None, facts)
    if cube.kind == PERIODS:
        newest = newest.where(exp.not_(exp.column("is_partial")))
        if used and used[0].name in ("category", "department"):
            conditions.append(exp.column("level").eq(exp.Literal.string(used[0].name)))
    return [*conditions, time.eq(newest.subquery())] if cube.kind in (PERIODS, SNAPSHOTS) else conditions


def _totals(cube: Cube, used: Sequence[Dimension], facts: str | None = None) -> list[exp.Expression]:
    conditions = []
    for dimension in cube.dimensions.values():
        if dimension.total is not None:
            column, total = _column(dimension.column, None, facts), exp.Literal.string(dimension.total)
            conditions.append(column.neq(total) if dimension in used else column.eq(total))
    return conditions


def _always(cube: Cube, facts: str | None) -> list[exp.Expression]:
    conditions = [_qualified(cube.where, facts)] if cube.where is not None else []
    if cube.horizon:
        conditions.append(_column(cube.horizon, None, facts).eq(exp.Literal.number(HORIZON)))
    return conditions
