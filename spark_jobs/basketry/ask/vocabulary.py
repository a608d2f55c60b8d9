"""What a team can ask about: the cubes it may read and that are filled, and the members that the data names."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from datetime import date, datetime

from sqlglot import exp

from basketry.access.guard import visible_columns
from basketry.ask.lexicon import Lexicon
from basketry.ask.planning import DIALECT
from basketry.metrics.model import EVENTS, PERIODS, Cube, Dimension, Metrics
from basketry.warehouse.cache import Cache
from basketry.warehouse.model import Warehouse

MOST_MEMBERS = 20_000
"""Most members of a dimension that a question can name; of more the first by name are known."""

_lexicons: weakref.WeakKeyDictionary[Warehouse, Cache[Lexicon]] = weakref.WeakKeyDictionary()


def readable_cubes(metrics: Metrics, warehouse: Warehouse, team: str) -> tuple[Cube, ...]:
    """Return the cubes whose every table the team may read and that exist by now; AccessRefusedError for no team."""
    reader = warehouse.grants.team(team)
    tables = warehouse.grants.tables
    allowed = [cube for cube in metrics.cubes.values() if all(reader.may_read(tables[name]) for name in cube.tables)]
    needed = {name: None for cube in allowed for name in cube.tables}
    filled = {state.name for state in warehouse.states(list(needed))}
    return tuple(cube for cube in allowed if filled.issuperset(cube.tables) and _sees(cube, warehouse, team))


def _sees(cube: Cube, warehouse: Warehouse, team: str) -> bool:
    """Return whether the team sees every column that the cube's own parts need."""
    base = cube.table.format(grain="day")
    columns = set(visible_columns(warehouse.grants, team, base))
    used = {cube.time, *(dimension.column for dimension in cube.dimensions.values() if not dimension.join)}
    used |= {column.name for measure in cube.measures.values() for column in measure.sql.find_all(exp.Column)}
    return used <= columns


def lexicon_of(metrics: Metrics, warehouse: Warehouse, team: str) -> Lexicon:
    """Return the words of a team; remembered until a table from which members come has a new version."""
    cubes = readable_cubes(metrics, warehouse, team)
    states = warehouse.states(list(dict.fromkeys(name for cube in cubes for name in cube.tables)))
    key = (team, id(metrics), tuple((state.name, state.version) for state in states))
    cache = _lexicons.setdefault(warehouse, Cache(16))
    return cache.get(key, lambda: Lexicon(metrics, cubes, dict(_members(cubes, warehouse, team))))


def _members(cubes: tuple[Cube, ...], warehouse: Warehouse, team: str) -> Iterator[tuple[tuple[str, str], list[str]]]:
    for cube in cubes:
        for dimension in cube.dimensions.values():
            if dimension.named:
                sql = members_query(cube, dimension).sql(dialect=DIALECT)
                rows = warehouse.query(sql, team=team, limit=MOST_MEMBERS)
                yield (cube.name, dimension.name), [str(value) for (value,) in rows.rows if value != dimension.total]


def members_query(cube: Cube, dimension: Dimension) -> exp.Select:
    """Return the query of a dimension's members; of a cube of periods the years' table has them all in the fewest rows."""
    table = cube.joins[dimension.join].table if dimension.join else cube.table.format(grain="year")
    column = exp.column(dimension.column)
    conditions = [exp.not_(exp.Is(this=column, expression=exp.null()))]
    if cube.where is not None and not dimension.join:
        conditions.append(cube.where.copy())
    query = exp.select(column).distinct().from_(exp.to_table(table)).where(*conditions)
    return query.order_by(column.copy())


def first_data_day(cube: Cube, warehouse: Warehouse, team: str) -> date | None:
    """Return the first day that the cube knows; None when it is empty."""
    return _edge(cube, warehouse, team, which=exp.Min)


def newest_data_day(cube: Cube, warehouse: Warehouse, team: str, until: date | None = None) -> date | None:
    """Return the last day that the cube knows, at most `until`; None when it is empty."""
    return _edge(cube, warehouse, team, which=exp.Max, until=until)


def _edge(
    cube: Cube, warehouse: Warehouse, team: str, which: type[exp.Min | exp.Max], until: date | None = None
) -> date | None:
    column = exp.column(cube.time)
    query = exp.select(exp.alias_(which(this=column), "edge")).from_(exp.to_table(cube.table.format(grain="day")))
    if cube.kind == PERIODS and cube.rollup:
        query = query.from_(exp.to_table(cube.rollup.format(grain="day")))
    if until is not None:
        query = query.where(exp.LTE(this=column, expression=exp.cast(exp.Literal.string(until.isoformat()), "date")))
    edge = warehouse.query(query.sql(dialect=DIALECT), team=team).rows[0][0]
    if edge is not None and cube.kind == EVENTS and isinstance(edge, datetime):
        return edge.date()
    return edge if isinstance(edge, date) else None
