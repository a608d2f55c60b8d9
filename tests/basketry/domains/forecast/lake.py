"""A small lake whose order lines are known: a few dozen products over thirty weeks, and every odd one that there can be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np

from basketry.lake.lakehouse import Lakehouse
from basketry.tables import ORDER_LINES, PRODUCTS, REVIEWS
from tests.kit.lake import put
from tests.kit.rows import Row, order_line, product, review

WEEKS = 30
FIRST = date(2026, 1, 5)
AS_OF = FIRST + timedelta(days=7 * WEEKS - 1)
PRODUCT_COUNT = 40
ODD = ("ONCE", "RETURNED", "GAP", "FREE", "TOMORROW", "GONE")


def sale(order: str, day: date, product_id: str, amount: float, units: int = 2, **other: Any) -> Row:
    """A line of that amount, of nobody known."""
    amounts = {"list_amount": round(amount, 2), "quantity": units}
    return order_line(order, product_id, day, None, product=product_id, **amounts, **other)


def order_lines(weeks: int = WEEKS) -> list[Row]:
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


def _odd(last: date) -> Iterator[Row]:
    """One sale; only a return; a gap of months; a price of 0; a line of the day after; a category that vanished."""
    yield sale("X1", last, "ONCE", 30)
    yield sale("X2", last, "RETURNED", -8, units=-1, line_kind="return")
    for number, days in enumerate((0, 3, 150, 155)):
        yield sale(f"X3{number}", FIRST + timedelta(days=days), "GAP", 12)
    yield sale("X4", last, "FREE", 0)
    yield sale("X5", last + timedelta(days=1), "TOMORROW", 99)
    yield sale("X6", FIRST, "GONE", 50)


def products() -> Iterator[Row]:
    """Two departments; nothing is known of some; GONE stands alone in its category."""
    for number in range(PRODUCT_COUNT):
        known = {"name": f"Product {number}", "units_available": 10 if number < 5 else None}
        yield product(f"P{number:02}", f"C{number % 3}", department=f"D{number % 2}", **known)
    yield product("GONE", "Vanished", department="D0")


def reviews() -> Iterator[Row]:
    """Three of a product, the last of the day after."""
    for number, (rating, day) in enumerate(((2, FIRST), (4, AS_OF), (1, AS_OF + timedelta(days=1)))):
        yield review(str(number), "P00", day, rating)


def filled(lake: Lakehouse, weeks: int = WEEKS) -> Lakehouse:
    """The lake with its silver tables."""
    put(lake, ORDER_LINES, order_lines(weeks))
    put(lake, PRODUCTS, products())
    put(lake, REVIEWS, reviews())
    return lake
