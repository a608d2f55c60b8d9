"""Makes the audience of a day: who may be contacted, what they buy, which cluster they are in. One commit a table."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.config.catalogs import load_catalog
from basketry.domains.marketing import core, places, segments, windows
from basketry.domains.marketing.calling import load_calling
from basketry.domains.marketing.clusters import CATEGORY, PRODUCT
from basketry.domains.marketing.settings import load_settings
from basketry.domains.marketing.withdrawals import Closed, closed_channels, with_withdrawals
from basketry.lake.lakehouse import Lakehouse, declared_schema
from basketry.lake.report import JobReport
from basketry.retail.coverage import check_delivered
from basketry.tables import (
    AUDIENCE_BY_CATEGORY,
    AUDIENCE_BY_PRODUCT,
    CUSTOMERS,
    MARKETING_AUDIENCE,
    OPT_OUTS,
    ORDER_LINES,
    PRODUCTS,
    ZIP_TIME_ZONES,
    Table,
)

_WINDOWS = "array<struct<day:date,starts_at:timestamp,ends_at:timestamp>>"
_PLACES = (
    "country_code string, state_code string, zip_state string, zip_zone string, time_zone string, time_zone_from string,"
    f" call_windows {_WINDOWS}"
)


@dataclass(frozen=True)
class Purchases:
    """What was bought, by product, by category and in all."""

    products: DataFrame
    categories: DataFrame
    totals: DataFrame


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Write the audience as of --as-of; the report counts who is not in it, by reason."""
    as_of: date = arguments.as_of
    settings = load_settings(lake.settings.include)
    check_delivered(lake, as_of)
    rows = core.bought(lake.read(ORDER_LINES), _read(lake, PRODUCTS), as_of)
    with kept(rows), everybody(lake, as_of) as points, kept(points):
        purchases = _purchases(rows)
        people = points.where("dropped IS NULL")
        customers, dropped = points.count(), core.dropped_by_reason(points, rows)
        bought = {CATEGORY: purchases.categories, PRODUCT: purchases.products}
        found = segments.find(lake, as_of, people, bought, settings.clusters)
        written = 0
        if not arguments.dry_run:
            written = _write(lake, as_of, people, purchases, found)
            segments.keep(lake, as_of, found)
    return _report(lake, arguments, customers, dropped, written, found)


@contextmanager
def kept(rows: DataFrame) -> Iterator[DataFrame]:
    """Keep rows on disk that are read more than once, as long as the block lasts."""
    rows.persist(StorageLevel.DISK_ONLY)
    try:
        yield rows
    finally:
        rows.unpersist()


@contextmanager
def everybody(lake: Lakehouse, as_of: date) -> Iterator[DataFrame]:
    """Every customer with what may be used of his contact data, his time zone and call windows, and why he is left out."""
    catalog = load_catalog(lake.catalog, lake.settings.include)
    points = core.contact_points(lake.read(CUSTOMERS), catalog.country)
    points = core.with_zip(points, zip_time_zones(lake))
    with kept(points):  # validated once: the places are looked at before everything else
        placed = core.placed(points, _known_places(lake, points, as_of))
        closed = closed_channels(points, _read(lake, OPT_OUTS))
        yield core.reachable(with_withdrawals(placed, closed))


def closed_now(lake: Lakehouse) -> Mapping[str, Closed]:
    """Who may not be reached by what is known at this moment; looks at nobody's contact data but theirs who withdrew."""
    opt_outs = _read(lake, OPT_OUTS)
    country = load_catalog(lake.catalog, lake.settings.include).country
    theirs = _read(lake, CUSTOMERS).join(
        F.broadcast(opt_outs.select("customer_id").distinct()), "customer_id", "left_semi"
    )
    return closed_channels(core.contact_points(theirs, country), opt_outs)


def zip_time_zones(lake: Lakehouse) -> DataFrame:
    """silver.zip_time_zones, written once for each version of the package it comes from."""
    source = places.zip_source()
    if not lake.exists(ZIP_TIME_ZONES) or not lake.read(ZIP_TIME_ZONES).where(F.col("source") == source).head(1):
        lake.record(ZIP_TIME_ZONES, places.zip_rows(), where="zip IS NOT NULL")
    return lake.read(ZIP_TIME_ZONES)


def _known_places(lake: Lakehouse, points: DataFrame, as_of: date) -> DataFrame:
    """Time zone and call windows of every distinct place, worked out here: a few hundred however many customers."""
    calling = load_calling(lake.settings.include)
    known = lake.read(ZIP_TIME_ZONES).select("zip", "state", "time_zone").where("state IS NOT NULL")
    zones = places.state_zones(tuple(row) for row in known.select(F.lit(""), "state", "time_zone").distinct().collect())
    days = windows.days_after(as_of)
    rows = []
    for row in core.distinct_places(points).collect():
        place = places.place_of(row.country_code, row.state_code, row.zip_state, row.zip_zone, zones)
        place = windows.resolved(place, days, calling)
        week = [(one.day, one.starts_at, one.ends_at) for one in windows.call_windows(place, days, calling)]
        rows.append((*row, ",".join(place.zones) or None, place.said_from, week))
    return lake.spark.createDataFrame(rows, _PLACES)


def _read(lake: Lakehouse, table: Table) -> DataFrame:
    """The table's rows, none where it does not exist: a retailer may deliver no such feed."""
    return lake.read(table) if lake.exists(table) else lake.spark.createDataFrame([], declared_schema(table))


def _purchases(rows: DataFrame) -> Purchases:
    products, categories = core.by_product(rows), core.by_category(rows)
    return Purchases(products, categories, core.totals(rows, categories, products))


def _write(
    lake: Lakehouse, as_of: date, people: DataFrame, purchases: Purchases, found: Mapping[str, segments.Segments]
) -> int:
    where = f"as_of = DATE'{as_of}'"
    audience = core.audience(people, purchases.totals, as_of)
    for mix, segment in found.items():
        renamed = {"cluster": f"{mix}_cluster", "cluster_name": f"{mix}_cluster_name"}
        audience = audience.join(segment.members.withColumnsRenamed(renamed), "customer_id", "left")
    written = lake.replace(MARKETING_AUDIENCE, audience, where=where)
    categories = core.audience_by(people, purchases.categories, ("category",), as_of)
    lake.replace(AUDIENCE_BY_CATEGORY, categories, where=where)
    products = core.audience_by(people, purchases.products, ("product_id", "product", "category"), as_of)
    lake.replace(AUDIENCE_BY_PRODUCT, products, where=where)
    return written


def _report(
    lake: Lakehouse,
    arguments: argparse.Namespace,
    customers: int,
    dropped: Mapping[str, int],
    written: int,
    found: Mapping[str, segments.Segments],
) -> JobReport:
    reasons = [f"not in it, {reason}: {count:,}" for reason, count in dropped.items()]
    in_it = customers - sum(count for reason, count in dropped.items() if reason != core.NO_MASTER_ROW)
    names = [line for segment in found.values() for line in segment.lines()]
    versions = lake.versions(CUSTOMERS, ORDER_LINES, PRODUCTS, OPT_OUTS)
    return JobReport(
        customers,
        written,
        (f"{in_it:,} of {customers:,} customers may be contacted", *reasons, *names),
        as_of=arguments.as_of,
        input_versions=versions,
        dry_run=arguments.dry_run,
        details={
            "audience": in_it,
            "dropped": dict(dropped),
            "clusters": {mix: one.names for mix, one in found.items()},
        },
    )
