"""What can be asked: cubes of measures and dimensions over declared tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from basketry.tables import GRAINS

PERIODS, SNAPSHOTS, EVENTS = "periods", "snapshots", "events"
KINDS = (PERIODS, SNAPSHOTS, EVENTS)
EVERYWHERE, TIME, NOWHERE = "everywhere", "time", "nowhere"
ADDS_UP = (EVERYWHERE, TIME, NOWHERE)
UNITS = ("money", "count", "share", "number")


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number that is asked for. sql: an aggregate over the cube's columns; adds_up: over what it may be summed."""

    name: str
    sql: exp.Expression
    unit: str
    adds_up: str
    words: tuple[str, ...]

    @property
    def label(self) -> str:
        """Its name for people."""
        return self.name.replace("_", " ")


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """What a measure is told by. column: what is shown; key: tells two of one name apart; named: members have names.

    members: further words by member; total: the member that holds the sum of the others, None where none does.
    join: name of the join that the column comes from.
    """

    name: str
    column: str
    words: tuple[str, ...]
    key: str | None = None
    join: str | None = None
    named: bool = True
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    total: str | None = None

    @property
    def label(self) -> str:
        """Its name for people."""
        return self.name.replace("_", " ")


@dataclass(frozen=True)
class Join:
    """A table that adds columns to a row. on: column of the cube's table by column of this one."""

    name: str
    table: str
    on: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Cube:
    """One kind of fact. table, rollup: schema.table, with {grain} where kind is periods; where: what always holds.

    horizon: column of the days ahead; lists: what is shown of a member that is listed; words: they say it is about this.
    """

    name: str
    meaning: str
    kind: str
    table: str
    time: str
    measures: Mapping[str, Measure]
    dimensions: Mapping[str, Dimension]
    rollup: str | None = None
    where: exp.Expression | None = None
    horizon: str | None = None
    joins: Mapping[str, Join] = field(default_factory=dict)
    lists: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """Every table that its queries may read."""
        patterns = (self.table, *((self.rollup,) if self.rollup else ()))
        grains = GRAINS if self.kind == PERIODS else ("",)
        own = (pattern.format(grain=grain) for pattern in patterns for grain in grains)
        return (*own, *(join.table for join in self.joins.values()))


@dataclass(frozen=True)
class Metrics:
    """The whole file. defaults: the cube of a word that several have; unclear: what a vague word could mean."""

    cubes: Mapping[str, Cube]
    defaults: Mapping[str, str]
    unclear: Mapping[str, tuple[str, ...]]

    def measures(self) -> Iterator[tuple[Cube, Measure]]:
        """Every measure with its cube, in order."""
        for cube in self.cubes.values():
            for measure in cube.measures.values():
                yield cube, measure
