"""Late or corrected order lines: finds the stored dates that they touch and computes exactly those again.

A line of day d touches every stored date from d on, whether it came, went or changed; so does a product whose category
changed, from its first sale on. Scores of a touched date are marked stale first: whatever kills the run, the next try
finds the same dates, because ops.feature_dates still tells the version that their features reflect.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import date

from pyspark.sql import Row
from pyspark.sql import functions as F

from basketry.features import core
from basketry.features.compute import Order, Outcome, compute, input_versions
from basketry.features.read import as_of_in, stored_dates
from basketry.lake import restatement
from basketry.lake.change_feed import Sight
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.retail.coverage import last_day
from basketry.tables import FEATURE_DATES, ORDER_LINES, PRODUCTS, PROPENSITY_SCORES

SEES = (
    Sight(
        ORDER_LINES,
        (
            "order_id",
            "customer_id",
            "product_id",
            "order_date",
            "line_kind",
            "status",
            "list_amount",
            "instore_discount",
            "campaign_coupon_discount",
            "manuf_coupon_discount",
            "manuf_coupon_match_discount",
            "net_amount",
        ),
        core.counts,
    ),
    Sight(PRODUCTS, ("product_id", "category"), core.counts),
)
"""What features look at."""

_VERSION = {ORDER_LINES: "order_lines_version", PRODUCTS: "products_version"}


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Compute the touched dates up to --as-of again; with --dry-run only say which they are."""
    inputs = input_versions(lake)
    until = min(arguments.as_of, last_day(lake) or arguments.as_of)  # what is not delivered yet is not made again yet
    stored = {day: row for day, row in stored_dates(lake).items() if day <= until}
    touched = touched_dates(lake, stored, inputs)
    outcome = Outcome()
    if touched and not arguments.dry_run:
        _mark_stale(lake, touched)
        outcome = compute(lake, Order(touched, may_skip=True, run_id=arguments.run_id), inputs)
    if not arguments.dry_run:
        _note_untouched(lake, [row for day, row in stored.items() if day not in touched], inputs)
    return JobReport(
        outcome.rows_in,
        outcome.rows_out,
        (_summary(touched, len(stored)),),
        as_of=arguments.as_of,
        input_versions=inputs,
        details={"restated": [day.isoformat() for day in touched]},
        dry_run=arguments.dry_run,
    )


def _summary(touched: Sequence[date], stored: int) -> str:
    if not touched:
        return f"nothing that came late touches any of the {stored} stored dates"
    return f"{len(touched)} of {stored} stored dates were touched: {touched[0]} to {touched[-1]}"


def touched_dates(lake: Lakehouse, stored: Mapping[date, Row], inputs: Mapping[str, int]) -> tuple[date, ...]:
    """The stored dates whose features would no longer come out the same; all of them where that cannot be told."""
    reflected = {
        day: {table.full_name: row[version] for table, version in _VERSION.items()} for day, row in stored.items()
    }
    return restatement.touched_dates(lake, SEES, reflected, inputs)


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
