"""Late or corrected order lines: finds the stored dates that they touch and computes exactly those again.

A line of day d touches every stored date from d on, whether it came, went or changed; so does a product whose category
changed, from its first sale on. Scores of a touched date are marked stale first: whatever kills the run, the next try
finds the same dates, because ops.feature_dates still names the version that their features reflect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from pyspark.sql import Row
from pyspark.sql import functions as F

from basketry.features import core
from basketry.features.compute import FeatureRequest, FeatureResult, compute_features, input_versions
from basketry.features.read import stored_feature_dates
from basketry.jobs import DatedArguments
from basketry.lake import staleness
from basketry.lake.change_feed import InputDependency
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.sql import in_days
from basketry.retail.coverage import last_delivered_day
from basketry.tables import FEATURE_DATES, ORDER_LINES, PRODUCTS, PROPENSITY_SCORES

INPUTS = (
    InputDependency(
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
        core.counts_in_features,
    ),
    InputDependency(PRODUCTS, ("product_id", "category"), core.counts_in_features),
)
"""What features are computed from."""

_VERSION_COLUMNS = {ORDER_LINES: "order_lines_version", PRODUCTS: "products_version"}


def run(lake: Lakehouse, arguments: DatedArguments) -> JobReport:
    """Compute the touched dates up to --as-of again; with --dry-run only say which they are."""
    inputs = input_versions(lake)
    until = min(
        arguments.as_of, last_delivered_day(lake) or arguments.as_of
    )  # what is not delivered yet is not made again yet
    stored = {day: row for day, row in stored_feature_dates(lake).items() if day <= until}
    touched = touched_feature_dates(lake, stored, inputs)
    result = FeatureResult()
    if touched and not arguments.dry_run:
        _mark_scores_stale(lake, touched)
        result = compute_features(lake, FeatureRequest(dates=touched, may_skip=True, run_id=arguments.run_id), inputs)
    if not arguments.dry_run:
        _record_untouched(lake, [row for day, row in stored.items() if day not in touched], inputs)
    return JobReport(
        rows_in=result.rows_in,
        rows_out=result.rows_out,
        summary=(_summary(touched, len(stored)),),
        as_of=arguments.as_of,
        input_versions=inputs,
        details={"restated": [day.isoformat() for day in touched]},
        dry_run=arguments.dry_run,
    )


def _summary(touched: Sequence[date], stored: int) -> str:
    if not touched:
        return f"nothing that came late touches any of the {stored} stored dates"
    return f"{len(touched)} of {stored} stored dates were touched: {touched[0]} to {touched[-1]}"


def touched_feature_dates(lake: Lakehouse, stored: Mapping[date, Row], inputs: Mapping[str, int]) -> tuple[date, ...]:
    """Return the stored dates whose features would come out differently; all of them where that cannot be determined."""
    reflected = {
        day: {table.full_name: row[column] for table, column in _VERSION_COLUMNS.items()} for day, row in stored.items()
    }
    return staleness.stale_dates(lake, INPUTS, reflected, inputs)


def _mark_scores_stale(lake: Lakehouse, dates: Sequence[date]) -> None:
    if not lake.exists(PROPENSITY_SCORES):
        return
    scores = lake.read(PROPENSITY_SCORES).where(F.col("as_of").isin(*dates))
    days = [row.as_of for row in scores.where("NOT is_stale").select("as_of").distinct().collect()]
    if days:
        where = in_days("as_of", days)
        lake.replace(PROPENSITY_SCORES, scores.where(where).withColumn("is_stale", F.lit(True)), where=where)


def _record_untouched(lake: Lakehouse, rows: Sequence[Row], inputs: Mapping[str, int]) -> None:
    """Record that these dates reflect today's inputs too: later runs need not look at the same changes again."""
    versions = {
        "order_lines_version": inputs[ORDER_LINES.full_name],
        "products_version": inputs.get(PRODUCTS.full_name, -1),
    }
    newer = [
        {**row.asDict(), **versions} for row in rows if any(row[name] != version for name, version in versions.items())
    ]
    if newer:
        lake.record(
            FEATURE_DATES,
            [tuple(row[name] for name in FEATURE_DATES.column_names) for row in newer],
            where=in_days("as_of", [row["as_of"] for row in newer]),
        )
