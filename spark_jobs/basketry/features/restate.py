"""Late or corrected order lines: finds the stored dates that they touch and computes exactly those again.

A line of day d touches every stored date from d on, whether it came, went or changed; so does a product whose category
changed, from its first sale on. Scores of a touched date are marked stale first: whatever kills the run, the next try
finds the same dates, because ops.feature_dates still tells the version that their features reflect.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import date

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from basketry.features import core
from basketry.features.compute import Order, Outcome, compute, input_versions
from basketry.features.read import as_of_in, stored_dates
from basketry.lakehouse import Lakehouse
from basketry.report import JobReport
from basketry.tables import FEATURE_DATES, ORDER_LINES, PRODUCTS, PROPENSITY_SCORES, Table

_COUNTED: dict[Table, tuple[str, ...]] = {
    ORDER_LINES: (
        "order_id", "customer_id", "product_id", "order_date", "line_kind", "status", "list_amount", "instore_discount",
        "campaign_coupon_discount", "manuf_coupon_discount", "manuf_coupon_match_discount", "net_amount",
    ),
    PRODUCTS: ("product_id", "category"),
}  # fmt: skip
"""The columns of each input that features depend on: a change of any other column touches nothing."""

_VERSION = {ORDER_LINES: "order_lines_version", PRODUCTS: "products_version"}


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Compute the touched dates up to --as-of again; with --dry-run only say which they are."""
    inputs = input_versions(lake)
    stored = {day: row for day, row in stored_dates(lake).items() if day <= arguments.as_of}
    touched = touched_dates(lake, stored, inputs)
    outcome = Outcome()
    if touched and not arguments.dry_run:
        _mark_stale(lake, touched)
        outcome = compute(lake, Order(touched, may_skip=True, run_id=arguments.run_id), inputs)
    if not arguments.dry_run:
        _note_untouched(lake, [row for day, row in stored.items() if day not in touched], inputs)
    return JobReport(
        outcome.rows_in, outcome.rows_out, (_summary(touched, len(stored)),), as_of=arguments.as_of, input_versions=inputs,
        details={"restated": [day.isoformat() for day in touched]}, dry_run=arguments.dry_run,
    )  # fmt: skip


def _summary(touched: Sequence[date], stored: int) -> str:
    if not touched:
        return f"nothing that came late touches any of the {stored} stored dates"
    return f"{len(touched)} of {stored} stored dates were touched: {touched[0]} to {touched[-1]}"


def touched_dates(lake: Lakehouse, stored: Mapping[date, Row], inputs: Mapping[str, int]) -> tuple[date, ...]:
    """The stored dates whose features would no longer come out the same; all of them where that cannot be told."""
    found: set[date] = set()
    for table, version in _VERSION.items():
        since = min((row[version] for row in stored.values()), default=None)
        if since is None or inputs.get(table.full_name, since) == since:
            continue
        first_days = _first_days(lake, table, since)
        if first_days is None:
            return tuple(sorted(stored))
        found |= {
            day
            for day, row in stored.items()
            if any(commit > row[version] and first <= day for commit, first in first_days.items())
        }
    return tuple(sorted(found))


def _first_days(lake: Lakehouse, table: Table, since: int) -> dict[int, date] | None:
    """The first day that each commit after a version touches; None when the history is gone."""
    changes = lake.changes(table, since)
    if changes is None:
        return None
    days = changed_images(changes, table)
    if table is PRODUCTS:
        sold = lake.read(ORDER_LINES).where(core.counts()).select("product_id", "order_date")
        days = days.select("commit", "product_id").join(sold, "product_id")
    else:
        days = days.where(core.counts())
    return {row.commit: row.day for row in days.groupBy("commit").agg(F.min("order_date").alias("day")).collect()}


def changed_images(changes: DataFrame, table: Table) -> DataFrame:
    """Old and new images, counted columns only, of the rows that a commit changed in them, with `commit`.

    changes: rows of the table's change data feed. A row that was delivered again just as it was is left out.
    """
    came_or_went = F.bool_or(F.col("_change_type").isin("insert", "delete"))
    images = F.collect_set(F.struct(*_COUNTED[table]))
    rows = changes.groupBy(*table.key, F.col("_commit_version").alias("commit"))
    changed = rows.agg(images.alias("images"), came_or_went.alias("came_or_went"))
    changed = changed.where(F.col("came_or_went") | (F.size("images") > 1))
    return changed.select("commit", F.explode("images").alias("image")).select("commit", "image.*")


def _mark_stale(lake: Lakehouse, dates: Sequence[date]) -> None:
    if not lake.exists(PROPENSITY_SCORES):
        return
    scores = lake.read(PROPENSITY_SCORES).where(F.col("as_of").isin(*dates))
    days = [row.as_of for row in scores.where("NOT is_stale").select("as_of").distinct().collect()]
    if days:
        where = as_of_in(days)
        lake.replace(PROPENSITY_SCORES, scores.where(where).withColumn("is_stale", F.lit(True)), where=where)


def _note_untouched(lake: Lakehouse, rows: Sequence[Row], inputs: Mapping[str, int]) -> None:
    """These dates reflect today's inputs too: later runs need not look at the same changes again."""
    read = {
        "order_lines_version": inputs[ORDER_LINES.full_name],
        "products_version": inputs.get(PRODUCTS.full_name, -1),
    }
    newer = [{**row.asDict(), **read} for row in rows if any(row[name] != version for name, version in read.items())]
    if newer:
        where = as_of_in([row["as_of"] for row in newer])
        lake.record(
            FEATURE_DATES, [tuple(row[name] for name in FEATURE_DATES.column_names) for row in newer], where=where
        )
