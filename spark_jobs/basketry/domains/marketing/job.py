"""Makes the audience of a day: who may be contacted, what they buy, which cluster they are in. One commit per table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.config.catalogs import load_catalog
from basketry.domains.marketing import core, locations, windows
from basketry.domains.marketing.bands import customer_bands
from basketry.domains.marketing.calling import load_calling
from basketry.domains.marketing.clusters import CATEGORY, PRODUCT
from basketry.domains.marketing.segments import MixSegments, fit_segments, write_clusters
from basketry.domains.marketing.settings import load_settings
from basketry.domains.marketing.withdrawals import ClosedChannel, closed_channels, with_withdrawals
from basketry.jobs import DatedArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.retail.coverage import check_delivered
from basketry.tables import (
    AUDIENCE_BY_CATEGORY,
    AUDIENCE_BY_PRODUCT,
    CUSTOMER_BANDS,
    CUSTOMERS,
    MARKETING_AUDIENCE,
    OPT_OUTS,
    ORDER_LINES,
    PRODUCTS,
    ZIP_TIME_ZONES,
)

_WINDOWS = "array<struct<day:date,starts_at:timestamp,ends_at:timestamp>>"
_SLOTS = (
    "country_code string, state_code string, zip_state string, zip_zone string, time_zone string, time_zone_from string,"
    f" call_windows {_WINDOWS}"
)


@dataclass(frozen=True)
class PurchaseSums:
    """What customers bought.

    Attributes:
        products: One row per customer and product.
        categories: One row per customer and category.
        totals: One row per customer.
    """

    products: DataFrame
    categories: DataFrame
    totals: DataFrame


def run(lake: Lakehouse, arguments: DatedArguments) -> JobReport:
    """Write the audience as of --as-of; the report counts who is not in it, by reason."""
    as_of: date = arguments.as_of
    settings = load_settings(lake.settings.include)
    check_delivered(lake, as_of)
    rows = core.purchases(lake.read(ORDER_LINES), lake.read_or_empty(PRODUCTS), as_of)
    with lake.cached(rows) as rows, reachable_customers(lake, as_of) as points, lake.cached(points) as points:
        sums = _sum_up(rows)
        people = points.where("dropped IS NULL")
        customers, dropped = points.count(), core.dropped_by_reason(points, rows)
        purchases = {CATEGORY: sums.categories, PRODUCT: sums.products}
        segments = fit_segments(lake, as_of, people, purchases=purchases, settings=settings)
        written = 0
        if not arguments.dry_run:
            written = _write(lake, as_of, people, sums=sums, segments=segments)
            write_clusters(lake, as_of, segments)
            lake.replace(CUSTOMER_BANDS, customer_bands(lake.read(CUSTOMERS)), "true")
    return _report(lake, arguments, customers=customers, dropped=dropped, written=written, segments=segments)


@contextmanager
def reachable_customers(lake: Lakehouse, as_of: date) -> Iterator[DataFrame]:
    """Find of every customer what may be used of their contact data, when they may be called, and why they are left out."""
    catalog = load_catalog(lake.catalog, lake.settings.include)
    points = core.contact_points(lake.read(CUSTOMERS), catalog.country)
    points = core.with_zip_zones(points, read_zip_time_zones(lake))
    with lake.cached(points) as points:  # validated once: the addresses are looked at before everything else
        with_slots = core.assign_slots(points, _call_slots(lake, points, as_of))
        closed = closed_channels(points, lake.read_or_empty(OPT_OUTS))
        yield core.with_reachability(with_withdrawals(with_slots, closed))


def read_closed_channels(lake: Lakehouse) -> Mapping[str, ClosedChannel]:
    """Read who may not be reached by what is known now; only the contact data of those who withdrew is looked at."""
    opt_outs = lake.read_or_empty(OPT_OUTS)
    country = load_catalog(lake.catalog, lake.settings.include).country
    theirs = lake.read_or_empty(CUSTOMERS).join(
        F.broadcast(opt_outs.select("customer_id").distinct()), "customer_id", "left_semi"
    )
    return closed_channels(core.contact_points(theirs, country), opt_outs)


def read_zip_time_zones(lake: Lakehouse) -> DataFrame:
    """Read silver.zip_time_zones, which is written once for each version of the package that it comes from."""
    source = locations.zip_source()
    if not lake.exists(ZIP_TIME_ZONES) or not lake.read(ZIP_TIME_ZONES).where(F.col("source") == source).head(1):
        lake.record(ZIP_TIME_ZONES, locations.zip_rows(), where="zip IS NOT NULL")
    return lake.read(ZIP_TIME_ZONES)


def _call_slots(lake: Lakehouse, points: DataFrame, as_of: date) -> DataFrame:
    """Compute the time zone and call windows of every distinct address, here: a few hundred however many customers."""
    calling = load_calling(lake.settings.include)
    zips = lake.read(ZIP_TIME_ZONES).where("state IS NOT NULL")
    zones = locations.state_zones(
        tuple(row) for row in zips.select(F.lit(""), "state", "time_zone").distinct().collect()
    )
    days = windows.days_after(as_of)
    rows = []
    for row in core.distinct_addresses(points).collect():
        location = windows.merge_equal_zones(locations.locate(locations.Address(*row), zones), days, calling)
        week = [
            (window.day, window.starts_at, window.ends_at) for window in windows.call_windows(location, days, calling)
        ]
        rows.append((*row, ",".join(location.zones) or None, location.zones_from, week))
    return lake.spark.createDataFrame(rows, _SLOTS)


def _sum_up(rows: DataFrame) -> PurchaseSums:
    products, categories = core.purchases_by_product(rows), core.purchases_by_category(rows)
    return PurchaseSums(products, categories, core.purchase_totals(rows, categories, products))


def _write(
    lake: Lakehouse, as_of: date, people: DataFrame, *, sums: PurchaseSums, segments: Mapping[str, MixSegments]
) -> int:
    audience = core.audience_rows(people, sums.totals, as_of)
    for mix, segment in segments.items():
        renamed = {"cluster": f"{mix}_cluster", "cluster_name": f"{mix}_cluster_name"}
        audience = audience.join(segment.members.withColumnsRenamed(renamed), "customer_id", "left")
    written = lake.replace_day(MARKETING_AUDIENCE, audience, as_of)
    categories = core.ranked_buyers(people, sums.categories, ("category",), as_of)
    lake.replace_day(AUDIENCE_BY_CATEGORY, categories, as_of)
    products = core.ranked_buyers(people, sums.products, ("product_id", "product", "category"), as_of)
    lake.replace_day(AUDIENCE_BY_PRODUCT, products, as_of)
    return written


def _report(
    lake: Lakehouse,
    arguments: DatedArguments,
    *,
    customers: int,
    dropped: Mapping[str, int],
    written: int,
    segments: Mapping[str, MixSegments],
) -> JobReport:
    reasons = [f"not in it, {reason}: {count:,}" for reason, count in dropped.items()]
    in_it = customers - sum(count for reason, count in dropped.items() if reason != core.NO_MASTER_ROW)
    names = [line for segment in segments.values() for line in segment.lines()]
    versions = lake.versions(CUSTOMERS, ORDER_LINES, PRODUCTS, OPT_OUTS)
    return JobReport(
        rows_in=customers,
        rows_out=written,
        summary=(f"{in_it:,} of {customers:,} customers may be contacted", *reasons, *names),
        as_of=arguments.as_of,
        input_versions=versions,
        dry_run=arguments.dry_run,
        details={
            "audience": in_it,
            "dropped": dict(dropped),
            "clusters": {mix: segment.names for mix, segment in segments.items()},
        },
    )
