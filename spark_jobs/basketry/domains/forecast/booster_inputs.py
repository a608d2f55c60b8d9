"""What the booster reads of a series: its recent past in proportion to its own level, so that one model fits all sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from basketry.domains.forecast.series import Floats, Panel
from basketry.domains.forecast.smoothing import recent_mean, weighted_mean

LEVEL_ALPHA = 0.25
_FLOOR = 0.005
"""Least level that inputs are divided by, as a share of the mean level."""

_ALPHAS = (0.1, 0.2, 0.4)
_LAGS = (1, 2, 4, 8, 13)


@dataclass(frozen=True)
class BoosterInputs:
    """The inputs of products as of the end of a panel.

    Attributes:
        names: The columns of values.
        values: Products x columns.
        level: Mean usual revenue of a week, one value per product.
        scale: The same, kept away from zero.
    """

    names: tuple[str, ...]
    values: Floats
    level: Floats
    scale: Floats


def booster_inputs(panel: Panel) -> BoosterInputs:
    """Compute the inputs of every product as of the panel's end."""
    level = weighted_mean(panel.usual_revenue, LEVEL_ALPHA, panel.age)
    scale = level + _FLOOR * max(panel.known_norms.mean_level, 1e-9)
    columns = {**_levels(panel, scale), **_habits(panel, scale), **_prices(panel)}
    return BoosterInputs(tuple(columns), np.column_stack(list(columns.values())), level, scale)


def _levels(panel: Panel, scale: Floats) -> dict[str, Floats]:
    """Compute smoothed and recent revenue, plain and without bulk orders, over the level."""
    columns: dict[str, Floats] = {}
    for name, history in {"revenue": panel.revenue, "usual": panel.usual_revenue}.items():
        columns |= {f"{name}_smoothed_{alpha}": weighted_mean(history, alpha, panel.age) / scale for alpha in _ALPHAS}
        columns |= {f"{name}_last_{weeks}": recent_mean(history, weeks) / scale for weeks in _LAGS}
    return columns


def _habits(panel: Panel, scale: Floats) -> dict[str, Floats]:
    """Compute how often and how evenly a product sells, and how much depends on single orders."""
    orders, recent = panel.weekly["orders"], panel.revenue[:, -8:]
    size = panel.revenue.sum(axis=1) / np.maximum(orders.sum(axis=1), 1)
    columns = {f"orders_smoothed_{a}": weighted_mean(orders, a, panel.age) * size / scale for a in _ALPHAS}
    columns |= {f"weeks_sold_of_{weeks}": panel.sold[:, -weeks:].mean(axis=1) for weeks in (4, 8, 13)}
    columns["log_level"] = np.log(scale)
    columns["log_order"] = np.log(size + 0.01)
    columns["log_orders"] = np.log(recent_mean(orders, 8) + 0.05)
    columns["age"] = np.minimum(panel.age, 52).astype(float)
    columns["idle"] = panel.idle.astype(float)
    columns["largest_share"] = panel.weekly["largest_order"][:, -8:].max(axis=1) / (recent.sum(axis=1) + 1)
    last = panel.revenue[:, -13:]
    columns["variation"] = last.std(axis=1) / (last.mean(axis=1) + 0.1)
    return columns


def _prices(panel: Panel) -> dict[str, Floats]:
    """Compute the price per unit, and how it moved lately; nan where nothing was sold."""
    usual = _price(panel, panel.weeks)
    moved = {f"price_{weeks}": _price(panel, weeks) / usual for weeks in (2, 8)}
    return {"log_price": np.log(usual + 0.01), **moved}


def _price(panel: Panel, weeks: int) -> Floats:
    revenue, units = (panel.weekly[name][:, -weeks:].sum(axis=1) for name in ("revenue", "units"))
    prices: Floats = np.divide(revenue, units, out=np.full(len(panel), np.nan), where=(units > 0) & (revenue > 0))
    return prices
