"""Two years of a small shop: the raw frames, from which a test counts by itself, and the lake that the jobs would make.

The lake's tables are aggregated from the lines by pandas; questions are answered from the lake, and checked against SQL
that a person wrote over the raw frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from basketry.tables import (
    FILES,
    FORECAST_OUTCOMES,
    MARKETING_CLUSTERS,
    OFFER_PERFORMANCE_MINUTE,
    PRODUCT_DECISIONS,
    PRODUCT_FEATURES,
    PRODUCT_FORECASTS,
    PRODUCTS,
    PROPENSITY_OUTCOMES,
    PROPENSITY_SCORES,
    RFM_MIGRATION,
    RFM_PROFILES,
    SALES,
    SALES_ROLLUP,
)
from tests.kit.lake import fill
from tests.kit.results import forecast_outcome, product_decision, product_forecast
from tests.kit.small_shop_results import LAST, files, money, offers, people

FIRST = date(2025, 1, 1)
PARTS = {"day": "D", "week": "W-SUN", "month": "M", "year": "Y"}
_PRODUCTS = [
    ("p1", "Dark Roast Coffee", "Acme", "Coffee", "Grocery"),
    ("p2", "Mild Coffee", "Bestco", "Coffee", "Grocery"),
    ("p3", "Espresso Beans", "Acme", "Coffee", "Grocery"),
    ("p4", "Green Tea", "Acme", "Tea", "Grocery"),
    ("p5", "Black Tea", "Bestco", "Tea", "Grocery"),
    ("p6", "Honey", "Bestco", "Honey", "Grocery"),
    ("p7", "Chunky Dog Food", "Purr & Co", "Dog Food", "Pets"),
    ("p8", "Puppy Food", "Acme", "Dog Food", "Pets"),
    ("p9", "Tuna Cat Food", "Purr & Co", "Cat Food", "Pets"),
    ("p10", "Kitten Food", "Purr & Co", "Cat Food", "Pets"),
    ("p11", "Soft Paper", "Bestco", "Toilet Paper", "Household"),
    ("p12", "Eco Paper", "Acme", "Toilet Paper", "Household"),
]
ACTIONS = (
    "hold",
    "discount",
    "optimise_price",
    "increase_inventory",
    "hold",
    "promote",
    "discount",
    "hold",
    "optimise_price",
    "hold",
    "delist",
    "none",
)
BUCKETS = ("High", "Low", "Medium", "High", "Low", "Medium", "High", "Low", "Medium", "Low", "Low", None)


def frames() -> dict[str, pd.DataFrame]:
    """The raw data by name: lines, products, and what the other jobs found out."""
    random = np.random.default_rng(7)
    products = pd.DataFrame(_PRODUCTS, columns=["product_id", "product", "brand", "category", "department"])
    lines = _lines(random, products)
    return {
        "products": products,
        "lines": lines,
        **_judged(random, products),
        **people(random),
        "files": files(random),
        "offers": offers(random),
    }


def _lines(random: np.random.Generator, products: pd.DataFrame) -> pd.DataFrame:
    """Order lines: two to five orders a day, one to three products each, every 25th line a return."""
    rows = []
    days = (LAST - FIRST).days + 1
    for n in range(days):
        day = FIRST + timedelta(n)
        for order in range(int(random.integers(2, 6))):
            customer = f"c{int(random.integers(1, 31))}"
            for line in random.choice(len(products), int(random.integers(1, 4)), replace=False):
                units, price = int(random.integers(1, 4)), 2 + int(line) + int(random.integers(0, 3)) / 2
                off = round(units * price * 0.2, 2) if random.random() < 0.3 else 0.0
                kind = "return" if random.random() < 0.04 else "sale"
                rating = int(random.integers(1, 6)) if random.random() < 0.2 else None
                rows.append(
                    (f"{day}-{order}", customer, f"p{int(line) + 1}", day, kind, units, units * price, off, rating)
                )
    names = ["order_id", "customer_id", "product_id", "day", "kind", "units", "list", "off", "rating"]
    found = pd.DataFrame(rows, columns=names)
    found["rating"] = found["rating"].astype("float")
    return found.merge(products, on="product_id")


def _judged(random: np.random.Generator, products: pd.DataFrame) -> dict[str, pd.DataFrame]:
    decisions, forecasts, stock, outcomes = [], [], [], []
    for as_of in (date(2026, 11, 8), LAST):
        for n, product in enumerate(products.itertuples()):
            shift = n if as_of == LAST else (n + 1) % 12
            expected = round(float(random.uniform(50, 900)), 2)
            decisions.append(_decision(as_of, n, product, shift=shift, expected=expected))
            for days in (7, 28, 91):
                revenue = round(expected * days / 28, 4)
                made = {"level": "product", "demand_class": ("smooth", "lumpy")[n % 2], "method": "ses"}
                forecasts.append(product_forecast(as_of, (1, days), revenue, **_described(product), **made))
            stock.append(
                {
                    "as_of": as_of,
                    "level": "product",
                    **_described(product),
                    "units_available": int(random.integers(0, 500)),
                    "ratings": 0,
                }
            )
        for days in (7, 28):
            for demand in ("", "smooth", "lumpy"):
                outcomes.append(_outcome(random, as_of, days, demand))
    names = ("decisions", "forecasts", "stock", "outcomes")
    return {name: pd.DataFrame(rows) for name, rows in zip(names, (decisions, forecasts, stock, outcomes), strict=True)}


def _decision(as_of: date, n: int, product: Any, shift: int, expected: float) -> dict[str, Any]:
    return product_decision(
        as_of,
        {**_described(product), "product": product.product},
        predicted_revenue=None if n == 11 else expected,
        bucket=BUCKETS[shift],
        action=ACTIONS[shift],
        rule=f"rule_{shift}",
        reason=f"because of {shift}",
        measured={"outlook": 1.0},
        expected_worth=round(expected / 10, 2) if n % 2 else None,
    )


def _described(product: Any) -> dict[str, str]:
    return {name: getattr(product, name) for name in ("product_id", "department", "category")}


def _outcome(random: np.random.Generator, as_of: date, days: int, demand: str) -> dict[str, Any]:
    return forecast_outcome(
        as_of,
        days,
        demand_class=demand,
        products=12,
        wape=round(float(random.uniform(0.2, 0.6)), 4),
        rmse=10.0,
        bias=round(float(random.uniform(-0.2, 0.2)), 4),
        coverage_90=round(float(random.uniform(0.8, 0.95)), 4),
    )


def _measured(lines: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The measures of the sales report, of the lines of each group."""
    sold, back = lines.kind == "sale", lines.kind == "return"
    parts = lines[by].assign(
        gross_revenue=lines["list"].where(sold, 0),
        instore_discount=lines.off.where(sold, 0),
        returns_amount=(lines["list"] - lines.off).where(back, 0),
        units_sold=lines.units.where(sold, 0),
        units_returned=lines.units.where(back, 0),
        orders=lines.order_id.where(sold),
        customers=lines.customer_id.where(sold),
        average_rating=lines.rating,
        ratings=lines.rating,
    )
    how = {"orders": "nunique", "customers": "nunique", "average_rating": "mean", "ratings": "count"}
    totals = (
        parts.groupby(by).agg({name: how.get(name, "sum") for name in parts.columns if name not in by}).reset_index()
    )
    totals["net_revenue"] = totals.gross_revenue - totals.instore_discount - totals.returns_amount
    totals["average_price"] = (totals.gross_revenue - totals.instore_discount) / totals.units_sold.where(
        totals.units_sold > 0
    )
    for name in (
        "gross_revenue",
        "instore_discount",
        "returns_amount",
        "net_revenue",
        "average_price",
        "average_rating",
    ):
        totals[name] = pd.Series([None if pd.isna(value) else money(value) for value in totals[name]], dtype=object)
    for name in (
        "units_sold",
        "units_returned",
        "campaign_coupon_discount",
        "manuf_coupon_discount",
        "manuf_coupon_match_discount",
    ):
        counts = totals[name] if name in totals else [0] * len(totals)
        totals[name] = pd.Series([Decimal(int(value)) for value in counts], dtype=object)
    return totals


def write(home: Path, raw: Mapping[str, pd.DataFrame]) -> None:
    """The lake of the catalog demo below `home`."""
    lake = home / "lake"
    lines = raw["lines"]
    for grain, code in PARTS.items():
        periods = pd.PeriodIndex(pd.to_datetime(lines.day), freq=code)
        dated = lines.assign(period_start=periods.start_time.date, period_end=periods.end_time.date)
        dated["is_partial"] = (dated.period_end > LAST) | (dated.period_start < FIRST)
        dates = ["period_start", "period_end", "is_partial"]
        product = [*dates, "product_id", "product", "brand", "department", "category"]
        fill(lake, "demo", SALES[grain], _plain(_measured(dated, product)))
        for level, by in (("category", ["department", "category"]), ("department", ["department"]), ("total", [])):
            empty = {name: "" for name in ("department", "category") if name not in by}
            fill(
                lake, "demo", SALES_ROLLUP[grain], _plain(_measured(dated, [*dates, *by]).assign(level=level, **empty))
            )
    named = {
        "decisions": PRODUCT_DECISIONS,
        "forecasts": PRODUCT_FORECASTS,
        "stock": PRODUCT_FEATURES,
        "outcomes": FORECAST_OUTCOMES,
        "profiles": RFM_PROFILES,
        "moves": RFM_MIGRATION,
        "scores": PROPENSITY_SCORES,
        "quality": PROPENSITY_OUTCOMES,
        "clusters": MARKETING_CLUSTERS,
        "files": FILES,
        "offers": OFFER_PERFORMANCE_MINUTE,
    }
    for name, table in named.items():
        fill(lake, "demo", table, _plain(raw[name]))
    fill(lake, "demo", PRODUCTS, _plain(raw["products"].rename(columns={"product": "name"})))
    # What the questions must not add up: other levels and other parts of the same tables.
    total = product_forecast(LAST, (1, 28), 1e6)
    fill(lake, "demo", PRODUCT_FORECASTS, [total, {**total, "level": "product", "product_id": "p1", "first_day": 8}])


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Records with None for what is missing."""
    present = frame.astype(object).where(frame.notna(), None)  # type: ignore[call-overload]  # its stubs know no None
    return [{str(name): value for name, value in row.items()} for row in present.to_dict("records")]
