"""The table that answers a request exactly: which grain, which level, and whether the numbers may be added up at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from basketry.ask.model import NotUnderstoodError
from basketry.ask.request import Request
from basketry.metrics.model import EVERYWHERE, NOWHERE, PERIODS
from basketry.tables import GRAINS


@dataclass(frozen=True)
class Source:
    """Where a request's rows come from.

    Attributes:
        table: schema.table.
        level: Of a rollup table's rows, None in any other.
        grain: Of a table of periods.
    """

    table: str
    level: str | None = None
    grain: str | None = None


def source_of(request: Request, today: date) -> Source:
    """Return the smallest table that answers exactly; NotUnderstoodError when none does."""
    cube = request.cube
    if cube.kind != PERIODS:
        return Source(cube.table)
    level = _level(request)
    for grain in _grains(request, today):
        pattern = cube.rollup if level and cube.rollup else cube.table
        return Source(pattern.format(grain=grain), level, grain)
    not_additive = next(measure for measure in request.measures if measure.adds_up == NOWHERE)
    raise NotUnderstoodError(
        f"{not_additive.label} cannot be added up over several periods, because who comes twice would count twice:"
        " ask for one day, week, month or year, or by month."
    )


def _level(request: Request) -> str | None:
    """Return the level of the rollup that has the dimensions asked for; None where only the rows of products do."""
    names = {dimension.name for dimension in request.dimensions}
    if not request.cube.rollup or not names <= {"department", "category"}:
        _check_adds_up(request, names)
        return None
    return "category" if "category" in names else "department" if names else "total"


def _check_adds_up(request: Request, names: set[str]) -> None:
    """Refuse to add distinct counts of products up to brands and the like: a product must be a row of its own."""
    for measure in request.measures:
        if measure.adds_up != EVERYWHERE and "product" not in {dimension.name for dimension in request.groups}:
            raise NotUnderstoodError(
                f"{measure.label} cannot be added up over products, because one order may hold several:"
                " ask by category, by department, or by product."
            )


def _grains(request: Request, today: date) -> Iterator[str]:
    """Yield the grains whose periods answer the request, the coarsest first."""
    spans = [span for span in (request.period, request.before) if span is not None]
    is_distinct = any(measure.adds_up == NOWHERE for measure in request.measures)
    for grain in reversed(GRAINS):
        if not _nests(grain, request.bucket) or not all(span.tiled_by(grain, today) for span in spans):
            continue
        single = not request.bucket and spans and all(span.is_one(grain, today) for span in spans)
        if not is_distinct or request.bucket == grain or single:
            yield grain


def _nests(grain: str, bucket: str | None) -> bool:
    """Return whether periods of the grain lie within those of the bucket."""
    if bucket is None or grain == bucket or grain == "day":
        return True
    return grain == "month" and bucket in ("quarter", "year")
