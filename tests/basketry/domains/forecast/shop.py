"""Made-up series whose truth is known: levels that differ widely, sales that come by chance, now and then a bulk order."""

from __future__ import annotations

import numpy as np
import pandas as pd

from basketry.config.settings import CHECKOUT
from basketry.domains.forecast.series import MEASURES, Panel, panel_of
from basketry.domains.forecast.settings import ForecastSettings, load_settings
from tests.kit.changed import changed


def settings(**values: object) -> ForecastSettings:
    """The shipped settings, small enough for a test."""
    small = {"origins": 6, "rounds": 15, "bootstrap": 30, "chosen_on": 2, "tested_on": 2, **values}
    return changed(load_settings(CHECKOUT / "include"), **small)


def rows(products: int = 120, weeks: int = 40, seed: int = 1) -> pd.DataFrame:
    """Weekly rows as Spark makes them: orders come at a product's own rate, each of about the product's own amount."""
    random = np.random.default_rng(seed)
    rate, size = np.exp(random.normal(0.3, 1.0, products)), np.exp(random.normal(2.5, 0.6, products))
    lines = []
    for number in range(products):
        orders = random.poisson(rate[number], weeks)
        for week in np.flatnonzero(orders):
            amounts = size[number] * np.exp(random.normal(0, 0.5, orders[week]))
            if random.random() < 0.02:
                amounts[0] *= 40
            lines.append((f"P{number:04}", f"D{number % 3}", f"C{number % 7}", weeks - 1 - week, *_sums(amounts)))
    names = ["product_id", "department", "category", "weeks_ago", *MEASURES]
    return pd.DataFrame(lines, columns=names)


def _sums(amounts: np.ndarray) -> tuple[float, ...]:
    logs = np.log(amounts)
    units = amounts / 2.5
    return amounts.sum(), len(amounts), units.sum(), amounts.max(), logs.sum(), (logs**2).sum()


def panel(products: int = 120, weeks: int = 40, seed: int = 1) -> Panel:
    """The same as matrices."""
    return panel_of(rows(products, weeks, seed), weeks)


def plain_panel(revenue: list[list[float]], categories: list[str] | None = None) -> Panel:
    """Products with these weekly amounts, one order a week of sale, a price of 1."""
    lines = []
    for number, series in enumerate(revenue):
        category = categories[number] if categories else "C"
        lines.append((f"P{number}", "D", category, -1, *(0.0,) * len(MEASURES)))
        for week, amount in enumerate(series):
            if amount > 0:
                ago = len(series) - 1 - week
                lines.append((f"P{number}", "D", category, ago, *_sums(np.array([amount]))))
    frame = pd.DataFrame(lines, columns=["product_id", "department", "category", "weeks_ago", *MEASURES])
    return panel_of(frame, len(revenue[0]))
