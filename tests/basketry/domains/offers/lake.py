"""A lake with a small shop, and deliveries of events into its landing folder."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from basketry.config.settings import CHECKOUT, Settings
from basketry.domains.offers.messages import FEED
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.schemas import declared_schema
from basketry.tables import CUSTOMERS, ORDER_LINES, PRODUCTS, Table
from tests.basketry.features.samples import line
from tests.kit.offers import NOON, shop, shoppers

LINEAGE = {"_file_checksum": "x", "_row_number": 1, "_delivered_at": datetime(2025, 12, 31, tzinfo=UTC)}
ARGUMENTS = argparse.Namespace(dry_run=False, continuous=False, run_id="test", catalog="demo")


def put(lake: Lakehouse, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Instead of all that was there."""
    data = [tuple({**LINEAGE, **row}.get(name) for name in table.column_names) for row in rows]
    lake.replace(table, lake.spark.createDataFrame(data, declared_schema(table)), "true")


def fill(lake: Lakehouse, customers: int = 40) -> Lakehouse:
    """Products, customers and some orders of the day before NOON."""
    of, random = shop(), np.random.default_rng(2)
    products = [
        {
            "product_id": product,
            "category": of.categories[of.category[index]],
            "list_price": Decimal(str(of.price[index])),
            "unit_cost": Decimal(str(round(float(of.cost[index]), 2))),
            "units_available": 100,
        }
        for index, product in enumerate(of.products)
    ]
    put(lake, PRODUCTS, products)
    put(lake, CUSTOMERS, [{"customer_id": name} for name in shoppers(customers)])
    day = datetime.fromtimestamp(NOON, UTC).date().replace(year=2025, month=12, day=31)
    orders = [
        line(f"o{number}", str(slot), day, name, product=of.products[int(random.integers(len(of.products)))])
        for number, name in enumerate(shoppers(customers))
        for slot in range(3)
    ]
    put(lake, ORDER_LINES, orders)
    return lake


def another(lake: Lakehouse, home: Path, **edits: str) -> Lakehouse:
    """A lake in another home with the same silver tables. edits: lines of include/offers.yaml, by key."""
    include = home / "include"
    shutil.copytree(CHECKOUT / "include", include)
    text = (include / "offers.yaml").read_text()
    for key, value in edits.items():
        lines = [f"  {key}: {value}" if row.strip().startswith(f"{key}:") else row for row in text.splitlines()]
        text = "\n".join(lines) + "\n"
    (include / "offers.yaml").write_text(text)
    assert lake.settings.lake is not None
    source = lake.settings.lake / "demo" / "silver"
    if source.exists():
        shutil.copytree(source, home / "lake" / "demo" / "silver")
    settings: Settings = replace(lake.settings, home=home, include=include, lake=home / "lake")
    return Lakehouse(lake.spark, "demo", settings)


def deliver(lake: Lakehouse, name: str, lines: Sequence[str], at: float) -> None:
    """Put a file of events into the landing folder, as delivered at a time."""
    folder = lake.settings.landing_folder("demo", FEED)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{name}.part"
    part.write_text("".join(f"{line}\n" for line in lines))
    os.utime(part, (at, at))
    part.rename(folder / name)


def rows(lake: Lakehouse, table: Table, *without: str) -> pd.DataFrame:
    """The rows in the order of the key, without some columns."""
    frame = lake.read(table).drop(*without).toArrow().to_pandas()
    return frame.sort_values([name for name in table.key if name in frame], ignore_index=True)
