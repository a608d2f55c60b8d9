"""Weekly sales of many products as matrices: one row per product, one column per week, the last the newest week.

Weeks are blocks of seven days that count back from the as-of date, so that none is ever cut short. Of the orders of a
week only sums are kept (count, largest, logarithms), enough to tell a product's usual orders from a bulk order as of
any week, without reading a line twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]

HORIZONS = (1, 4, 13)
"""Weeks of the horizons that are forecast: 7, 28 and 91 days."""

WEEKS_AHEAD = HORIZONS[-1]

PERIODS = (*((week, week) for week in range(1, WEEKS_AHEAD + 1)), *((1, weeks) for weeks in HORIZONS[1:]))
"""First and last week of everything that is forecast: each week ahead, and the horizons; the first week is both."""

MONTH = PERIODS.index((1, 4))
"""Position of the 28 days, by which methods are chosen and models evaluated, in PERIODS."""

MEASURES = ("revenue", "orders", "units", "largest_order", "log_sum", "log_square")
"""Per product and week: paid amount, orders, units, the largest order's amount, and sums over the orders of the
logarithm of their amount and of its square."""

_PRIOR_ORDERS = 3.0
_RECENT = 8
_USUAL = 2.0
"""An order is capped at so many standard deviations above the product's usual one."""


@dataclass(frozen=True, kw_only=True)
class Norms:
    """What is usual in a catalog, learned from all products, so that a few of them can be forecast by themselves.

    Attributes:
        order_mean: Mean of the logarithm of an order's amount.
        order_spread: Standard deviation of the same.
        kept: Revenue over what is left of it once bulk orders are capped.
        mean_level: Mean revenue of a product in a week.
        category_levels: The same by category, of active products.
    """

    order_mean: float
    order_spread: float
    kept: float
    mean_level: float
    category_levels: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Series of products.

    Attributes:
        products: The products.
        departments: The department of each product.
        categories: The category of each product.
        weekly: Products x weeks, by measure.
        norms: Those of the catalog that these products are a part of; None when they are the catalog.
    """

    products: Texts
    departments: Texts
    categories: Texts
    weekly: Mapping[str, Floats]
    norms: Norms | None = None

    def __len__(self) -> int:
        """Return how many products there are."""
        return len(self.products)

    @property
    def revenue(self) -> Floats:
        """Products x weeks."""
        return self.weekly["revenue"]

    @property
    def weeks(self) -> int:
        """Weeks of history."""
        return int(self.revenue.shape[1])

    def before(self, weeks_ago: int) -> Panel:
        """Return what was known some weeks before the end, without any later column."""
        end = self.weeks - weeks_ago
        return replace(self, weekly={name: values[:, :end] for name, values in self.weekly.items()})

    def select(self, rows: Bools | NDArray[np.intp]) -> Panel:
        """Return some of the products."""
        return Panel(
            products=self.products[rows],
            departments=self.departments[rows],
            categories=self.categories[rows],
            weekly={name: values[rows] for name, values in self.weekly.items()},
            norms=self.norms,
        )

    @cached_property
    def sold(self) -> Bools:
        """Whether a product sold in a week."""
        return self.weekly["orders"] > 0

    @cached_property
    def age(self) -> NDArray[np.int64]:
        """Weeks since the week of the first sale, 1 when it is the newest; 0 for a product that never sold."""
        ever = self.sold.any(axis=1)
        return np.where(ever, self.weeks - self.sold.argmax(axis=1), 0)

    @cached_property
    def idle(self) -> NDArray[np.int64]:
        """Weeks since the week of the last sale, 0 when it is the newest; all weeks for a product that never sold."""
        ever = self.sold.any(axis=1)
        return np.where(ever, self.sold[:, ::-1].argmax(axis=1), self.weeks)

    @cached_property
    def known_norms(self) -> Norms:
        """The catalog's norms, or those of these products where they are the catalog."""
        return self.norms or norms_of(self)

    @cached_property
    def usual_revenue(self) -> Floats:
        """Revenue whose largest order of a week is capped at what is usual for the product: bulk orders do not come back.

        Usual: two standard deviations above the mean of the logarithms of its orders, which is drawn to the catalog's.
        Scaled so that the catalog's sum stays.
        """
        norms = self.known_norms
        return norms.kept * _capped(self, norms.order_mean, norms.order_spread)


def _own_order_mean(panel: Panel, order_mean: float) -> Floats:
    count, logs = panel.weekly["orders"].sum(axis=1), panel.weekly["log_sum"].sum(axis=1)
    means: Floats = (logs + _PRIOR_ORDERS * order_mean) / (count + _PRIOR_ORDERS)
    return means


def _capped(panel: Panel, order_mean: float, order_spread: float) -> Floats:
    limit = np.exp(_own_order_mean(panel, order_mean) + _USUAL * order_spread)
    return panel.revenue - np.maximum(0, panel.weekly["largest_order"] - limit[:, None])


def norms_of(panel: Panel) -> Norms:
    """Learn what is usual among some products up to the panel's end; neutral where nothing was ever sold."""
    count, logs = panel.weekly["orders"].sum(axis=1), panel.weekly["log_sum"].sum(axis=1)
    if not count.sum():
        return Norms(order_mean=0.0, order_spread=1.0, kept=1.0, mean_level=0.0, category_levels={})
    order_mean = float(logs.sum() / count.sum())
    own = _own_order_mean(panel, order_mean)
    spread = (panel.weekly["log_square"].sum(axis=1) - 2 * own * logs + count * own**2).sum() / count.sum()
    order_spread = float(np.sqrt(max(spread, 0.0)))
    capped = _capped(panel, order_mean, order_spread)
    scale = float(panel.revenue.sum() / max(capped.sum(), 1e-9))
    recent = scale * capped[:, -_RECENT:].mean(axis=1)
    levels = pd.Series(recent[panel.idle < _RECENT]).groupby(panel.categories[panel.idle < _RECENT]).mean()
    categories = {str(name): float(level) for name, level in levels.items()}
    return Norms(
        order_mean=order_mean,
        order_spread=order_spread,
        kept=scale,
        mean_level=float(recent.mean()),
        category_levels=categories,
    )


def panel_of(rows: pd.DataFrame, weeks: int) -> Panel:
    """Make a panel from rows of a product and week each.

    Products come in the order of their ids; a week without a row has sold nothing. Rows of other weeks (older ones, or
    those of a product that only came back) add the product and no more.

    Args:
        rows: Columns product_id, department, category, weeks_ago (0 is the newest) and MEASURES.
        weeks: How many weeks the panel has.
    """
    tree = rows.drop_duplicates("product_id").sort_values("product_id")
    rows = rows[(rows["weeks_ago"] >= 0) & (rows["weeks_ago"] < weeks)]
    products = tree["product_id"].to_numpy(dtype=object)
    row = pd.Index(products).get_indexer(pd.Index(rows["product_id"]))
    column = weeks - 1 - rows["weeks_ago"].to_numpy(dtype=np.intp)
    weekly = {}
    for name in MEASURES:
        values = np.zeros((len(products), weeks))
        np.add.at(values, (row, column), rows[name].to_numpy(dtype=np.float64))
        weekly[name] = values
    return Panel(
        products=products,
        departments=tree["department"].to_numpy(object),
        categories=tree["category"].to_numpy(object),
        weekly=weekly,
    )


def totals_ahead(panel: Panel, weeks_ago: int) -> Floats:
    """Sum the revenue of each of PERIODS after a week: products x periods; nan where a period is not over yet."""
    start = panel.weeks - weeks_ago
    ahead = panel.revenue[:, start : start + WEEKS_AHEAD]
    sums = [
        ahead[:, first - 1 : last].sum(axis=1) if last <= weeks_ago else np.full(len(panel), np.nan)
        for first, last in PERIODS
    ]
    return np.column_stack(sums)


def periods_of(weekly: Floats) -> Floats:
    """Sum forecasts of weeks, rows x WEEKS_AHEAD, to forecasts of PERIODS."""
    return np.column_stack([weekly[:, first - 1 : last].sum(axis=1) for first, last in PERIODS])
