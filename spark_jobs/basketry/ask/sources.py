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
    """Where a request's rows come from. level: of a rollup table's rows, None in any other; grain: of periods."""

    table: str
    level: str | None = None
    grain: str | None = None


def source_of(request: Request, today: date) -> Source:
    """The smallest table that answers exactly; NotUnderstoodError when none does."""
    cube = request.cube
    if cube.kind != PERIODS:
        return Source(cube.table)
    level = _level(request)
    for grain in _grains(request, today):
        pattern = cube.rollup if level and cube.rollup else cube.table
        return Source(pattern.format(grain=grain), level, grain)
    only = next(one for one in request.measures if one.adds_up == NOWHERE)
    raise NotUnderstoodError(
        f"{only.label} cannot be added up over several periods, because who comes twice would count twice:"
        " ask for one day, week, month or year, or by month."
    )


def _level(request: Request) -> str | None:
    """The level of the rollup that has the dimensions asked for; None where only the rows of products do."""
    names = {dimension.name for dimension in request.dimensions}
    if not request.cube.rollup or not names <= {"department", "category"}:
        _check_adds_up(request, names)
        return None
    return "category" if "category" in names else "department" if names else "total"


def _check_adds_up(request: Request, names: set[str]) -> None:
    """Distinct counts of products may not be added up to brands and the like: a product must be a row of its own."""
    for measure in request.measures:
        if measure.adds_up != EVERYWHERE and "product" not in {one.name for one in request.groups}:
            raise NotUnderstoodError(
                f"{measure.label} cannot be added up over products, because one order may hold several:"
                " ask by category, by department, or by product."
            )


def _grains(request: Request, today: date) -> Iterator[str]:
    """The grains whose periods answer the request, the coarsest first."""
    spans = [one for one in (request.period, request.before) if one is not None]
    whole = any(measure.adds_up == NOWHERE for measure in request.measures)
    for grain in reversed(GRAINS):
        if not _nests(grain, request.bucket) or not all(one.tiled_by(grain, today) for one in spans):
            continue
        single = not request.bucket and spans and all(one.is_one(grain, today) for one in spans)
        if not whole or request.bucket == grain or single:
            yield grain


def _nests(grain: str, bucket: str | None) -> bool:
    """Whether periods of the grain lie within those of the bucket."""
    if bucket is None or grain == bucket or grain == "day":
        return True
    return grain == "month" and bucket in ("quarter", "year")
