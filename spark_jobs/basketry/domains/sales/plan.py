"""Keeps the sales tables up to date by rewriting only the periods that a change touched.

Each table remembers, in its last commit, the versions of silver that it reflects and the as-of date up to which it looked,
and always equals a full rebuild from those. A sales row is keyed by its period, not by the as-of date of a run, so
looking up to an earlier day again must not take back what later runs have seen: a run looks up to its own as-of date
or the latest one of an earlier run, whichever is later. Hence runs may come in any order, be repeated or be killed
between two tables, and end the same. The first day of the data is remembered too: a period that begins before it is
partial, so when earlier lines come, or the earliest go, the periods of the old and of the new first day are written
again, even if no other change touched them. Only `--full` rebuilds everything as of exactly its date and forgets later ones.

No run looks past the last day that was delivered: a period is complete only when all of its days are there. If a table
says that it has looked past that day, its state counts for nothing: what a run for a future day wrote is written anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame

from basketry.domains.sales import core, touched_days
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.sql import date_literal, in_days
from basketry.retail.business_calendar import is_partial, period_end, period_start
from basketry.retail.coverage import last_delivered_day
from basketry.tables import GRAINS, ORDER_LINES, PRODUCTS, REVIEWS, SALES, SALES_ROLLUP, Table

INPUTS = (ORDER_LINES, PRODUCTS, REVIEWS)
SEEN_TO = "as_of"
"""Stored with the input versions of a commit: the as-of date up to which it looked, as a day number."""

FIRST_DAY = "first_day"
"""Stored with it: the first day of any line that counted, as a day number; tables from before it was stored are rebuilt."""

WRITERS = 2
"""The number of tables written side by side: a commit leaves a core idle half of its time, so more would only wait."""

State = Mapping[str, int]
"""What a table reflects: the version of each input by its full name, SEEN_TO and FIRST_DAY."""


@dataclass(frozen=True)
class Rewrite:
    """The periods of a table that are rewritten.

    Attributes:
        table: the sales table.
        grain: its grain, one of GRAINS.
        periods: the periods by their first days; None for all of them.
    """

    table: Table
    grain: str
    periods: tuple[date, ...] | None

    @property
    def where(self) -> str:
        """The SQL condition of the rewritten rows."""
        if self.periods is None:
            return "true"
        return in_days("period_start", self.periods) if self.periods else "false"

    def describe(self) -> str:
        """Describe the rewrite in a line for people."""
        name = self.table.full_name
        if not self.periods:
            return f"{name}: {'every' if self.periods is None else 'no'} {self.grain}"
        plural = "s" if len(self.periods) > 1 else ""
        last = period_end(self.periods[-1], self.grain)
        return f"{name}: {len(self.periods)} {self.grain}{plural}, {self.periods[0]} to {last}"


@dataclass(frozen=True)
class SalesPlan:
    """What a run rewrites.

    Attributes:
        as_of: the as-of date up to which it looks.
        first_day: the first day of the data.
        versions: the version of each input by its full name.
        rewrites: the periods to rewrite; empty if the sales are up to date.
    """

    as_of: date
    first_day: date
    versions: Mapping[str, int]
    rewrites: tuple[Rewrite, ...]

    @property
    def state(self) -> State:
        """What the written tables reflect afterwards."""
        return {**self.versions, SEEN_TO: self.as_of.toordinal(), FIRST_DAY: self.first_day.toordinal()}

    @property
    def extent(self) -> core.DataExtent:
        """The days for which there are data."""
        return core.DataExtent(self.first_day, self.as_of)

    def describe(self) -> tuple[str, ...]:
        """Describe the plan for people, in a line per table."""
        if not self.rewrites:
            return (f"sales are up to date as of {self.as_of}: nothing to rewrite",)
        return tuple(rewrite.describe() for rewrite in self.rewrites)


def plan_sales(lake: Lakehouse, as_of: date, *, full: bool = False) -> SalesPlan:
    """Plan what a run as of that day rewrites; nothing is written.

    Args:
        lake: the lake.
        as_of: the as-of date.
        full: whether everything is rebuilt as of exactly this date.

    Raises:
        BadInputError: if no order line was ever loaded.
    """
    versions = _input_versions(lake)
    last_delivered = last_delivered_day(lake) or as_of
    grains: dict[Table, str] = {table: grain for grain in GRAINS for table in (SALES[grain], SALES_ROLLUP[grain])}
    states = {} if full else _states(lake, list(grains), last_delivered)
    looked_to = [date.fromordinal(state[SEEN_TO]) for state in states.values() if SEEN_TO in state]
    plan = SalesPlan(
        as_of=max([min(as_of, last_delivered), *looked_to]),
        first_day=_first_day(lake, versions, states.values()),
        versions=versions,
        rewrites=(),
    )
    rewrites = []
    touched: dict[frozenset[tuple[str, int]], set[date] | None] = {}  # most tables share a state: it is compared once
    for table, grain in grains.items():
        state = states.get(table)
        if state is None:
            rewrites.append(Rewrite(table, grain, periods=None))
        elif state != plan.state:
            key = frozenset(state.items())
            if key not in touched:
                touched[key] = _touched_days(lake, state, plan)
            rewrites.append(Rewrite(table, grain, _periods_to_rewrite(touched[key], state, grain, plan)))
    return replace(plan, rewrites=tuple(rewrites))


def _input_versions(lake: Lakehouse) -> dict[str, int]:
    versions = lake.versions(*INPUTS)
    if ORDER_LINES.full_name not in versions or lake.read(ORDER_LINES).isEmpty():
        raise BadInputError(f"{ORDER_LINES.full_name} of catalog {lake.catalog} is empty: run ingest first.")
    return versions


def _first_day(lake: Lakehouse, versions: Mapping[str, int], states: Iterable[State]) -> date:
    """Return the first day of the data, which is looked up only if no table reflects these very order lines.

    It is date.max if no line counts: then there is no period that could begin before it either.
    """
    name = ORDER_LINES.full_name
    for state in states:
        if FIRST_DAY in state and state.get(name) == versions[name]:
            return date.fromordinal(state[FIRST_DAY])
    return core.first_counted_day(lake.read(ORDER_LINES, versions[name])) or date.max


def _states(lake: Lakehouse, tables: Sequence[Table], last_delivered: date) -> dict[Table, State]:
    """Return what each table reflects, without tables of unknown state and those that looked past the last day delivered."""
    with ThreadPoolExecutor(WRITERS) as pool:
        states = zip(tables, pool.map(lake.reflected_versions, tables), strict=True)
        return {
            table: state for table, state in states if state and state.get(SEEN_TO, 0) <= last_delivered.toordinal()
        }


def read_inputs(lake: Lakehouse, versions: Mapping[str, int]) -> touched_days.SalesInputs:
    """Read the inputs at exactly these versions; a table that does not exist has no rows."""
    frames = [
        lake.read(table, versions[table.full_name]) if table.full_name in versions else lake.empty(table)
        for table in INPUTS
    ]
    return touched_days.SalesInputs(*frames)


def _touched_days(lake: Lakehouse, state: State, plan: SalesPlan) -> set[date] | None:
    """Find the days up to the plan's as-of date that changed since `state`; None if that cannot be determined."""
    if set(state) != set(plan.state):
        return None
    inputs = read_inputs(lake, plan.versions)
    frames = [touched_days.newly_visible_days(inputs, date.fromordinal(state[SEEN_TO]), plan.as_of)]
    for table in INPUTS:
        name = table.full_name
        if name not in plan.versions or state[name] == plan.versions[name]:
            continue
        changes = lake.changes(table, state[name])
        if changes is None:
            return None
        frames.append(_days_of(table, changes, inputs))
    days = reduce(DataFrame.unionByName, frames).where(f"day <= {date_literal(plan.as_of)}").distinct()
    return {row.day for row in days.collect()}


def _days_of(table: Table, changes: DataFrame, inputs: touched_days.SalesInputs) -> DataFrame:
    if table is PRODUCTS:
        return touched_days.product_days(changes, inputs)
    return touched_days.order_line_days(changes) if table is ORDER_LINES else touched_days.review_days(changes)


def _periods_to_rewrite(days: set[date] | None, state: State, grain: str, plan: SalesPlan) -> tuple[date, ...] | None:
    """Return the periods to rewrite by their first days; None for all of them.

    These are the periods of the touched days, the period that has ended since the last write, and the first periods if
    the data now begin on another day: some are no longer partial, others are so only now.

    Args:
        days: the touched days; None if they are unknown.
        state: what the table reflects.
        grain: the grain of the table.
        plan: the plan, without its rewrites.
    """
    if days is None:
        return None
    seen_to = date.fromordinal(state[SEEN_TO])
    running = period_end(seen_to, grain)
    ended = {seen_to} if is_partial(running, seen_to) and not is_partial(running, plan.as_of) else set()
    begun = {date.fromordinal(state[FIRST_DAY]), plan.first_day}
    moved = {day for day in begun if day <= plan.as_of} if len(begun) > 1 else set()
    return tuple(sorted({period_start(day, grain) for day in days | ended | moved}))
