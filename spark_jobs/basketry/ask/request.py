"""What is asked for, apart from the words: measures by dimensions, filters, time, comparison, ranking."""

from __future__ import annotations

from dataclasses import dataclass

from basketry.metrics.comparison import PeriodComparison
from basketry.metrics.model import Cube, Dimension, Measure
from basketry.metrics.periods import Period


@dataclass(frozen=True)
class Filter:
    """Only, or without, the members of a dimension."""

    dimension: Dimension
    members: tuple[str, ...]
    excluded: bool = False


@dataclass(frozen=True)
class Bound:
    """Only results above or below a number.

    Attributes:
        measure: What is bounded; None for the change of a comparison.
        operator: >, >=, < or <=.
        number: The bound.
    """

    measure: Measure | None
    operator: str
    number: float


@dataclass(frozen=True, kw_only=True)
class Request:
    """A question to one cube.

    Attributes:
        cube: The cube.
        measures: What is measured.
        groups: The dimensions for each of whose members there is a row.
        filters: The members that are looked at, or left out.
        period: The days that are looked at.
        comparison: Of the period with another one.
        no_change_reason: Why its change must not be shown, '' when it may.
        bucket: day, week … for each of which there is a row.
        share: Whether each row's share of the whole is asked.
        growth: Whether rows are ranked or chosen by their change.
        top: How many rows of the ranking, None for all.
        descending: Whether the highest come first.
        bounds: Limits of the results.
        counted: The dimension whose members are counted.
        horizon: The days ahead, of a forecast.
        listing: Whether members are listed with their own values.
    """

    cube: Cube
    measures: tuple[Measure, ...]
    groups: tuple[Dimension, ...] = ()
    filters: tuple[Filter, ...] = ()
    period: Period | None = None
    comparison: PeriodComparison | None = None
    no_change_reason: str = ""
    bucket: str | None = None
    share: bool = False
    growth: bool = False
    top: int | None = None
    descending: bool = True
    bounds: tuple[Bound, ...] = ()
    counted: Dimension | None = None
    horizon: int | None = None
    listing: bool = False

    @property
    def before(self) -> Period | None:
        """The period compared with, None when nothing is compared."""
        return self.comparison.before if self.comparison else None

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Every dimension that the rows must have: grouped, filtered or counted."""
        used = (
            *self.groups,
            *(condition.dimension for condition in self.filters),
            *((self.counted,) if self.counted else ()),
        )
        return tuple(dict((dimension.name, dimension) for dimension in used).values())
