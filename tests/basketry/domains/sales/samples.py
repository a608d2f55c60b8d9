"""Small silver rows, and the sales of them worked out row by row in plain Python: the tests' second opinion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from basketry.lake.schemas import declared_schema
from basketry.tables import ORDER_LINES, PRODUCTS, REVIEWS, Table

Row = dict[str, Any]
KINDS = ("instore_discount", "campaign_coupon_discount", "manuf_coupon_discount", "manuf_coupon_match_discount")


def _lineage(delivery: int) -> Row:
    delivered = datetime(2024, 1, 1) + timedelta(days=delivery)
    return {"_file_checksum": "c", "_row_number": 2, "_delivered_at": delivered, "_ordering_time": None}


def line(order: str, number: str, day: str, product: str | None = "P1", delivery: int = 0, **other: Any) -> Row:
    """A sale of one unit at 10.00 less 1.00, unless said otherwise; amounts may be given as texts."""
    amounts = {"quantity": "1", "list_amount": "10", "instore_discount": "1", "campaign_coupon_discount": "0"}
    amounts |= {"manuf_coupon_discount": "0", "manuf_coupon_match_discount": "0", "net_amount": "9"}
    amounts = {name: Decimal(other.pop(name, value)) for name, value in amounts.items()}
    base = {"order_id": order, "line_id": number, "customer_id": "C1", "product_id": product, "store_id": None}
    base |= {"ordered_at": datetime.fromisoformat(day), "order_date": date.fromisoformat(day)}
    return {**base, "line_kind": "sale", "status": "paid", **amounts, **other, **_lineage(delivery)}


def returned(order: str, number: str, day: str, product: str | None = "P1", **other: Any) -> Row:
    """The return of one such unit."""
    amounts = {"quantity": "-1", "list_amount": "-10", "instore_discount": "-1", "net_amount": "-9"}
    return line(order, number, day, product, line_kind="return", status="returned", **{**amounts, **other})


def product(name: str, department: str | None, category: str | None, delivery: int = 0, **other: Any) -> Row:
    """A product whose id is its name."""
    absent = dict.fromkeys(PRODUCTS.column_names)
    values = {
        "product_id": name,
        "name": f"name of {name}",
        "brand": "B",
        "department": department,
        "category": category,
    }
    return {**absent, **values, **other, **_lineage(delivery)}


def review(name: str, product: str, day: str, rating: int, delivery: int = 0) -> Row:
    """A review."""
    values = {"review_id": name, "product_id": product, "customer_id": "C1", "rating": rating}
    return {**values, "reviewed_on": date.fromisoformat(day), **_lineage(delivery)}


def frame(spark: SparkSession, table: Table, rows: Sequence[Row]) -> DataFrame:
    """The rows as a frame of the declared schema."""
    return spark.createDataFrame(
        [tuple(row[name] for name in table.column_names) for row in rows], declared_schema(table)
    )


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
    line("O1", "2", "2020-12-31", "P2", quantity="3", list_amount="10", instore_discount="0", net_amount="10"),
    line("O1", "3", "2020-12-31", "P3", campaign_coupon_discount="1", manuf_coupon_discount="0.25", net_amount="7.75"),
    line("O2", "1", "2021-01-01", customer_id=None),
    line("O3", "1", "2021-01-03", "P2", manuf_coupon_match_discount="0.3333", net_amount="8.6667"),
    # The same order and customer on two days of one ISO week, and again after it.
    line("O4", "1", "2021-01-04"),
    line("O4", "2", "2021-01-05"),
    line("O4", "3", "2021-01-11"),
    line("O5", "1", "2024-02-28", customer_id="C2"),
    line("O5", "2", "2024-02-29", customer_id="C2"),
    returned("O6", "1", "2024-02-29", customer_id="C2"),
    # A day with nothing but a return; a product that nobody declared; one without category; none at all.
    returned("O7", "1", "2024-03-01", "P2"),
    line("O8", "1", "2024-03-01", "P9"),
    line("O8", "2", "2024-03-01", "P4"),
    line("O8", "3", "2024-03-01", None),
    # What does not count.
    line("O9", "1", "2024-03-01", status="cancelled"),
    line("O9", "2", "2024-03-02", None, line_kind="fee"),
    line("O9", "3", "2024-03-02", None, line_kind="adjustment"),
    line("O10", "1", "2024-03-09"),
    line("O11", "1", "2024-03-12", "P2"),
]
PRODUCTS_SOLD = [
    product("P1", "Grocery", "Tea"),
    product("P2", "Grocery", "Tea"),
    product("P3", "Grocery", "Coffee"),
    product("P4", "Home", ""),
    product("P5", "Grocery", "Coffee"),
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
