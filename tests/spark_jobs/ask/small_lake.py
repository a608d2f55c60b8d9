"""Two years of a small shop: the raw frames, from which a test counts by itself, and the lake that the jobs would make.

The lake's tables are aggregated from the lines by pandas; questions are answered from the lake, and checked against SQL
that a person wrote over the raw frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
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
from tests.lakes import fill

FIRST, LAST = date(2025, 1, 1), date(2026, 11, 15)
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
SEGMENTS = ("Champions", "Loyal", "At risk", "Hibernating", "Lost", "New")


def frames() -> dict[str, pd.DataFrame]:
    """The raw data by name: lines, products, and what the other jobs found out."""
    random = np.random.default_rng(7)
    products = pd.DataFrame(_PRODUCTS, columns=["product_id", "product", "brand", "category", "department"])
    lines = _lines(random, products)
    return {
        "products": products,
        "lines": lines,
        **_judged(random, products),
        **_people(random),
        "files": _files(random),
        "offers": _offers(random),
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
            decisions.append(
                {
                    "as_of": as_of,
                    "product_id": product.product_id,
                    "product": product.product,
                    "department": product.department,
                    "category": product.category,
                    "predicted_revenue": None if n == 11 else expected,
                    "bucket": BUCKETS[shift],
                    "action": ACTIONS[shift],
                    "rule": f"rule_{shift}",
                    "reason": f"because of {shift}",
                    "measured": {"outlook": 1.0},
                    "expected_worth": round(expected / 10, 2) if n % 2 else None,
                    "model_version": "3",
                }
            )
            for days in (7, 28, 91):
                forecasts.append(
                    {
                        "as_of": as_of,
                        "level": "product",
                        "department": product.department,
                        "category": product.category,
                        "product_id": product.product_id,
                        "first_day": 1,
                        "last_day": days,
                        "revenue": round(expected * days / 28, 4),
                        "demand_class": ("smooth", "lumpy")[n % 2],
                        "method": "ses",
                        "basis": "model",
                        "model_version": "3",
                    }
                )
            stock.append(
                {
                    "as_of": as_of,
                    "level": "product",
                    "product_id": product.product_id,
                    "department": product.department,
                    "category": product.category,
                    "units_available": int(random.integers(0, 500)),
                    "ratings": 0,
                }
            )
        for days in (7, 28):
            for demand in ("", "smooth", "lumpy"):
                outcomes.append(
                    {
                        "as_of": as_of,
                        "horizon_days": days,
                        "horizon": f"days_{days}",
                        "demand_class": demand,
                        "products": 12,
                        "wape": round(float(random.uniform(0.2, 0.6)), 4),
                        "rmse": 10.0,
                        "bias": round(float(random.uniform(-0.2, 0.2)), 4),
                        "coverage_90": round(float(random.uniform(0.8, 0.95)), 4),
                        "model_version": "3",
                    }
                )
    names = ("decisions", "forecasts", "stock", "outcomes")
    return {name: pd.DataFrame(rows) for name, rows in zip(names, (decisions, forecasts, stock, outcomes), strict=True)}


def _people(random: np.random.Generator) -> dict[str, pd.DataFrame]:
    profiles, moves, scores, quality = [], [], [], []
    for as_of in (date(2026, 10, 31), LAST):
        for view in ("named", "cluster"):
            for n, segment in enumerate(SEGMENTS):
                profiles.append(
                    {
                        "as_of": as_of,
                        "view": view,
                        "segment": segment if view == "named" else str(n),
                        "mostly": segment,
                        "customers": int(random.integers(10, 200)),
                        "share_of_customers": 0.1,
                        "share_of_revenue": 0.1,
                        "revenue": Decimal(int(random.integers(1000, 90000))),
                        "recency_days": float(random.integers(1, 90)),
                        "frequency": float(random.integers(1, 30)),
                        "monetary": float(random.integers(5, 60)),
                        "treatment": f"treat {segment}",
                        "model_version": "2",
                    }
                )
        for days in (1, 7):
            for start, end in (("Champions", "Loyal"), ("Loyal", "Champions"), ("Loyal", "At risk"), ("Lost", "Lost")):
                moves.append(
                    {
                        "as_of": as_of,
                        "days": days,
                        "previous_as_of": as_of - timedelta(days),
                        "view": "named",
                        "from_segment": start,
                        "to_segment": end,
                        "customers": int(random.integers(1, 40)),
                        "revenue_before": Decimal(10),
                        "revenue_after": Decimal(20),
                    }
                )
        for category in ("Coffee", "Tea", "Dog Food"):
            for n in range(1, 31):
                scores.append(
                    {
                        "as_of": as_of,
                        "customer_id": f"c{n}",
                        "category": category,
                        "decile": n // 4 + 1,
                        "probability": round(float(random.random()), 6),
                        "category_rank": 1,
                        "model_version": "5",
                        "is_stale": False,
                    }
                )
        for category in ("", "Coffee", "Tea", "Dog Food"):
            for audience in ("all", "repeat"):
                quality.append(
                    {
                        "as_of": as_of,
                        "model_version": "5",
                        "category": category,
                        "audience": audience,
                        "customers": 30,
                        "buyers": 9,
                        "average_precision": round(float(random.random()), 4),
                        "lift_top_decile": round(float(random.uniform(1, 5)), 4),
                        "log_loss": 0.5,
                        "expected_calibration_error": round(float(random.uniform(0, 0.1)), 4),
                        "mean_predicted": 0.3,
                        "mean_observed": 0.3,
                    }
                )
    clusters = [
        {
            "as_of": LAST,
            "mix": mix,
            "cluster": n,
            "name": f"{name} lovers",
            "customers": 10 * (n + 1),
            "spent": Decimal(1000 * n),
            "centroid": {},
            "over_index": {},
            "from_run": "r",
        }
        for mix in ("category", "product")
        for n, name in enumerate(("Coffee", "Pet"))
    ]
    made = (profiles, moves, scores, quality, clusters)
    names = ("profiles", "moves", "scores", "quality", "clusters")
    return {name: pd.DataFrame(rows) for name, rows in zip(names, made, strict=True)}


def _files(random: np.random.Generator) -> pd.DataFrame:
    rows = []
    for n in range(19):
        read, bad = int(random.integers(100, 900)), int(random.integers(0, 20))
        rows.append(
            {
                "file_checksum": f"f{n}",
                "feed": ("order_lines", "customers")[n % 2],
                "file_name": f"file_{n}.csv",
                "file_bytes": 1,
                "delivered_at": datetime(2026, 10, 28, 9, tzinfo=UTC) + timedelta(days=n),
                "run_id": "r",
                "status": "refused" if n == 5 else "loaded",
                "contract_version": "1",
                "rows_read": read,
                "rows_good": read - bad,
                "rows_quarantined": bad,
                "rows_duplicate": 0,
                "rows_warned": 0,
                "reasons": {},
                "unknown_columns": [],
            }
        )
    return pd.DataFrame(rows)


def _offers(random: np.random.Generator) -> pd.DataFrame:
    rows = []
    for minute in range(120):
        at = datetime(2026, 11, 10, 8, tzinfo=UTC) + timedelta(minutes=61 * minute)
        shown = int(random.integers(0, 12))
        clicked = int(random.integers(0, shown + 1))
        bought = clicked // 2
        rows.append(
            {
                "event_date": at.date(),
                "minute": at,
                "category": ("Coffee", "Dog Food", "Tea")[minute % 3],
                "shown": shown,
                "clicked": clicked,
                "bought": bought,
                "revenue": _money(4.25 * bought),
                "rate": clicked / shown if shown else None,
            }
        )
    return pd.DataFrame(rows)


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
    found = (
        parts.groupby(by).agg({name: how.get(name, "sum") for name in parts.columns if name not in by}).reset_index()
    )
    found["net_revenue"] = found.gross_revenue - found.instore_discount - found.returns_amount
    found["average_price"] = (found.gross_revenue - found.instore_discount) / found.units_sold.where(
        found.units_sold > 0
    )
    for name in (
        "gross_revenue",
        "instore_discount",
        "returns_amount",
        "net_revenue",
        "average_price",
        "average_rating",
    ):
        found[name] = [None if pd.isna(value) else _money(value) for value in found[name]]
    for name in (
        "units_sold",
        "units_returned",
        "campaign_coupon_discount",
        "manuf_coupon_discount",
        "manuf_coupon_match_discount",
    ):
        found[name] = [Decimal(int(value)) for value in found[name]] if name in found else Decimal(0)
    return found


def _money(value: float) -> Decimal:
    return Decimal(f"{value:.4f}")


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
    total = {
        "as_of": LAST,
        "level": "total",
        "department": "",
        "category": "",
        "product_id": "",
        "first_day": 1,
        "last_day": 28,
        "revenue": 1e6,
        "demand_class": "",
        "method": "reconciled",
        "basis": "model",
        "model_version": "3",
    }
    fill(lake, "demo", PRODUCT_FORECASTS, [total, {**total, "level": "product", "product_id": "p1", "first_day": 8}])


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Records with None for what is missing."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")
