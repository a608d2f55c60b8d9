"""A small lake whose order lines are known: a few dozen products over thirty weeks, and every odd one that there can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from basketry.lake.lakehouse import Lakehouse
from basketry.lake.schemas import declared_schema
from basketry.tables import LINEAGE, ORDER_LINES, PRODUCTS, REVIEWS, Table
from tests.basketry.features.samples import line, product

WEEKS = 30
FIRST = date(2026, 1, 5)
AS_OF = FIRST + timedelta(days=7 * WEEKS - 1)
PRODUCT_COUNT = 40
ODD = ("ONCE", "RETURNED", "GAP", "FREE", "TOMORROW", "GONE")


def sale(order: str, day: date, product_id: str, amount: float, units: int = 2, **other: Any) -> dict[str, Any]:
    """A line of that amount."""
    paid = Decimal(str(round(amount, 2)))
    return line(
        order, product_id, day, customer=None, product=product_id, list_amount=paid, quantity=Decimal(units), **other
    )


def order_lines(weeks: int = WEEKS) -> list[dict[str, Any]]:
    """Lines of ordinary products, then of the odd ones."""
    random = np.random.default_rng(8)
    last = FIRST + timedelta(days=7 * weeks - 1)
    lines = []
    for number in range(PRODUCT_COUNT):
        rate, size = 0.6 + number % 4, 10.0 + 3 * number
        for week in range(weeks):
            for visit in range(random.poisson(rate)):
                day = FIRST + timedelta(days=7 * week + int(random.integers(7)))
                amount = size * float(np.exp(random.normal(0, 0.3)))
                lines.append(sale(f"O{number}-{week}-{visit}", day, f"P{number:02}", amount))
    return [*lines, *_odd(last)]


def _odd(last: date) -> Iterator[dict[str, Any]]:
    """One sale; only a return; a gap of months; a price of 0; a line of the day after; a category that vanished."""
    yield sale("X1", last, "ONCE", 30)
    yield sale("X2", last, "RETURNED", -8, units=-1, line_kind="return")
    for number, days in enumerate((0, 3, 150, 155)):
        yield sale(f"X3{number}", FIRST + timedelta(days=days), "GAP", 12)
    yield sale("X4", last, "FREE", 0)
    yield sale("X5", last + timedelta(days=1), "TOMORROW", 99)
    yield sale("X6", FIRST, "GONE", 50)


def products() -> Iterator[dict[str, Any]]:
    """Two departments; nothing is known of some; GONE stands alone in its category."""
    for number in range(PRODUCT_COUNT):
        row = product(f"P{number:02}", f"C{number % 3}")
        yield {
            **row,
            "department": f"D{number % 2}",
            "name": f"Product {number}",
            "units_available": 10 if number < 5 else None,
        }
    yield {**product("GONE", "Vanished"), "department": "D0"}


def reviews() -> Iterator[dict[str, Any]]:
    """Three of a product, the last of the day after."""
    for number, (rating, day) in enumerate(((2, FIRST), (4, AS_OF), (1, AS_OF + timedelta(days=1)))):
        lineage = {column.name: line("o", "1", FIRST)[column.name] for column in LINEAGE}
        yield {
            "review_id": str(number),
            "product_id": "P00",
            "customer_id": None,
            "rating": rating,
            "reviewed_on": day,
            **lineage,
        }


def put(lake: Lakehouse, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Instead of all that was there."""
    data = [tuple(row[name] for name in table.column_names) for row in rows]
    lake.replace(table, lake.spark.createDataFrame(data, declared_schema(table)), "true")


def filled(lake: Lakehouse, weeks: int = WEEKS) -> Lakehouse:
    """The lake with its silver tables."""
    put(lake, ORDER_LINES, order_lines(weeks))
    put(lake, PRODUCTS, products())
    put(lake, REVIEWS, reviews())
    return lake


def read(lake: Lakehouse, table: Table, where: str = "true") -> pd.DataFrame:
    """The rows as pandas, in the order of the key."""
    return lake.read(table).where(where).toPandas().sort_values(list(table.key), ignore_index=True)
