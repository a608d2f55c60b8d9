"""Forecasts, what came true, and decisions of the console's lake."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from basketry import tables
from tests.kit.console.shop import SEED, Product
from tests.kit.console.tables import Rows, write
from tests.kit.results import forecast_outcome, product_decision, product_forecast

ACTIONS = {
    "increase_inventory": ("runs_out", "the stock ends before the sales do: cover 2.1 weeks, below 4"),
    "hold": ("as_it_should_be", "sells as before, and nothing says that another price would help: outlook 1.02"),
    "optimise_price": (
        "price_too_high",
        "buyers follow the price; a lower one brings more than it costs: elasticity -1.84, below -1.2",
    ),
    "discount": ("too_much", "more than half a year of stock: cover 31.5 weeks, above 26"),
    "promote": ("slipping", "sells well and falls: outlook 0.71, below 0.8"),
    "delist": ("fading_and_poor", "sells little, falls and is rated poorly: rating 2.6, below 3"),
}
HORIZONS = (*((7 * week + 1, 7 * week + 7) for week in range(13)), (1, 28), (1, 91))


def make_decisions(catalog: Path, items: list[Product], weekly: list[float], as_of: date) -> None:
    """Forecasts, what came true, price responses and decisions."""
    draw = np.random.default_rng(SEED + 3)
    buckets = _buckets(weekly)
    decided, forecast, accuracy, response = [], [], [], []
    for index, item in enumerate(items):
        expected = weekly[index] * (0.9 + 0.2 * draw.random())
        forecast += _forecast(item, "product", expected, as_of)
        accuracy += [_came(item, back, weekly=expected, draw=draw, as_of=as_of) for back in (28, 56, 84)]
        decided.append(_decided(item, expected, bucket=buckets[index], draw=draw, as_of=as_of))
        if index % 3 == 0:
            response.append(_response(item, draw, as_of))
    for department in sorted({item.department for item in items}):
        size = sum(value for value, item in zip(weekly, items, strict=True) if item.department == department)
        forecast += _forecast(
            Product(product_id="", name="", brand="", department=department, category="", price=0, daily=0),
            "department",
            size,
            as_of,
        )
    forecast += _forecast(
        Product(product_id="", name="", brand="", department="", category="", price=0, daily=0),
        "total",
        sum(weekly),
        as_of,
    )
    write(catalog, tables.PRODUCT_DECISIONS, decided)
    write(catalog, tables.PRODUCT_FORECASTS, forecast)
    write(catalog, tables.FORECAST_ACCURACY, accuracy)
    write(catalog, tables.PRICE_RESPONSE, response)
    write(catalog, tables.FORECAST_OUTCOMES, [_outcome(back, len(items), as_of) for back in (1, 2, 3)])


def _buckets(weekly: list[float]) -> dict[int, str]:
    """High for the first fifth of the products by revenue, Low for the last half."""
    order = np.argsort(weekly)[::-1]
    return {
        int(place): "High" if rank < len(weekly) * 0.2 else "Medium" if rank < len(weekly) * 0.5 else "Low"
        for rank, place in enumerate(order)
    }


def _decided(item: Product, expected: float, bucket: str, draw: np.random.Generator, as_of: date) -> dict[str, Any]:
    action = list(ACTIONS)[int(draw.choice(len(ACTIONS), p=(0.1, 0.45, 0.15, 0.12, 0.13, 0.05)))]
    rule, reason = ACTIONS[action]
    return product_decision(
        as_of,
        {**_described(item), "product": item.name},
        predicted_revenue=expected * 4,
        low_90=expected * 2.6,
        high_90=expected * 5.6,
        bucket=bucket,
        action=action,
        rule=rule,
        reason=reason,
        measured=[
            ("outlook", 0.8 + 0.4 * draw.random()),
            ("weeks_of_stock", 2 + 20 * draw.random()),
            ("elasticity", -1.84),
            ("average_rating", 4.1),
        ],
        expected_worth=None if action == "hold" else expected * 4 * 0.08,
    )


def _described(item: Product) -> dict[str, str]:
    return {"product_id": item.product_id, "department": item.department, "category": item.category}


def _response(item: Product, draw: np.random.Generator, as_of: date) -> dict[str, Any]:
    return {
        "as_of": as_of,
        "level": "product",
        "category": item.category,
        "product_id": item.product_id,
        "weeks": 60,
        "price_spread": 0.11,
        "elasticity": -1.84 + 0.3 * draw.random(),
        "standard_error": 0.3,
    }


def _outcome(back: int, products: int, as_of: date) -> dict[str, Any]:
    return forecast_outcome(
        as_of - timedelta(days=28 * back),
        28,
        products=products,
        wape=0.19 + 0.01 * back,
        rmse=84.0,
        bias=0.03 - 0.01 * back,
        coverage_90=0.88 + 0.01 * back,
    )


def _forecast(item: Product, level: str, weekly: float, as_of: date) -> Rows:
    rows = []
    for first, last in HORIZONS:
        revenue = weekly * (last - first + 1) / 7 * (1 + 0.003 * last)
        wide = 0.16 + 0.002 * last
        rows.append(
            product_forecast(
                as_of,
                (first, last),
                revenue,
                level=level,
                low_50=revenue * (1 - wide / 2),
                high_50=revenue * (1 + wide / 2),
                low_90=revenue * (1 - wide),
                high_90=revenue * (1 + 1.2 * wide),
                demand_class="smooth" if level == "product" else "",
                method="exponential_smoothing" if level == "product" else "reconciled",
                **_described(item),
            )
        )
    return rows


def _came(item: Product, back: int, weekly: float, draw: np.random.Generator, as_of: date) -> dict[str, Any]:
    predicted = weekly * 4 * (0.95 + 0.1 * draw.random())
    return {
        "as_of": as_of - timedelta(days=back),
        "horizon_days": 28,
        "level": "product",
        **_described(item),
        "demand_class": "smooth",
        "predicted": predicted,
        "low_90": predicted * 0.7,
        "high_90": predicted * 1.35,
        "observed": predicted * float(np.exp(draw.normal(0, 0.16))),
        "model_version": "3",
    }
