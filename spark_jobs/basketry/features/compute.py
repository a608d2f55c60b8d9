"""Computes the features of some days in one pass over the order lines, and replaces exactly those days.

The dates are noted in ops.feature_dates last: a date that is there has all its rows. Each of the three tables is
replaced in one commit, so a killed run leaves a table's old days or its new ones, and the next try heals.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from basketry.errors import BadInputError
from basketry.features import core
from basketry.features.choice import choose, newest_choice
from basketry.features.read import as_of_in, products, stored_dates, versions
from basketry.lake.lakehouse import Lakehouse
from basketry.retail.coverage import check_delivered
from basketry.tables import CUSTOMER_FEATURES, FEATURE_DATES, FEATURES, ORDER_LINES, PRODUCTS, SCORED_CATEGORIES, Table

LINES_A_TASK = 4_000_000
"""Order lines that one task holds in memory, about 100 bytes each."""

_PARTS_A_FILE = 8
_MOST_TASKS = 8


@dataclass(frozen=True)
class Order:
    """What to compute.

    may_skip: dates before the first sale are left out instead of refused, unless all are. only_missing: dates that have
    features of every chosen category are left out. choose: the scored categories anew, as of chosen_as_of or else the
    first date; they are chosen in any case where they never were.
    """

    dates: tuple[date, ...]
    may_skip: bool = False
    only_missing: bool = False
    choose: bool = False
    chosen_as_of: date | None = None
    dry_run: bool = False
    run_id: str = "manual"


@dataclass(frozen=True)
class Outcome:
    """What was computed: the dates, rows read and written, the categories if they were chosen, the dates left out."""

    dates: tuple[date, ...] = ()
    rows_in: int = 0
    rows_out: int = 0
    chosen: tuple[str, ...] = ()
    skipped: tuple[date, ...] = ()


@dataclass(frozen=True)
class _Lines:
    """The packed order lines that count: how many, from which day on, and for how many tasks."""

    packed: DataFrame
    parts: int
    rows: int
    first_day: date


def input_versions(lake: Lakehouse) -> Mapping[str, int]:
    """The Delta versions of the inputs; BadInputError when no order line was ever loaded."""
    found = versions(lake)
    if ORDER_LINES.full_name not in found:
        raise BadInputError(f"{ORDER_LINES.full_name} of catalog {lake.catalog} is empty: run ingest first.")
    return found


def compute(lake: Lakehouse, order: Order, inputs: Mapping[str, int]) -> Outcome:
    """Compute and replace the ordered dates from these versions of the inputs. Fails before it writes."""
    stored, chosen = stored_dates(lake), newest_choice(lake)
    if order.only_missing and chosen and not order.choose and not _missing(order.dates, stored, chosen):
        return Outcome()
    with _packed_lines(lake, inputs) as lines:
        dates, skipped = _within(lake, order, lines)
        choice: list[tuple[date, str, int, int]] = []
        if order.choose or not chosen:
            choice = _choose(lake, lines, order.chosen_as_of or dates[0])
            chosen = tuple(category for _, category, _, _ in choice)
        if order.only_missing:
            dates = _missing(dates, stored, chosen)
        scored = {day: _categories(chosen, stored.get(day)) for day in dates}
        rows_out = _replace(lake, order, lines, scored, inputs) if scored else 0
        if choice and not order.dry_run:
            lake.record(SCORED_CATEGORIES, choice, where=f"chosen_as_of = DATE'{choice[0][0]}'")
        return Outcome(dates, lines.rows, rows_out, chosen if choice else (), skipped)


def _missing(dates: Sequence[date], stored: Mapping[date, Row], chosen: Collection[str]) -> tuple[date, ...]:
    return tuple(day for day in dates if day not in stored or not set(chosen) <= set(stored[day].categories))


def _categories(chosen: Sequence[str], stored: Row | None) -> tuple[str, ...]:
    """What a date's pairs are made of: the newest choice, and what is stored for the date already."""
    return tuple(sorted({*chosen, *(stored.categories if stored else ())}))


@contextmanager
def _packed_lines(lake: Lakehouse, inputs: Mapping[str, int]) -> Iterator[_Lines]:
    order_lines = lake.read(ORDER_LINES, inputs[ORDER_LINES.full_name])
    parts = max(1, -(-order_lines.count() // LINES_A_TASK))
    with _kept(core.packed_lines(order_lines, products(lake, inputs.get(PRODUCTS.full_name)), parts)) as packed:
        known = packed.where("spread_by IN ('', 'category')")
        found = known.agg(F.sum("rows").alias("rows"), F.min("first_day").alias("first_day")).collect()[0]
        if not found.rows:
            raise BadInputError(f"{ORDER_LINES.full_name} of catalog {lake.catalog} has no sale: run ingest first.")
        yield _Lines(packed, parts, found.rows, found.first_day)


@contextmanager
def _kept(rows: DataFrame) -> Iterator[DataFrame]:
    rows.persist()
    try:
        yield rows
    finally:
        rows.unpersist()


def _within(lake: Lakehouse, order: Order, lines: _Lines) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """The dates on which something is known, and those that are left out; BadInputError where that must not be."""
    early = tuple(day for day in order.dates if day < lines.first_day)
    dates = tuple(day for day in order.dates if day >= lines.first_day)
    if early and not (order.may_skip and dates):
        raise BadInputError(
            f"nothing is known as of {early[-1]}: order lines of catalog {lake.catalog} begin on {lines.first_day};"
            " take a later day."
        )
    check_delivered(lake, dates[-1])
    return dates, early


def _choose(lake: Lakehouse, lines: _Lines, as_of: date) -> list[tuple[date, str, int, int]]:
    return choose(lake, core.baskets_by_category(lines.packed, as_of, lines.parts), as_of)


def _replace(
    lake: Lakehouse, order: Order, lines: _Lines, scored: Mapping[date, tuple[str, ...]], inputs: Mapping[str, int]
) -> int:
    """Replace the dates in the three tables, then note them; returns the rows. scored: each date's categories."""
    alike: dict[tuple[str, ...], list[date]] = {}
    for day, categories in scored.items():
        alike.setdefault(categories, []).append(day)
    frames = (core.packed_features(lines.packed, days, names, lines.parts) for names, days in alike.items())
    with _kept(reduce(DataFrame.unionByName, frames)) as packed:
        found = packed.groupBy("level", "as_of").agg(F.sum("rows").alias("rows")).collect()
        if not order.dry_run:
            _write(
                lake, packed, as_of_in(scored), tasks=min(_MOST_TASKS, len(scored) * -(-lines.parts // _PARTS_A_FILE))
            )
            customers = {row.as_of: row.rows for row in found if row.level == CUSTOMER_FEATURES.name}
            _note(lake, order, lines, scored, inputs, customers)
        return sum(row.rows for row in found)


def _write(lake: Lakehouse, packed: DataFrame, where: str, tasks: int) -> None:
    def write(table: Table) -> None:
        """Replace the rows of one table."""
        lake.replace(table, core.features_of(packed, table, tasks), where=where)

    with ThreadPoolExecutor(len(FEATURES)) as pool:
        list(pool.map(write, FEATURES))


def _note(
    lake: Lakehouse,
    order: Order,
    lines: _Lines,
    scored: Mapping[date, tuple[str, ...]],
    inputs: Mapping[str, int],
    customers: Mapping[date, int],
) -> None:
    read = (inputs[ORDER_LINES.full_name], inputs.get(PRODUCTS.full_name, -1))
    rows = [
        (day, *read, (day - lines.first_day).days + 1, list(categories), customers.get(day, 0), order.run_id)
        for day, categories in scored.items()
    ]
    lake.record(FEATURE_DATES, rows, where=as_of_in(scored))
