"""The stored measures of one day by DuckDB alone, straight from the Delta tables' files: what a query engine needs.

`python benchmarks/duckdb_features.py <lake>/<catalog> <as-of> <output folder>` writes a Parquet file a level.
"""

# ruff: noqa: S608 - the only words in these statements are our own names and the date given on the command line

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
from deltalake import DeltaTable

from basketry.tables.features import DISCOUNT_KINDS, LAST_YEAR_SHIFT, RECENT_DAYS, WINDOWS

LEVELS = {"customer": "customer_id", "category": "category", "pair": "customer_id, category"}
COUPONS = "campaign_coupon_discount + manuf_coupon_discount"
AMOUNTS = {
    "amount_list": "list_amount",
    "instore_discount": "instore_discount",
    "campaign_coupon_discount": "campaign_coupon_discount",
    "manuf_coupon_discount": "manuf_coupon_discount",
    "total_coupon_discount": f"{COUPONS} - manuf_coupon_match_discount",
    "coupon_discount": f"{COUPONS} + manuf_coupon_match_discount",
    "amount_paid": "net_amount",
}
COUNTED = {"days": "day", "baskets": "order_id", "products": "product_id"}


def files(catalog: str, table: str) -> str:
    """List the table's current files, as DuckDB's read_parquet takes them."""
    return f"read_parquet({DeltaTable(f'{catalog}/silver/{table}').file_uris()})"


def lines(catalog: str, as_of: date) -> str:
    """Select the lines that count up to the day, with category and amounts in units of 1/10,000."""
    amounts = ", ".join(f"CAST(({sql}) * 10000 AS BIGINT) AS {name}" for name, sql in AMOUNTS.items())
    return (
        f"SELECT customer_id, order_id, l.product_id, order_date AS day, {amounts},"
        " coalesce(nullif(trim(category), ''), 'Uncategorised') AS category"
        f" FROM {files(catalog, 'order_lines')} l LEFT JOIN {files(catalog, 'products')} p ON l.product_id = p.product_id"
        f" WHERE line_kind = 'sale' AND status <> 'cancelled' AND order_date <= DATE '{as_of}'"
    )


def _sums(windows: dict[str, date]) -> Iterator[str]:
    for window, start in windows.items():
        within = f"FILTER (day > DATE '{start}')"
        yield f"count(product_id) {within} AS products_{window}"
        yield f"count(*) {within} AS line_items_{window}"
        yield from (f"sum({name}) {within} / 10000 AS {name}_{window}" for name in AMOUNTS)
        for kind in DISCOUNT_KINDS:
            yield f"count(*) FILTER ({kind} > 0 AND day > DATE '{start}') AS line_items_with_{kind}_{window}"


def _distinct(name: str, windows: dict[str, date]) -> Iterator[str]:
    prefix = "distinct_" if name == "products" else ""
    for window, start in windows.items():
        yield f"count(*) FILTER (last > DATE '{start}') AS {prefix}{name}_{window}"
        for kind in DISCOUNT_KINDS:
            yield f"count(*) FILTER (last_{kind} > DATE '{start}') AS {name}_with_{kind}_{window}"


def _windows(keys: str, source: str, as_of: date) -> Iterator[str]:
    """Yield queries by key of all windows: those that end on one day need one look at the last day of each thing."""
    for ended in (("30d", "60d", "90d"), ("ly30d",)):
        end = as_of - timedelta(days=LAST_YEAR_SHIFT if "ly30d" in ended else 0)
        windows = {window: end - timedelta(days=WINDOWS[window]) for window in ended}
        within = f"(FROM {source} WHERE day > DATE '{min(windows.values())}' AND day <= DATE '{end}')"
        yield f"SELECT {keys}, {', '.join(_sums(windows))} FROM {within} GROUP BY {keys}"
        for name, column in COUNTED.items():
            last = ", ".join(f"max(day) FILTER ({kind} > 0) AS last_{kind}" for kind in DISCOUNT_KINDS)
            things = (
                f"SELECT {keys}, {column} AS thing, max(day) AS last, {last} FROM {within}"
                f" WHERE {column} IS NOT NULL GROUP BY {keys}, thing"
            )
            yield f"SELECT {keys}, {', '.join(_distinct(name, windows))} FROM ({things}) GROUP BY {keys}"


def _history(keys: str, source: str, as_of: date) -> str:
    measures = [f"DATE '{as_of}' - min(day) AS days_since_first", f"DATE '{as_of}' - max(day) AS days_since_last"]
    measures += [
        "count(DISTINCT day) AS days_ever",
        "count(DISTINCT order_id) AS baskets_ever",
        "count(*) AS line_items_ever",
    ]
    measures += ["count(DISTINCT product_id) AS distinct_products_ever", "sum(amount_list) / 10000 AS amount_list_ever"]
    measures += ["sum(amount_paid) / 10000 AS amount_paid_ever"]
    for name, length in RECENT_DAYS.items():
        measures.append(f"count(DISTINCT day) FILTER (day > DATE '{as_of - timedelta(days=length)}') AS days_{name}")
    for window, length in WINDOWS.items():
        end = as_of - timedelta(days=LAST_YEAR_SHIFT if window == "ly30d" else 0)
        for kind in DISCOUNT_KINDS:
            since = f"CASE WHEN {kind} > 0 THEN DATE '{end}' - day ELSE {length - 1} END"
            measures.append(f"min({since}) FILTER (day <= DATE '{end}') AS days_since_{kind}_{window}")
    if keys == "category":
        for length in (30, 90):
            recent = f"day > DATE '{as_of - timedelta(days=length)}'"
            measures.append(f"count(DISTINCT customer_id) FILTER ({recent}) AS customers_{length}d")
    return f"SELECT {keys}, {', '.join(measures)} FROM {source} GROUP BY {keys}"


def write_level(level: str, as_of: date, target: str) -> None:
    """One level's rows as a Parquet file; from the table `lines` and the ten most bought categories."""
    keys = LEVELS[level]
    source = "lines" if level == "category" else "(FROM lines WHERE customer_id IS NOT NULL)"
    if level == "pair":
        source = "(FROM lines WHERE customer_id IS NOT NULL AND category IN (FROM top))"
    frames = [f"({_history(keys, source, as_of)}) ever"]
    frames += [
        f"LEFT JOIN ({query}) w{place} USING ({keys})" for place, query in enumerate(_windows(keys, source, as_of))
    ]
    rows = f"SELECT {keys}, COALESCE(COLUMNS(* EXCLUDE ({keys})), 0) FROM {' '.join(frames)}"
    duckdb.sql(f"COPY ({rows}) TO '{target}/{level}.parquet'")


def main(catalog: str, as_of: str, target: str) -> None:
    """Compute one day and say how long it took, start of the process excluded."""
    start = time.monotonic()
    duckdb.sql("SET threads = 2")
    duckdb.sql(f"CREATE TABLE lines AS {lines(catalog, date.fromisoformat(as_of))}")
    baskets = "SELECT category FROM lines GROUP BY 1 ORDER BY count(DISTINCT order_id) DESC, 1 LIMIT 10"
    duckdb.sql(f"CREATE TABLE top AS {baskets}")
    for level in LEVELS:
        write_level(level, date.fromisoformat(as_of), target)
    print(f"{time.monotonic() - start:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
