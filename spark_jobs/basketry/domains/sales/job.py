"""Keeps the sales tables up to date by rewriting only the periods that something touched.

Each table remembers, in its last commit, the versions of silver that it reflects and the as-of date it looked up to,
and always equals a full rebuild from those. A sales row is keyed by its period, not by the as-of date of a run, so
looking up to an earlier day again must not take back what later runs have seen: a run looks up to its own as-of date
or the latest one of an earlier run, whichever is later. Hence runs may come in any order, be repeated or be killed
between two tables, and end the same. The first day of the data is remembered beside them: a period that begins before
it is partial, so when earlier lines come, or the earliest go, the periods of the old and of the new first day are written
again, whoever touched them. `--full` alone rebuilds everything as of exactly its date, forgetting later ones.

No run looks past the last day that was delivered: a period is whole only when all of its days are there. What a table
says it has looked up to past that day counts as nothing, so what a run for a day to come once wrote is written anew.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.sales import core, touched
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse, declared_schema
from basketry.lake.report import JobReport
from basketry.retail.business_calendar import is_partial, period_end, period_start
from basketry.retail.coverage import last_day
from basketry.tables import GRAINS, ORDER_LINES, PRODUCTS, REVIEWS, SALES, SALES_ROLLUP, Table

INPUTS = (ORDER_LINES, PRODUCTS, REVIEWS)
SEEN_TO = "as_of"
"""Kept beside the input versions of a commit: the as-of date it looked up to, as a day number."""

FIRST_DAY = "first_day"
"""Kept beside it: the first day of any line that counted, as a day number; tables of before it was kept are rebuilt."""

WRITERS = 2
"""Tables written side by side: a commit leaves a core idle half of its time, so more would only wait."""

State = Mapping[str, int]


@dataclass(frozen=True)
class Rewrite:
    """The periods of one table to rewrite, by first day; None means all of them."""

    table: Table
    grain: str
    periods: tuple[date, ...] | None

    @property
    def where(self) -> str:
        """The rewritten rows as a SQL condition."""
        if self.periods is None:
            return "true"
        days = ", ".join(f"DATE'{day}'" for day in self.periods)
        return f"period_start IN ({days})" if days else "false"

    def describe(self) -> str:
        """One line for people."""
        name = self.table.full_name
        if not self.periods:
            return f"{name}: {'every' if self.periods is None else 'no'} {self.grain}"
        plural = "s" if len(self.periods) > 1 else ""
        last = period_end(self.periods[-1], self.grain)
        return f"{name}: {len(self.periods)} {self.grain}{plural}, {self.periods[0]} to {last}"


@dataclass(frozen=True)
class SalesPlan:
    """What a run would rewrite, looking up to `as_of`, from these versions of silver; nothing when up to date."""

    as_of: date
    first_day: date
    versions: Mapping[str, int]
    rewrites: tuple[Rewrite, ...]

    @property
    def state(self) -> State:
        """What the written tables then reflect."""
        return {**self.versions, SEEN_TO: self.as_of.toordinal(), FIRST_DAY: self.first_day.toordinal()}

    @property
    def extent(self) -> core.Extent:
        """The days that the data fill."""
        return core.Extent(self.first_day, self.as_of)

    def describe(self) -> tuple[str, ...]:
        """One line a table for people."""
        if not self.rewrites:
            return (f"sales are up to date as of {self.as_of}: nothing to rewrite",)
        return tuple(rewrite.describe() for rewrite in self.rewrites)


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Rewrite what was touched up to --as-of (everything with --full), as far as order lines were delivered.

    With --dry-run only say what that is.
    """
    plan = plan_sales(lake, arguments.as_of, full=arguments.full)
    details = {
        "as_of": plan.as_of.isoformat(),
        "rewrites": {rewrite.table.full_name: _listed(rewrite) for rewrite in plan.rewrites},
    }
    lines, rows_in, rows_out = plan.describe(), 0, 0
    if plan.as_of < arguments.as_of:
        lines = (
            *lines,
            f"order lines end on {plan.as_of}: what ends after that day stays partial until more is ingested",
        )
    if plan.rewrites and not arguments.dry_run:
        rows_in, rows_out = _write(lake, plan)
    return JobReport(
        rows_in,
        rows_out,
        lines,
        as_of=arguments.as_of,
        input_versions=plan.versions,
        details=details,
        dry_run=arguments.dry_run,
    )


def plan_sales(lake: Lakehouse, as_of: date, *, full: bool = False) -> SalesPlan:
    """What a run as of that day would rewrite; BadInputError when no order line was ever loaded. Writes nothing."""
    versions = _input_versions(lake)
    delivered = last_day(lake) or as_of
    tables = [(table, grain) for grain in GRAINS for table in (SALES[grain], SALES_ROLLUP[grain])]
    states = (
        {table: None for table, _ in tables} if full else _reflected(lake, [table for table, _ in tables], delivered)
    )
    seen = [date.fromordinal(state[SEEN_TO]) for state in states.values() if state and SEEN_TO in state]
    plan = SalesPlan(max([min(as_of, delivered), *seen]), _first_day(lake, versions, states.values()), versions, ())
    days = {key: _touched_days(lake, dict(key), plan) for key in {_key(state) for state in states.values()} if key}
    rewrites = [
        Rewrite(table, grain, _periods(days.get(_key(states[table])), states[table], grain, plan))
        for table, grain in tables
        if states[table] != plan.state
    ]
    return replace(plan, rewrites=tuple(rewrites))


def _first_day(lake: Lakehouse, versions: Mapping[str, int], states: Iterable[State | None]) -> date:
    """The first day of the data; looked up only where no table reflects these very order lines.

    date.max when no line counts: then there is no period that could begin before it either.
    """
    name = ORDER_LINES.full_name
    for state in states:
        if state and FIRST_DAY in state and state.get(name) == versions[name]:
            return date.fromordinal(state[FIRST_DAY])
    return core.first_counted_day(lake.read(ORDER_LINES, versions[name])) or date.max


def _reflected(lake: Lakehouse, tables: Sequence[Table], delivered: date) -> dict[Table, State | None]:
    """What each table reflects; None where that is unknown, or where it has looked past the last day delivered."""
    with ThreadPoolExecutor(WRITERS) as pool:
        states = zip(tables, pool.map(lake.reflected, tables), strict=True)
        return {
            table: state if state and state.get(SEEN_TO, 0) <= delivered.toordinal() else None
            for table, state in states
        }


def _key(state: State | None) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(state.items())) if state else ()


def _listed(rewrite: Rewrite) -> list[str] | str:
    return "all" if rewrite.periods is None else [day.isoformat() for day in rewrite.periods]


def _input_versions(lake: Lakehouse) -> dict[str, int]:
    versions = lake.versions(*INPUTS)
    if ORDER_LINES.full_name not in versions or lake.read(ORDER_LINES).isEmpty():
        raise BadInputError(f"{ORDER_LINES.full_name} of catalog {lake.catalog} is empty: run ingest first.")
    return versions


def _inputs(lake: Lakehouse, versions: Mapping[str, int]) -> touched.Inputs:
    """The inputs at exactly these versions; one that does not exist has no rows."""
    frames = [
        lake.read(table, versions[table.full_name])
        if table.full_name in versions
        else lake.spark.createDataFrame([], declared_schema(table))
        for table in INPUTS
    ]
    return touched.Inputs(*frames)


def _touched_days(lake: Lakehouse, state: State, plan: SalesPlan) -> set[date] | None:
    """Days up to the plan's as-of date that changed since `state`; None when that cannot be told."""
    if set(state) != set(plan.state):
        return None
    inputs = _inputs(lake, plan.versions)
    frames = [touched.newly_visible_days(inputs, date.fromordinal(state[SEEN_TO]), plan.as_of)]
    for table in INPUTS:
        name = table.full_name
        if name not in plan.versions or state[name] == plan.versions[name]:
            continue
        changes = lake.changes(table, state[name])
        if changes is None:
            return None
        frames.append(_days_of(table, changes, inputs))
    days = reduce(DataFrame.unionByName, frames).where(f"day <= DATE'{plan.as_of}'").distinct()
    return {row.day for row in days.collect()}


def _days_of(table: Table, changes: DataFrame, inputs: touched.Inputs) -> DataFrame:
    if table is PRODUCTS:
        return touched.product_days(changes, inputs)
    return touched.line_days(changes) if table is ORDER_LINES else touched.review_days(changes)


def _periods(days: set[date] | None, state: State | None, grain: str, plan: SalesPlan) -> tuple[date, ...] | None:
    """First days of the periods to rewrite: those of touched days, and those that are partial no more, or only now.

    That is the one that has ended since the last write, and both first ones where the data now begin on another day.
    """
    if days is None or state is None:
        return None
    seen_to = date.fromordinal(state[SEEN_TO])
    running = period_end(seen_to, grain)
    ended = {seen_to} if is_partial(running, seen_to) and not is_partial(running, plan.as_of) else set()
    begun = {date.fromordinal(state[FIRST_DAY]), plan.first_day}
    moved = {day for day in begun if day <= plan.as_of} if len(begun) > 1 else set()
    return tuple(sorted({period_start(day, grain) for day in days | ended | moved}))


def _write(lake: Lakehouse, plan: SalesPlan) -> tuple[int, int]:
    """Rewrite the planned periods, one commit a table. Returns order lines looked at and sales rows written."""
    inputs = _inputs(lake, plan.versions)
    rows_in, by_product, by_level = _found(inputs, plan)

    def write(rewrite: Rewrite) -> int:
        """Rewrite one table's periods; returns their rows."""
        if rewrite.table is SALES[rewrite.grain]:
            rows = core.sales_by_product(by_product, inputs.products, rewrite.grain, plan.extent)
        else:
            rows = core.sales_rollup(by_level, rewrite.grain, plan.extent)
        return lake.replace(rewrite.table, rows, where=rewrite.where, read_versions=plan.state)

    with ThreadPoolExecutor(WRITERS) as pool:
        return rows_in, sum(pool.map(write, plan.rewrites))


def _found(inputs: touched.Inputs, plan: SalesPlan) -> tuple[int, DataFrame, DataFrame]:
    """How many lines count, and what is found of products and of levels in the periods of the plan."""
    span = _span(plan.rewrites)
    lines = core.counted_lines(inputs.order_lines.where(f"order_date {span}"), inputs.products, plan.as_of)
    reviews = core.counted_reviews(inputs.reviews.where(f"reviewed_on {span}"), inputs.products, plan.as_of)
    visits = core.visits(lines).persist()
    # A checkpoint rather than a cache: several queries are planned from it, each the slower the longer its lineage.
    totals = core.daily_totals(lines, reviews).localCheckpoint()
    try:
        by_product = core.product_periods(totals, visits, _asked(plan, SALES)).localCheckpoint()
        by_level = core.level_periods(totals, visits, _asked(plan, SALES_ROLLUP)).localCheckpoint()
    finally:
        visits.unpersist()
    return int(totals.agg(F.sum("lines")).collect()[0][0] or 0), by_product, by_level


def _asked(plan: SalesPlan, tables: Mapping[str, Table]) -> core.Periods:
    """The periods of these tables that are rewritten."""
    return {rewrite.grain: rewrite.periods for rewrite in plan.rewrites if rewrite.table is tables[rewrite.grain]}


def _span(rewrites: Sequence[Rewrite]) -> str:
    """A condition on a day that no rewritten period needs a row outside of."""
    if any(rewrite.periods is None for rewrite in rewrites):
        return "IS NOT NULL"
    days = [
        day
        for rewrite in rewrites
        for start in rewrite.periods or ()
        for day in (start, period_end(start, rewrite.grain))
    ]
    return f"BETWEEN DATE'{min(days)}' AND DATE'{max(days)}'" if days else "IS NULL"
