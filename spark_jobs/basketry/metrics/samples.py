"""Queries that are always true of a cube: without a date of today in them, for dashboards and for Genie's examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from basketry.metrics.model import PERIODS, SNAPSHOTS, Cube, Dimension, Metrics
from basketry.tables import TABLES

DIALECT = "databricks"
HORIZON = 28


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A question with its query. dimensions, measures: the columns, in order; day: whether the first is a date."""

    question: str
    sql: str
    dimensions: tuple[str, ...]
    measures: tuple[str, ...]
    time: str | None = None


def open_cubes(metrics: Metrics) -> tuple[Cube, ...]:
    """The cubes none of whose tables holds personal data."""
    personal = {table.full_name for table in TABLES if table.pii_columns}
    return tuple(cube for cube in metrics.cubes.values() if not personal & set(cube.tables))


def by_dimension(cube: Cube, dimension: str, measures: Sequence[str], grain: str = "month", top: int = 20) -> Sample:
    """Measures by a dimension: over the newest whole period of the grain, or as of the newest date."""
    one = cube.dimensions[dimension]
    facts = _facts(cube, one)
    label = (
        exp.func("COALESCE", _column(one.column, one.join, facts), exp.cast(_column(one.key, None, facts), "string"))
        if one.key
        else (_column(one.column, one.join, facts))
    )
    groups = [_column(one.column, one.join, facts), *([_column(one.key, None, facts)] if one.key else [])]
    query = _selected(cube, [(dimension, label)], measures, facts)
    query = _from(query, cube, one, grain, level=dimension if dimension in ("category", "department") else None)
    query = query.where(*_conditions(cube, (one,), grain, facts)).group_by(*groups)
    query = query.order_by(exp.Ordered(this=exp.column(measures[0]), desc=True, nulls_first=False)).limit(top)
    names = " and ".join(cube.measures[name].label for name in measures)
    when = f" last {grain}" if cube.kind == PERIODS else ""
    return Sample(
        question=f"{names} by {one.label}{when}",
        sql=query.sql(dialect=DIALECT, pretty=True),
        dimensions=(dimension,),
        measures=tuple(measures),
    )


def over_time(cube: Cube, measures: Sequence[str], grain: str = "month") -> Sample:
    """Measures of everything by period, or by as-of date."""
    name = grain if cube.kind == PERIODS else "day"
    time = exp.cast(exp.column(cube.time), "date") if cube.kind not in (PERIODS, SNAPSHOTS) else exp.column(cube.time)
    query = _selected(cube, [(name, time)], measures, None)
    query = _from(query, cube, None, grain, level="total").where(*_totals(cube, ()), *_always(cube, None))
    if cube.kind == PERIODS:
        query = query.where(exp.column("level").eq(exp.Literal.string("total")))
    query = query.group_by(time.copy()).order_by(exp.column(name)).limit(1000)
    names = " and ".join(cube.measures[one].label for one in measures)
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
    numbers = [exp.alias_(_told(cube.measures[name].sql, facts), name) for name in measures]
    return exp.select(*(exp.alias_(tree.copy(), name) for name, tree in shown), *numbers)


def _facts(cube: Cube, dimension: Dimension) -> str | None:
    return "facts" if dimension.join else None


def _column(name: str | None, join: str | None, facts: str | None) -> exp.Column:
    return exp.column(str(name), table=join or facts)


def _told(tree: exp.Expression, facts: str | None) -> exp.Expression:
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
    """The newest whole period, or the newest as-of date; and what always holds."""
    found = [*_totals(cube, used, facts), *_always(cube, facts)]
    table = cube.table.format(grain=grain)
    newest = exp.select(exp.Max(this=exp.column(cube.time))).from_(exp.to_table(table))
    time = _column(cube.time, None, facts)
    if cube.kind == PERIODS:
        newest = newest.where(exp.not_(exp.column("is_partial")))
        if used and used[0].name in ("category", "department"):
            found.append(exp.column("level").eq(exp.Literal.string(used[0].name)))
    return [*found, time.eq(newest.subquery())] if cube.kind in (PERIODS, SNAPSHOTS) else found


def _totals(cube: Cube, used: Sequence[Dimension], facts: str | None = None) -> list[exp.Expression]:
    found = []
    for one in cube.dimensions.values():
        if one.total is not None:
            column, total = _column(one.column, None, facts), exp.Literal.string(one.total)
            found.append(column.neq(total) if one in used else column.eq(total))
    return found


def _always(cube: Cube, facts: str | None) -> list[exp.Expression]:
    found = [_told(cube.where, facts)] if cube.where is not None else []
    if cube.horizon:
        found.append(_column(cube.horizon, None, facts).eq(exp.Literal.number(HORIZON)))
    return found
