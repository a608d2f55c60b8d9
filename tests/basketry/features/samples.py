"""Small order lines, and the features of them counted row by row in plain Python: the tests' second opinion."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from basketry.features import kernel, partition
from basketry.tables import Table
from tests.kit.rows import Row, order_line, product

FIRST = date(2023, 1, 1)
KINDS = {
    "instore_discount": lambda row: row["instore_discount"],
    "campaign_coupon_discount": lambda row: row["campaign_coupon_discount"],
    "manuf_coupon_discount": lambda row: row["manuf_coupon_discount"],
    "total_coupon_discount": lambda row: _coupons(row) - row["manuf_coupon_match_discount"],
    "coupon_discount": lambda row: _coupons(row) + row["manuf_coupon_match_discount"],
}
AMOUNTS = {"amount_list": lambda row: row["list_amount"], **KINDS, "amount_paid": lambda row: row["net_amount"]}
WINDOWS = {"30d": (30, 0), "60d": (60, 0), "90d": (90, 0), "ly30d": (30, 335)}


def _coupons(row: Row) -> Decimal:
    return row["campaign_coupon_discount"] + row["manuf_coupon_discount"]


def shop(lines: int = 1500, days: int = 460, seed: int = 5) -> tuple[list[Row], list[Row]]:
    """Order lines and products at random: every discount, orders of two days, unknown customers and products, no sales."""
    chance = random.Random(seed)
    products = [product(f"P{number}", ["Tea", "Milk 'n more", "", None, "Bread"][number % 5]) for number in range(25)]
    orders = [(f"O{n}", FIRST + timedelta(days=chance.randrange(days)), f"C{chance.randrange(12)}") for n in range(500)]
    rows = []
    for number in range(lines):
        order, day, customer = chance.choice(orders)
        amounts = {"list_amount": Decimal(chance.randrange(500, 5000)) / 100}
        shares = {"instore_discount": 0.4, "campaign_coupon_discount": 0.1, "manuf_coupon_discount": 0.1}
        for name, share in shares.items():
            amounts[name] = Decimal(chance.randrange(1, 150)) / 100 if chance.random() < share else Decimal(0)
        matched = amounts["manuf_coupon_discount"] and chance.random() < 0.7
        amounts["manuf_coupon_match_discount"] = amounts["manuf_coupon_discount"] if matched else Decimal(0)
        later = timedelta(days=chance.random() < 0.05)
        customer = None if chance.random() < 0.05 else customer
        bought = None if chance.random() < 0.03 else f"P{min(int(chance.expovariate(0.1)), 26)}"
        kind = "fee" if chance.random() < 0.02 else "sale"
        status = "cancelled" if chance.random() < 0.02 else "paid"
        rows.append(
            order_line(
                order, str(number), day + later, customer, product=bought, line_kind=kind, status=status, **amounts
            )
        )
    return rows, products


def counted(lines: Iterable[Row], products: Iterable[Row]) -> list[Row]:
    """The lines that count, with their category."""
    category = {row["product_id"]: row["category"] for row in products}
    counting = (row for row in lines if row["line_kind"] == "sale" and row["status"] != "cancelled")
    return [{**row, "category": category.get(row["product_id"]) or "Uncategorised"} for row in counting]


def expected(rows: Sequence[Row], as_of: date, keys: Sequence[str]) -> dict[tuple[str, ...], Row]:
    """The stored measures of a level by key. rows: from `counted`."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if row["order_date"] <= as_of and (row["customer_id"] or "customer_id" not in keys):
            groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    return {key: _measures(group, as_of, keys) for key, group in groups.items()}


def _distinct(rows: Iterable[Row], column: str) -> int:
    return len({row[column] for row in rows} - {None})


def _measures(rows: list[Row], as_of: date, keys: Sequence[str]) -> Row:
    measures: Row = {}
    for window, (length, shift) in WINDOWS.items():
        end = as_of - timedelta(days=shift)
        start = end - timedelta(days=length)
        within = [row for row in rows if start < row["order_date"] <= end]
        past = [row for row in rows if row["order_date"] <= end]
        measures |= {f"{name}_{window}": value for name, value in _window(within, past, end, length).items()}
    days = [row["order_date"] for row in rows]
    measures |= {"days_since_first": (as_of - min(days)).days, "days_since_last": (as_of - max(days)).days}
    measures |= {"days_ever": len(set(days)), "baskets_ever": _distinct(rows, "order_id"), "line_items_ever": len(rows)}
    measures["distinct_products_ever"] = _distinct(rows, "product_id")
    measures["amount_list_ever"] = float(sum(row["list_amount"] for row in rows))
    measures["amount_paid_ever"] = float(sum(row["net_amount"] for row in rows))
    for length in (14, 180, 365):
        measures[f"days_{length}d"] = len({day for day in days if day > as_of - timedelta(days=length)})
    for length in (30, 90) if list(keys) == ["category"] else ():
        recent = [row for row in rows if row["order_date"] > as_of - timedelta(days=length)]
        measures[f"customers_{length}d"] = _distinct(recent, "customer_id")
    return measures


def _window(within: list[Row], past: list[Row], end: date, length: int) -> Row:
    measures: Row = {"days": _distinct(within, "order_date"), "baskets": _distinct(within, "order_id")}
    measures["products"] = sum(row["product_id"] is not None for row in within)
    measures |= {"distinct_products": _distinct(within, "product_id"), "line_items": len(within)}
    measures |= {name: float(sum((of(row) for row in within), Decimal(0))) for name, of in AMOUNTS.items()}
    for kind, of in KINDS.items():
        having = [row for row in within if of(row) > 0]
        measures[f"days_with_{kind}"] = _distinct(having, "order_date")
        measures[f"baskets_with_{kind}"] = _distinct(having, "order_id")
        measures[f"products_with_{kind}"] = _distinct(having, "product_id")
        measures[f"line_items_with_{kind}"] = len(having)
        since = [(end - row["order_date"]).days if of(row) > 0 else length - 1 for row in past]
        measures[f"days_since_{kind}"] = min(since, default=0)
    return measures


def batch(rows: Sequence[Row]) -> pa.RecordBatch:
    """Counted lines as Spark hands them to a task."""
    columns = {
        name: pa.array([row[name] for row in rows], pa.string())
        for name in ("customer_id", "order_id", "product_id", "category")
    }
    columns["day"] = pa.array([row["order_date"] for row in rows], pa.date32())
    names = ("list_amount", "instore_discount", "campaign_coupon_discount", "manuf_coupon_discount")
    names = (*names, "manuf_coupon_match_discount", "net_amount")
    for part, name in zip(kernel.PARTS, names, strict=True):
        columns[part] = pa.array([float(row[name]) or None for row in rows], pa.float64())
    return pa.record_batch(columns)


def by_key(rows: Iterable[Row], table: Table) -> dict[tuple[Any, ...], Row]:
    """Rows of a features table by key, as of first; a key that comes twice fails."""
    names = ("as_of", *(name for name in table.key if name != "as_of"))
    listed = [dict(row) for row in rows]
    keyed = {tuple(row.pop(name) for name in names): row for row in listed}
    assert len(keyed) == len(listed), f"{table.full_name} repeats a key"
    return keyed


def computed(
    lines: Sequence[Row], as_ofs: Sequence[date], categories: Sequence[str], buckets: int = 1
) -> dict[str, list[Row]]:
    """Rows of the three features tables by table name, without Spark. lines: from `counted`."""
    days = [(day - date(1970, 1, 1)).days for day in as_ofs]
    packed = list(
        partition.pack_lines([batch(lines[start : start + 400]) for start in range(0, len(lines), 400)], buckets)
    )
    features: dict[str, list[Row]] = {}
    for bucket in range(buckets):
        of = {}
        for column in ("customer_id", "category"):
            chosen = [
                lines_batch
                for lines_batch in packed
                if lines_batch["spread_by"][0].as_py() in ("", column) and lines_batch["bucket"][0].as_py() == bucket
            ]
            of[column] = [lines_batch.select(["batch"]) for lines_batch in chosen]
        made = [
            *partition.customer_features(of["customer_id"], days, categories, 0),
            *partition.category_features(of["category"], days, 0),
        ]
        for batch_of_rows in made:
            rows = [
                row for rows in partition.unpack_rows([batch_of_rows.select(["batch"])]) for row in rows.to_pylist()
            ]
            assert {row["as_of"] for row in rows} == {batch_of_rows["as_of"][0].as_py()}
            assert len(rows) == batch_of_rows["rows"][0].as_py()
            features.setdefault(batch_of_rows["level"][0].as_py(), []).extend(rows)
    return features


PRODUCTS_SOLD = [product("P1", "Tea"), product("P2", "Tea"), product("P3", "Milk 'n more"), product("P4", None)]
LINES = [
    order_line("O1", "1", "2024-01-01"),
    order_line("O1", "2", "2024-01-01", product="P3", instore_discount="1"),
    order_line("O2", "1", "2024-01-20", "C2", product="P2", campaign_coupon_discount="0.5"),
    order_line("O3", "1", "2024-02-10", None, product="P4"),
    order_line("O4", "1", "2024-02-10", "C1", product="P2"),
    order_line("O5", "1", "2024-02-12", "C3", product="P3"),
    order_line("O6", "1", "2024-02-12", "C4", status="cancelled"),
]
