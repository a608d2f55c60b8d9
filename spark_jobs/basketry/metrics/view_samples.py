"""The samples of a cube as queries over its metric views: what Genie learns from."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from basketry.metrics.metric_views import NEWEST, NEWEST_WHOLE, MetricView, key_name
from basketry.metrics.model import PERIODS, SNAPSHOTS, Cube
from basketry.metrics.samples import DIALECT, GRAIN, HORIZON, Sample


def over_views(cube: Cube, sample: Sample, views: Sequence[MetricView]) -> Sample:
    """Return a sample of `samples_of` with the same question, asked of a metric view.

    Args:
        cube: The cube that it is of.
        sample: The question, and what is shown.
        views: Every view.
    """
    shown = next((name for name in sample.dimensions if name in cube.dimensions), None)
    level = "total" if shown is None else shown if shown in ("category", "department") else None
    grain = (sample.time or GRAIN) if cube.kind == PERIODS else ""
    is_rollup = level is not None and cube.rollup is not None
    view = next(v for v in views if (v.cube, v.grain, v.is_rollup) == (cube, grain, is_rollup))
    measures = [exp.alias_(exp.func("MEASURE", exp.column(name)), name) for name in sample.measures]
    if shown is None:
        query = exp.select(exp.alias_(exp.column(cube.time), sample.time), *measures).group_by(exp.column(cube.time))
        query = query.order_by(exp.column(str(sample.time))).limit(1000)
    else:
        dimension = cube.dimensions[shown]
        groups = [exp.column(shown), *([exp.column(key_name(dimension))] if dimension.key else [])]
        query = exp.select(exp.column(shown), *measures).group_by(*groups)
        first = exp.Ordered(this=exp.column(sample.measures[0]), desc=True, nulls_first=False)
        query = query.where(*_newest(view)).order_by(first).limit(20)
    if view.is_rollup:
        query = query.where(exp.column("level").eq(exp.Literal.string(str(level))))
    query = query.from_(exp.to_table(view.full_name)).where(*_conditions(cube, shown))
    return Sample(
        question=sample.question,
        sql=query.sql(dialect=DIALECT, pretty=True),
        dimensions=sample.dimensions,
        measures=sample.measures,
        time=sample.time,
    )


def _newest(view: MetricView) -> list[exp.Expression]:
    cube = view.cube
    if cube.kind not in (PERIODS, SNAPSHOTS):
        return []
    measure = exp.column(NEWEST if cube.kind == SNAPSHOTS else NEWEST_WHOLE)
    newest = exp.select(exp.func("MEASURE", measure)).from_(exp.to_table(view.full_name))
    return [exp.column(cube.time).eq(newest.subquery())]


def _conditions(cube: Cube, shown: str | None) -> list[exp.Expression]:
    """Return what picks the rows of sums or leaves them out, and the horizon."""
    conditions: list[exp.Expression] = []
    for dimension in cube.dimensions.values():
        if dimension.total is not None:
            column, total = exp.column(dimension.name), exp.Literal.string(dimension.total)
            conditions.append(column.neq(total) if dimension.name == shown else column.eq(total))
    if cube.horizon:
        conditions.append(exp.column(cube.horizon).eq(exp.Literal.number(HORIZON)))
    return conditions
