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
    """A number that can be asked for.

    Attributes:
        name: Its name in the file.
        sql: An aggregate over the cube's columns.
        unit: One of UNITS.
        adds_up: Over what it may be summed, one of ADDS_UP.
        words: What people also call it.
    """

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
    """What a measure is broken down by.

    Attributes:
        name: Its name in the file.
        column: What is shown.
        words: What people also call it.
        key: The column that tells two members of one name apart.
        join: The name of the join from which the column comes.
        named: Whether its members have names.
        members: Further words by member.
        total: The member that holds the sum of the others, None where none does.
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
    """A table that adds columns to a row.

    Attributes:
        name: Its name in the file.
        table: schema.table.
        on: The column of this table by the column of the cube's.
    """

    name: str
    table: str
    on: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Cube:
    """One kind of fact.

    Attributes:
        name: Its name in the file.
        meaning: What it is, for people.
        kind: One of KINDS.
        table: schema.table, with {grain} where the kind is periods.
        time: The column of the day.
        measures: By name.
        dimensions: By name.
        rollup: The table of sums, like `table`.
        where: The condition that always holds.
        horizon: The column of the days ahead.
        joins: By name.
        lists: What is shown of a member that is listed.
        words: Words that say that a question is about this cube.
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
    """The whole file.

    Attributes:
        cubes: By name.
        defaults: The cube of a word that several have.
        unclear: What a vague word could mean.
    """

    cubes: Mapping[str, Cube]
    defaults: Mapping[str, str]
    unclear: Mapping[str, tuple[str, ...]]

    def measures(self) -> Iterator[tuple[Cube, Measure]]:
        """Yield every measure with its cube, in order."""
        for cube in self.cubes.values():
            for measure in cube.measures.values():
                yield cube, measure
