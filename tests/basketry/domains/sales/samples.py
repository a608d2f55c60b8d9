"""Small silver rows, and the sales of them worked out row by row in plain Python: the tests' second opinion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from basketry.tables import ORDER_LINES, PRODUCTS, REVIEWS, Table
from tests.kit.lake import frame
from tests.kit.rows import Row, order_line, product, returned_line, review

KINDS = ("instore_discount", "campaign_coupon_discount", "manuf_coupon_discount", "manuf_coupon_match_discount")


line = partial(order_line, instore_discount="1")
"""A sale of one unit at 10.00 less 1.00, unless said otherwise."""
returned = partial(returned_line, instore_discount="-1")
"""The return of one such unit."""


def _start(day: date, grain: str) -> date:
    firsts = {"day": day, "month": date(day.year, day.month, 1), "year": date(day.year, 1, 1)}
    return date.fromisocalendar(*day.isocalendar()[:2], 1) if grain == "week" else firsts[grain]


def _end(start: date, grain: str) -> date:
    later = start
    while _start(later + timedelta(days=1), grain) == start:
        later += timedelta(days=1)
    return later


def _rounded(value: Decimal, places: str = "0.0001") -> Decimal:
    return value.quantize(Decimal(places), ROUND_HALF_UP)


def _measures(lines: Sequence[Row], ratings: Sequence[int], last_day: date, is_partial: bool) -> Row:
    sold = [row for row in lines if row["line_kind"] == "sale"]
    back = [row for row in lines if row["line_kind"] == "return"]
    gross, units = (sum((row[name] for row in sold), Decimal(0)) for name in ("list_amount", "quantity"))
    discounts = {name: sum((row[name] for row in sold), Decimal(0)) for name in KINDS}
    returns = -sum((row["net_amount"] for row in back), Decimal(0))
    paid = gross - sum(discounts.values())
    return {
        "period_end": last_day,
        "gross_revenue": gross,
        **discounts,
        "returns_amount": returns,
        "net_revenue": paid - returns,
        "units_sold": units,
        "units_returned": -sum((row["quantity"] for row in back), Decimal(0)),
        "orders": len({row["order_id"] for row in sold}),
        "customers": len({row["customer_id"] for row in sold} - {None}),
        "average_price": _rounded(paid / units) if units else None,
        "average_rating": _rounded(Decimal(sum(ratings)) / len(ratings)) if ratings else None,
        "ratings": len(ratings),
        "is_partial": is_partial,
    }


class Expected:
    """Sales of these silver rows as of a day."""

    def __init__(self, lines: Iterable[Row], products: Iterable[Row], reviews: Iterable[Row], as_of: date) -> None:
        """Keep what counts."""
        kinds = ("sale", "return")
        counted = [row for row in lines if row["line_kind"] in kinds and row["status"] != "cancelled"]
        self.lines = [row for row in counted if row["order_date"] <= as_of]
        self.first_day = min(row["order_date"] for row in counted)
        self.reviews = [row for row in reviews if row["reviewed_on"] <= as_of]
        self.products = {row["product_id"]: row for row in products}
        self.as_of = as_of

    def _place(self, product: str | None) -> tuple[str, str]:
        values = self.products.get(product, {})
        return (values.get("department") or "Uncategorised", values.get("category") or "Uncategorised")

    def _is_partial(self, start: date, grain: str) -> bool:
        """Still running, or begun before the first day on which anything that counts was sold."""
        return _end(start, grain) > self.as_of or start < self.first_day

    def _table(self, grain: str, key_of: Any) -> dict[tuple[Any, ...], Row]:
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in self.lines:
            groups.setdefault((_start(row["order_date"], grain), *key_of(row["product_id"])), []).append(row)
        ratings: dict[tuple[Any, ...], list[int]] = {}
        for row in self.reviews:
            key = (_start(row["reviewed_on"], grain), *key_of(row["product_id"]))
            ratings.setdefault(key, []).append(row["rating"])
        return {
            key: _measures(rows, ratings.get(key, []), _end(key[0], grain), self._is_partial(key[0], grain))
            for key, rows in groups.items()
        }

    def by_product(self, grain: str) -> dict[tuple[Any, ...], Row]:
        """(period_start, product_id) -> the other columns."""
        rows = self._table(grain, lambda product: (product or "Unknown product",))
        for (_, name), row in rows.items():
            values = self.products.get(name, {})
            row |= {"product": values.get("name"), "brand": values.get("brand")}
            row["department"], row["category"] = self._place(name)
        return rows

    def rollup(self, grain: str) -> dict[tuple[Any, ...], Row]:
        """(period_start, level, department, category) -> the other columns."""
        return {
            **self._table(grain, lambda product: ("category", *self._place(product))),
            **self._table(grain, lambda product: ("department", self._place(product)[0], "")),
            **self._table(grain, lambda product: ("total", "", "")),
        }


def keyed(rows: DataFrame, table: Table) -> dict[tuple[Any, ...], Row]:
    """A sales frame in the shape of `Expected`; a key that comes twice fails."""
    found = [row.asDict() for row in rows.collect()]
    result = {tuple(row.pop(name) for name in table.key): row for row in found}
    assert len(result) == len(found), f"{table.full_name} repeats a key"
    return result


LINES = [
    # One order over two products of one category and one of another; a values and an unknown customer.
    line("O1", "1", "2020-12-31"),
    line("O1", "2", "2020-12-31", product="P2", quantity="3", list_amount="10", instore_discount="0"),
    line("O1", "3", "2020-12-31", product="P3", campaign_coupon_discount="1", manuf_coupon_discount="0.25"),
    line("O2", "1", "2021-01-01", customer=None),
    line("O3", "1", "2021-01-03", product="P2", manuf_coupon_match_discount="0.3333"),
    # The same order and customer on two days of one ISO week, and again after it.
    line("O4", "1", "2021-01-04"),
    line("O4", "2", "2021-01-05"),
    line("O4", "3", "2021-01-11"),
    line("O5", "1", "2024-02-28", customer="C2"),
    line("O5", "2", "2024-02-29", customer="C2"),
    returned("O6", "1", "2024-02-29", customer="C2"),
    # A day with nothing but a return; a product that nobody declared; one without category; none at all.
    returned("O7", "1", "2024-03-01", product="P2"),
    line("O8", "1", "2024-03-01", product="P9"),
    line("O8", "2", "2024-03-01", product="P4"),
    line("O8", "3", "2024-03-01", product=None),
    # What does not count.
    line("O9", "1", "2024-03-01", status="cancelled"),
    line("O9", "2", "2024-03-02", product=None, line_kind="fee"),
    line("O9", "3", "2024-03-02", product=None, line_kind="adjustment"),
    line("O10", "1", "2024-03-09"),
    line("O11", "1", "2024-03-12", product="P2"),
]
PRODUCTS_SOLD = [
    product("P1", "Tea", department="Grocery"),
    product("P2", "Tea", department="Grocery"),
    product("P3", "Coffee", department="Grocery"),
    product("P4", "", department="Home"),
    product("P5", "Coffee", department="Grocery"),
]
RATINGS = [
    review("R1", "P1", "2020-12-31", 5),
    review("R2", "P1", "2021-01-01", 4),
    review("R3", "P1", "2021-01-02", 4),
    review("R4", "P5", "2020-12-30", 1),
    review("R5", "P2", "2024-03-12", 2),
]


def sample_frames(spark: SparkSession) -> tuple[DataFrame, DataFrame, DataFrame]:
    """LINES, PRODUCTS_SOLD and RATINGS as silver frames."""
    given = ((ORDER_LINES, LINES), (PRODUCTS, PRODUCTS_SOLD), (REVIEWS, RATINGS))
    lines, products, reviews = (frame(spark, table, rows) for table, rows in given)
    return lines, products, reviews
