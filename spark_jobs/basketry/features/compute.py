"""Computes the features of some days in one pass over the order lines, and replaces exactly those days.

The dates are recorded in ops.feature_dates last: a date that is there has all its rows. Each of the three tables is
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
from basketry.features.category_selection import newest_scored_categories, select_categories
from basketry.features.read import stored_feature_dates
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.sql import in_days
from basketry.retail.coverage import check_delivered
from basketry.tables import CUSTOMER_FEATURES, FEATURE_DATES, FEATURES, ORDER_LINES, PRODUCTS, SCORED_CATEGORIES, Table

LINES_PER_TASK = 4_000_000
"""Order lines that one task holds in memory, about 100 bytes each."""

_MAX_TASKS = 8


@dataclass(frozen=True, kw_only=True)
class FeatureRequest:
    """What to compute.

    Attributes:
        dates: The as-of dates, ascending.
        may_skip: Whether dates before the first sale are left out instead of refused, unless all are.
        only_missing: Whether dates that have features of every selected category are left out.
        select_categories: Whether the scored categories are selected anew; they are in any case where they never were.
        selected_as_of: The day of that selection; the first date where it is missing.
        dry_run: Whether nothing is written.
        run_id: The run that ops.feature_dates names.
    """

    dates: tuple[date, ...]
    may_skip: bool = False
    only_missing: bool = False
    select_categories: bool = False
    selected_as_of: date | None = None
    dry_run: bool = False
    run_id: str = "manual"


@dataclass(frozen=True, kw_only=True)
class FeatureResult:
    """What was computed.

    Attributes:
        dates: The as-of dates.
        rows_in: Order lines that count.
        rows_out: Rows of the three features tables.
        selected: The scored categories, if they were selected anew.
        skipped: Dates before the first sale, which were left out.
    """

    dates: tuple[date, ...] = ()
    rows_in: int = 0
    rows_out: int = 0
    selected: tuple[str, ...] = ()
    skipped: tuple[date, ...] = ()


@dataclass(frozen=True)
class _PackedLines:
    """The packed order lines that count: how many, from which day on, and for how many tasks."""

    packed: DataFrame
    parts: int
    rows: int
    first_day: date


def input_versions(lake: Lakehouse) -> Mapping[str, int]:
    """Return the Delta version of each input that exists.

    Raises:
        BadInputError: No order line was ever loaded.
    """
    versions = lake.versions(ORDER_LINES, PRODUCTS)
    if ORDER_LINES.full_name not in versions:
        raise BadInputError(f"{ORDER_LINES.full_name} of catalog {lake.catalog} is empty: run ingest first.")
    return versions


def compute_features(lake: Lakehouse, request: FeatureRequest, inputs: Mapping[str, int]) -> FeatureResult:
    """Compute and replace the requested dates from these versions of the inputs; whatever is refused is so before a write.

    Raises:
        BadInputError: There is no sale, nothing is known as of one of the dates, or a catalog names an unknown category.
    """
    stored, selected = stored_feature_dates(lake), newest_scored_categories(lake)
    select_anew = request.select_categories or not selected
    if request.only_missing and not select_anew and not _missing_dates(request.dates, stored, selected):
        return FeatureResult()
    with _packed_lines(lake, inputs) as lines:
        dates, skipped = _split_by_first_sale(lake, request, lines)
        selection: list[tuple[date, str, int, int]] = []
        if select_anew:
            selected_as_of = request.selected_as_of or dates[0]
            baskets = core.baskets_by_category(lines.packed, selected_as_of, lines.parts)
            selection = select_categories(lake, baskets, selected_as_of)
            selected = tuple(category for _, category, _, _ in selection)
        if request.only_missing:
            dates = _missing_dates(dates, stored, selected)
        categories = {day: _pair_categories(selected, stored.get(day)) for day in dates}
        rows_out = _replace_features(lake, request, lines, categories, inputs=inputs) if categories else 0
        if selection and not request.dry_run:
            lake.record(SCORED_CATEGORIES, selection, where=in_days("chosen_as_of", [selection[0][0]]))
        return FeatureResult(
            dates=dates, rows_in=lines.rows, rows_out=rows_out, selected=selected if selection else (), skipped=skipped
        )


def _missing_dates(dates: Sequence[date], stored: Mapping[date, Row], selected: Collection[str]) -> tuple[date, ...]:
    return tuple(day for day in dates if day not in stored or not set(selected) <= set(stored[day].categories))


def _pair_categories(selected: Sequence[str], stored: Row | None) -> tuple[str, ...]:
    """Return what a date's pairs are made of: the selected categories, and those stored for the date already."""
    return tuple(sorted({*selected, *(stored.categories if stored else ())}))


@contextmanager
def _packed_lines(lake: Lakehouse, inputs: Mapping[str, int]) -> Iterator[_PackedLines]:
    order_lines = lake.read(ORDER_LINES, inputs[ORDER_LINES.full_name])
    parts = max(1, -(-order_lines.count() // LINES_PER_TASK))
    products = lake.read_or_empty(PRODUCTS, inputs.get(PRODUCTS.full_name))
    with lake.cached(core.packed_lines(order_lines, products, parts)) as packed:
        all_lines = packed.where("spread_by IN ('', 'category')")
        totals = all_lines.agg(F.sum("rows").alias("rows"), F.min("first_day").alias("first_day")).collect()[0]
        if not totals.rows:
            raise BadInputError(f"{ORDER_LINES.full_name} of catalog {lake.catalog} has no sale: run ingest first.")
        yield _PackedLines(packed, parts, totals.rows, totals.first_day)


def _split_by_first_sale(
    lake: Lakehouse, request: FeatureRequest, lines: _PackedLines
) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """Return the dates from the first sale on, and the earlier ones, which are left out.

    Raises:
        BadInputError: Dates are too early and may not be left out.
    """
    early = tuple(day for day in request.dates if day < lines.first_day)
    dates = tuple(day for day in request.dates if day >= lines.first_day)
    if early and not (request.may_skip and dates):
        raise BadInputError(
            f"nothing is known as of {early[-1]}: order lines of catalog {lake.catalog} begin on {lines.first_day};"
            " take a later day."
        )
    check_delivered(lake, dates[-1])
    return dates, early


def _replace_features(
    lake: Lakehouse,
    request: FeatureRequest,
    lines: _PackedLines,
    categories: Mapping[date, tuple[str, ...]],
    *,
    inputs: Mapping[str, int],
) -> int:
    """Replace the dates in the three tables, then record them, and return the number of rows.

    Args:
        lake: The lake.
        request: What to compute.
        lines: The order lines that count.
        categories: What the pairs of each date are made of.
        inputs: The versions of the inputs.
    """
    dates_by_categories: dict[tuple[str, ...], list[date]] = {}
    for day, names in categories.items():
        dates_by_categories.setdefault(names, []).append(day)
    frames = (
        core.packed_features(lines.packed, days, names, lines.parts) for names, days in dates_by_categories.items()
    )
    with lake.cached(reduce(DataFrame.unionByName, frames)) as packed:
        counts = packed.groupBy("level", "as_of").agg(F.sum("rows").alias("rows")).collect()
        if not request.dry_run:
            files_per_date = -(-lines.parts // core.PARTS_PER_FILE)
            tasks = min(_MAX_TASKS, len(categories) * files_per_date)
            _write_tables(lake, packed, in_days("as_of", categories), tasks)
            customers = {row.as_of: row.rows for row in counts if row.level == CUSTOMER_FEATURES.name}
            versions = (inputs[ORDER_LINES.full_name], inputs.get(PRODUCTS.full_name, -1))
            feature_dates = [
                (day, *versions, (day - lines.first_day).days + 1, list(names), customers.get(day, 0), request.run_id)
                for day, names in categories.items()
            ]
            lake.record(FEATURE_DATES, feature_dates, where=in_days("as_of", categories))
        return sum(row.rows for row in counts)


def _write_tables(lake: Lakehouse, packed: DataFrame, where: str, tasks: int) -> None:
    def write(table: Table) -> None:
        """Replace the rows of one table."""
        lake.replace(table, core.unpacked_features(packed, table, tasks), where=where)

    with ThreadPoolExecutor(len(FEATURES)) as pool:
        list(pool.map(write, FEATURES))
