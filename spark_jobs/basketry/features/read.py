"""What models read: features joined to one row per customer and category, and the labels that belong to a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import chain

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from basketry.errors import BadInputError, NotDeliveredError, TableError
from basketry.features import core
from basketry.lake.lakehouse import Lakehouse
from basketry.retail.coverage import last_delivered_day
from basketry.tables import (
    CATEGORY_FEATURES,
    CUSTOMER_CATEGORY_FEATURES,
    CUSTOMER_FEATURES,
    FEATURE_DATES,
    ORDER_LINES,
    PRODUCTS,
    Table,
)

_LEVELS = {"customer": CUSTOMER_FEATURES, "category": CATEGORY_FEATURES, "pair": CUSTOMER_CATEGORY_FEATURES}
_NULLABLE = ("days_since_first", "days_since_last")
"""Measures that are null, not 0, where nothing was ever bought."""


def stored_feature_dates(lake: Lakehouse) -> dict[date, Row]:
    """Return the rows of ops.feature_dates by as-of date."""
    if not lake.exists(FEATURE_DATES):
        return {}
    return {row.as_of: row for row in lake.read(FEATURE_DATES).collect()}


def pair_inputs(
    lake: Lakehouse, as_of_dates: Sequence[date], categories: Sequence[str], columns: Sequence[str]
) -> DataFrame:
    """Return one row per date, customer known by then, and category.

    The columns are as_of, customer_id, category, `columns` and history_days. What was never bought has counts and amounts
    of 0, and null for days_since_first and days_since_last.

    Args:
        lake: The lake.
        as_of_dates: The dates whose features are read.
        categories: The categories that every customer is paired with.
        columns: Names of stored measures, each with its level in front: `customer_…`, `category_…` or `pair_…`.

    Raises:
        BadInputError: A date has no features or lacks one of the categories.
        TableError: There is no such measure.
    """
    stored = _check_stored(lake, as_of_dates, categories)
    by_level = {level: [name for name in columns if name.startswith(f"{level}_")] for level in _LEVELS}
    unknown = set(columns) - set(chain.from_iterable(by_level.values()))
    if unknown:
        raise TableError(
            f"features have no {', '.join(sorted(unknown))}: a name begins with one of: {', '.join(_LEVELS)}."
        )
    frames = {
        level: _read_level(lake, level, as_of_dates, names, categories=categories) for level, names in by_level.items()
    }
    rows = frames["customer"].withColumn("category", F.explode(F.array(*map(F.lit, categories))))
    if by_level["category"]:
        rows = rows.join(F.broadcast(frames["category"]), ["as_of", "category"], "left")
    if by_level["pair"]:
        rows = rows.join(frames["pair"], ["as_of", "customer_id", "category"], "left")
    days = F.create_map(*(F.lit(part) for day in as_of_dates for part in (day, int(stored[day].history_days))))
    measures = (_zero_where_missing(name) for name in columns)
    return rows.select("as_of", "customer_id", "category", *measures, days[F.col("as_of")].alias("history_days"))


def _check_stored(lake: Lakehouse, as_of_dates: Sequence[date], categories: Sequence[str]) -> dict[date, Row]:
    stored = stored_feature_dates(lake)
    missing = sorted({day.isoformat() for day in as_of_dates if day not in stored})
    lacking = {
        day.isoformat(): name
        for day in as_of_dates
        if day in stored
        for name in categories
        if name not in stored[day].categories
    }
    if not missing and not lacking:
        return stored
    days = ",".join(missing or sorted(lacking))
    newest = (missing or sorted(lacking))[-1]
    what = f"no features of catalog {lake.catalog} are stored as of {', '.join(missing)}"
    if not missing:
        day, name = sorted(lacking.items())[0]
        what = f"features of catalog {lake.catalog} as of {day} lack the category '{name}'"
    raise BadInputError(f"{what}: run the job features with --as-of {newest} --dates {days}.")


def _read_level(
    lake: Lakehouse, level: str, days: Sequence[date], columns: Sequence[str], *, categories: Sequence[str]
) -> DataFrame:
    table = _LEVELS[level]
    keys = [F.col(name) for name in ("as_of", *(name for name in table.key if name != "as_of"))]
    measures = [F.col(_column_of(table, name.removeprefix(f"{level}_"))).alias(name) for name in columns]
    rows = lake.read(table).where(F.col("as_of").isin(*days)).select(*keys, *measures)
    return rows.where(F.col("category").isin(*categories)) if "category" in table.key else rows


def _column_of(table: Table, name: str) -> str:
    if name not in table.column_names:
        raise TableError(f"{table.full_name} has no column {name}.")
    return name


def _zero_where_missing(name: str) -> Column:
    if name.endswith(_NULLABLE):
        return F.col(name)
    return F.coalesce(F.col(name), F.lit(0)).alias(name)


def purchase_labels(
    lake: Lakehouse, as_of_dates: Sequence[date], categories: Sequence[str], days: int = 30
) -> DataFrame:
    """Return who bought what in the `days` after each date: distinct as_of, customer_id, category.

    Raises:
        NotDeliveredError: The order lines end before the last of these days.
    """
    last, needed = last_delivered_day(lake), max(as_of_dates) + timedelta(days=days)
    if last is None or last < needed:
        raise NotDeliveredError(
            f"labels as of {max(as_of_dates)} need order lines up to {needed} and those of catalog {lake.catalog} end on"
            f" {last or 'no day'}: load the days between or look at an earlier day."
        )
    lines = core.with_category(lake.read(ORDER_LINES), lake.read_or_empty(PRODUCTS))
    windows = F.array(*(_date_if_bought_after(day, days) for day in sorted(set(as_of_dates))))
    bought = lines.where(F.col("customer_id").isNotNull() & F.col("category").isin(*categories))
    bought = bought.where(F.col("order_date").between(F.lit(min(as_of_dates)), F.lit(needed)))
    by_date = bought.select(F.explode(windows).alias("as_of"), "customer_id", "category")
    return by_date.where("as_of IS NOT NULL").distinct()


def _date_if_bought_after(day: date, days: int) -> Column:
    sold = F.col("order_date")
    return F.when((sold > F.lit(day)) & (sold <= F.lit(day + timedelta(days=days))), F.lit(day))


def first_sale_date(lake: Lakehouse) -> date:
    """Return the day of the first sale.

    Raises:
        BadInputError: There is none.
    """
    first: date | None = (
        lake.read(ORDER_LINES).where(core.counts_in_features()).agg(F.min("order_date")).collect()[0][0]
    )
    if first is None:
        raise BadInputError(f"{ORDER_LINES.full_name} of catalog {lake.catalog} has no sale: run ingest first.")
    return first
