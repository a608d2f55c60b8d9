"""A made-up shop: its products, its customers and what it sold, the same for the same arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

AS_OF = date(2026, 11, 20)
SEED = 20261120

TREE = {
    "Produce": ("Bananas", "Apples", "Salad", "Potatoes"),
    "Dairy": ("Milk", "Yoghurt", "Cheese"),
    "Bakery": ("Bread", "Rolls"),
    "Meat": ("Chicken", "Beef", "Sausages"),
    "Pantry": ("Coffee", "Pasta", "Cereal", "Olive Oil"),
    "Household": ("Toilet Paper", "Detergent", "Dish Soap"),
    "Pets": ("Cat Food", "Dog Food"),
}
BRANDS = ("Northfield", "Green Valley", "Hearth & Home", "Casa Verde", "Blue Harbor")
KINDS = ("Classic", "Organic", "Family Pack", "Small", "Premium", "Light", "Value", "Reserve")
HOSTILE = '<script>alert("x")</script>'
"""A product's name that is no name: it must be shown as it is and do nothing."""


@dataclass(frozen=True, kw_only=True)
class Product:
    """A product and what it usually costs and sells."""

    product_id: str
    name: str
    brand: str
    department: str
    category: str
    price: float
    daily: float


def products(each: int = 4, hostile: bool = True) -> list[Product]:
    """`each` products of every category. hostile: one has a name that is no name, another begins like a formula."""
    draw = np.random.default_rng(SEED)
    items: list[Product] = []
    for department, categories in TREE.items():
        for category in categories:
            for number in range(each):
                brand = BRANDS[int(draw.integers(len(BRANDS)))]
                kind = f"{KINDS[number % len(KINDS)]}{'' if number < len(KINDS) else f' {number // len(KINDS) + 1}'}"
                price, daily = float(np.exp(draw.normal(1.4, 0.5))), float(np.exp(draw.normal(1.9, 0.7)))
                name = f"{category} {kind}"
                items.append(
                    Product(
                        product_id=f"P{len(items) + 1:04d}",
                        name=name,
                        brand=brand,
                        department=department,
                        category=category,
                        price=price,
                        daily=daily,
                    )
                )
    if hostile:
        first, second = items[-1], items[-2]
        items[-1] = Product(
            product_id=first.product_id,
            name=HOSTILE,
            brand=first.brand,
            department=first.department,
            category=first.category,
            price=3.99,
            daily=9.0,
        )
        items[-2] = Product(
            product_id=second.product_id,
            name='=HYPERLINK("http://x.example")',
            brand=second.brand,
            department=second.department,
            category=second.category,
            price=4.99,
            daily=8.0,
        )
    return items


def daily_sales(items: list[Product], weeks: int, as_of: date = AS_OF) -> pa.Table:
    """Rows of gold.sales_day but is_partial: a product and a day on which it sold, with a season and a trend."""
    draw = np.random.default_rng(SEED + 1)
    first = as_of - timedelta(days=7 * weeks - 7 + as_of.weekday())  # a Monday
    days = np.arange((as_of - first).days + 1)
    weekday = np.array([0.85, 0.8, 0.9, 0.95, 1.2, 1.35, 1.1])[(first.weekday() + days) % 7]
    parts = []
    for item in items:
        season = 1 + 0.18 * np.sin(2 * np.pi * (days + draw.integers(365)) / 365)
        trend = np.exp(draw.normal(0.0004, 0.0006) * days)
        orders = draw.poisson(item.daily * weekday * season * trend)
        parts.append(_of_product(item, first, orders, draw))
    return pa.concat_tables(parts)


def _of_product(item: Product, first: date, orders: np.ndarray, draw: np.random.Generator) -> pa.Table:
    (sold,) = np.nonzero(orders)
    orders = orders[sold]
    units = orders + draw.poisson(0.3 * orders)
    price = np.round(item.price * np.exp(draw.normal(0, 0.03, len(sold))), 2)
    gross = units * price
    cut = np.where(draw.random(len(sold)) < 0.15, 0.2, 0.02)
    instore, campaign, manufacturer = gross * cut, gross * 0.008, gross * 0.004
    back = draw.binomial(units, 0.012)
    net = gross - instore - campaign - manufacturer * 1.5 - back * price
    stars = draw.binomial(orders, 0.05)
    start = np.datetime64(first) + sold
    text = {
        "product_id": item.product_id,
        "product": item.name,
        "brand": item.brand,
        "department": item.department,
        "category": item.category,
    }
    numbers = {
        "gross_revenue": gross,
        "instore_discount": instore,
        "campaign_coupon_discount": campaign,
        "manuf_coupon_discount": manufacturer,
        "manuf_coupon_match_discount": manufacturer * 0.5,
        "returns_amount": back * price,
        "net_revenue": net,
        "units_sold": units.astype(float),
        "units_returned": back.astype(float),
        "orders": orders,
        "customers": np.maximum(1, (orders * 0.93).astype(int)),
        "ratings": stars,
        "stars": stars * np.round(draw.uniform(3, 5, len(sold)), 1),
    }
    columns = {
        "period_start": start,
        "period_end": start,
        **{name: np.full(len(sold), value) for name, value in text.items()},
        **numbers,
    }
    return pa.table(columns)


SUMS = (
    "gross_revenue",
    "instore_discount",
    "campaign_coupon_discount",
    "manuf_coupon_discount",
    "manuf_coupon_match_discount",
    "returns_amount",
    "net_revenue",
    "units_sold",
    "units_returned",
)
DERIVED = """
    sum(gross_revenue - instore_discount - campaign_coupon_discount - manuf_coupon_discount)
        / nullif(sum(units_sold), 0) AS average_price,
    sum(stars) / nullif(sum(ratings), 0) AS average_rating, sum(ratings)::bigint AS ratings
"""


def in_periods(daily: pa.Table, grain: str, as_of: date = AS_OF) -> tuple[pa.Table, pa.Table]:
    """gold.sales_<grain> and its rollup, made of days; orders and customers of a rollup are about right, sums exactly."""
    first = pc.min(daily["period_start"]).as_py()
    partial = f"period_end > DATE '{as_of}' OR period_start < DATE '{first}' AS is_partial"
    period = f"""date_trunc('{grain}', period_start)::date AS period_start,
        (date_trunc('{grain}', period_start) + INTERVAL 1 {grain} - INTERVAL 1 DAY)::date AS period_end"""
    sums = ", ".join(f"sum({name}) AS {name}" for name in SUMS)
    counted = "sum(orders)::bigint AS orders, sum(customers)::bigint AS customers"
    baskets = "greatest(1, round(sum(orders) * share))::bigint AS orders"
    baskets += ", greatest(1, round(sum(customers) * share * 0.9))::bigint AS customers"
    product = f"""SELECT *, {partial} FROM (
        SELECT {period}, product_id, any_value(product) AS product, any_value(brand) AS brand,
        any_value(department) AS department, any_value(category) AS category, {sums}, {counted}, {DERIVED}
        FROM daily GROUP BY ALL)"""
    levels = {
        "category": ("department", "category", 0.8),
        "department": ("department", "''", 0.5),
        "total": ("''", "''", 0.2),
    }
    rolled = " UNION ALL ".join(
        f"""SELECT {period}, '{level}' AS level, {department} AS department, {category} AS category, {sums},
        {baskets.replace("share", str(share))}, {DERIVED} FROM daily GROUP BY ALL"""
        for level, (department, category, share) in levels.items()
    )
    with duckdb.connect() as database:
        database.register("daily", daily)
        one = database.sql(product).to_arrow_table()
        other = database.sql(f"SELECT *, {partial} FROM ({rolled})").to_arrow_table()
    return one, other
