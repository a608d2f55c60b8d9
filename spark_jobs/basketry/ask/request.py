"""What is asked for, apart from the words: measures by dimensions, filters, time, comparison, ranking."""

from __future__ import annotations

from dataclasses import dataclass

from basketry.metrics.comparison import Comparison
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
    """Only results above or below a number. measure: None for the change of a comparison; operator: >, >=, < or <=."""

    measure: Measure | None
    operator: str
    number: float


@dataclass(frozen=True)
class Request:
    """A question to one cube.

    groups: a row for each of their members; bucket: a row for each day, week …; comparison: of the period with another one;
    lacking: why its change must not be shown, '' when it may; top: how many rows of the ranking, None for all; horizon: days
    ahead; counted: how many members there are is asked.
    """

    cube: Cube
    measures: tuple[Measure, ...]
    groups: tuple[Dimension, ...] = ()
    filters: tuple[Filter, ...] = ()
    period: Period | None = None
    comparison: Comparison | None = None
    lacking: str = ""
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
        used = (*self.groups, *(one.dimension for one in self.filters), *((self.counted,) if self.counted else ()))
        return tuple(dict((one.name, one) for one in used).values())
