"""A small lake with every table that the console shows, for tests, screenshots and the benchmark."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from basketry import tables
from basketry.tables import SALES, SALES_ROLLUP
from tests.kit.console.decisions import make_decisions
from tests.kit.console.models import make_models
from tests.kit.console.offers import make_offers
from tests.kit.console.ops import make_ops
from tests.kit.console.people import make_people
from tests.kit.console.shop import AS_OF, Product, daily_sales, in_periods, products
from tests.kit.console.tables import DELIVERED, money, write
from tests.kit.rows import order_line


def make_lake(catalog: Path, *, weeks: int = 92, each: int = 4, customers: int = 1200, as_of: date = AS_OF) -> None:
    """Write every table of the catalog's folder."""
    items = products(each)
    weekly = make_sales(catalog, items, weeks, as_of)
    make_ops(catalog, as_of)
    make_decisions(catalog, items, weekly, as_of)
    make_people(catalog, items, customers, as_of)
    make_offers(catalog, items, as_of)
    make_models(catalog, as_of)


def make_sales(catalog: Path, items: list[Product], weeks: int, as_of: date = AS_OF) -> list[float]:
    """gold.sales_* of every grain; returns each product's mean revenue of the last four weeks."""
    daily = daily_sales(items, weeks, as_of)
    for grain in tables.GRAINS:
        product, rollup = in_periods(daily, grain, as_of)
        write(catalog, SALES[grain], product)
        write(catalog, SALES_ROLLUP[grain], rollup)
    rows = [
        {
            "product_id": item.product_id,
            "name": item.name,
            "brand": item.brand,
            "department": item.department,
            "category": item.category,
            "list_price": round(item.price, 2),
            "unit_cost": round(item.price * 0.6, 2),
            "units_available": 40 + 7 * index,
            "_file_checksum": "a" * 64,
            "_row_number": index + 2,
            "_delivered_at": DELIVERED,
        }
        for index, item in enumerate(items)
    ]
    write(catalog, tables.PRODUCTS, money(rows, tables.PRODUCTS))
    write(catalog, tables.ORDER_LINES, [order_line("O1", "1", as_of)])  # no page shows more than that they are there
    return _weekly(daily, items, as_of)


def _weekly(daily: pa.Table, items: list[Product], as_of: date) -> list[float]:
    late = daily.filter(
        pc.greater(daily["period_start"], pa.scalar(as_of - timedelta(days=28)).cast(daily["period_start"].type))
    )
    summed = late.group_by("product_id").aggregate([("net_revenue", "sum")]).to_pydict()
    revenue = dict(zip(summed["product_id"], summed["net_revenue_sum"], strict=True))
    return [revenue.get(item.product_id, 1.0) / 4 for item in items]


def make_summed(catalog: Path) -> None:
    """Write a catalog that has come as far as its sales: loaded and added up, with how long the jobs took; nothing is trained."""
    for table in (tables.FILES, tables.ORDER_LINES, *SALES_ROLLUP.values()):
        write(catalog, table, [])
    seconds = {"ingest": ("load", 96.0), "daily_sales": ("sales", 41.0)}
    runs = [
        {"run_id": f"{dag}/manual__2026-11-29T10:00:00+00:00/{task}/-1/1", "job": task, "seconds": length}
        for dag, (task, length) in seconds.items()
    ]
    write(catalog, tables.JOB_RUNS, runs)
