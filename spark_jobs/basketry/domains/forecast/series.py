"""Weekly sales of many products as matrices: a row a product, a column a week, the last column the newest week.

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
"""Place of the 28 days by which methods are chosen and models judged."""

MEASURES = ("revenue", "orders", "units", "largest_order", "log_sum", "log_square")
"""Per product and week: paid amount, orders, units, the largest order's amount, and sums over the orders of the
logarithm of their amount and of its square."""

_PRIOR_ORDERS = 3.0
_RECENT = 8
_USUAL = 2.0
"""An order is held to so many standard deviations above the product's usual one."""


@dataclass(frozen=True)
class Norms:
    """What is usual in a catalog, learned from all products, so that a few of them can be forecast by themselves.

    order_mean, order_spread: of the logarithm of an order's amount; kept: revenue over what is left of it once bulk
    orders are held; mean_level: revenue a product and week; category_levels: the same by category, of active products.
    """

    order_mean: float
    order_spread: float
    kept: float
    mean_level: float
    category_levels: Mapping[str, float]


@dataclass(frozen=True)
class Panel:
    """Series of products. weekly: by measure, products x weeks; departments, categories: one of each a product.

    norms: those of the catalog that these products are a part of; None: they are the catalog.
    """

    products: Texts
    departments: Texts
    categories: Texts
    weekly: Mapping[str, Floats]
    norms: Norms | None = None

    def __len__(self) -> int:
        """How many products."""
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
        """What was known `weeks_ago` weeks before the end: all later columns are gone."""
        end = self.weeks - weeks_ago
        return replace(self, weekly={name: values[:, :end] for name, values in self.weekly.items()})

    def select(self, rows: Bools | NDArray[np.intp]) -> Panel:
        """Some of the products."""
        return Panel(
            self.products[rows],
            self.departments[rows],
            self.categories[rows],
            {name: values[rows] for name, values in self.weekly.items()},
            self.norms,
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
        """Revenue whose largest order a week is held to what is usual for the product: bulk orders do not come back.

        Usual: two standard deviations above the mean of the logarithms of its orders, which is drawn to the catalog's.
        Scaled so that the catalog's sum stays.
        """
        norms = self.known_norms
        return norms.kept * _held(self, norms.order_mean, norms.order_spread)


def _own_order_mean(panel: Panel, order_mean: float) -> Floats:
    count, logs = panel.weekly["orders"].sum(axis=1), panel.weekly["log_sum"].sum(axis=1)
    return (logs + _PRIOR_ORDERS * order_mean) / (count + _PRIOR_ORDERS)


def _held(panel: Panel, order_mean: float, order_spread: float) -> Floats:
    limit = np.exp(_own_order_mean(panel, order_mean) + _USUAL * order_spread)
    return panel.revenue - np.maximum(0, panel.weekly["largest_order"] - limit[:, None])


def norms_of(panel: Panel) -> Norms:
    """What is usual among these products up to the panel's end; neutral where nothing was ever sold."""
    count, logs = panel.weekly["orders"].sum(axis=1), panel.weekly["log_sum"].sum(axis=1)
    if not count.sum():
        return Norms(0.0, 1.0, 1.0, 0.0, {})
    order_mean = float(logs.sum() / count.sum())
    own = _own_order_mean(panel, order_mean)
    spread = (panel.weekly["log_square"].sum(axis=1) - 2 * own * logs + count * own**2).sum() / count.sum()
    order_spread = float(np.sqrt(max(spread, 0.0)))
    held = _held(panel, order_mean, order_spread)
    kept = float(panel.revenue.sum() / max(held.sum(), 1e-9))
    recent = kept * held[:, -_RECENT:].mean(axis=1)
    levels = pd.Series(recent[panel.idle < _RECENT]).groupby(panel.categories[panel.idle < _RECENT]).mean()
    categories = {str(name): float(level) for name, level in levels.items()}
    return Norms(order_mean, order_spread, kept, float(recent.mean()), categories)


def panel_of(rows: pd.DataFrame, weeks: int) -> Panel:
    """A panel from rows a product and week: product_id, department, category, weeks_ago (0: the newest), MEASURES.

    Products come in the order of their ids; a week without a row has sold nothing. Rows of other weeks (older ones, or
    those of a product that only came back) make a product known and no more.
    """
    known = rows.drop_duplicates("product_id").sort_values("product_id")
    rows = rows[(rows["weeks_ago"] >= 0) & (rows["weeks_ago"] < weeks)]
    products = known["product_id"].to_numpy(dtype=object)
    place = pd.Index(products).get_indexer(pd.Index(rows["product_id"]))
    column = weeks - 1 - rows["weeks_ago"].to_numpy(dtype=np.intp)
    weekly = {}
    for name in MEASURES:
        values = np.zeros((len(products), weeks))
        np.add.at(values, (place, column), rows[name].to_numpy(dtype=np.float64))
        weekly[name] = values
    return Panel(products, known["department"].to_numpy(object), known["category"].to_numpy(object), weekly)


def totals_ahead(panel: Panel, weeks_ago: int) -> Floats:
    """Revenue of each of PERIODS after the week `weeks_ago`: products x periods; nan where it is not over yet."""
    start = panel.weeks - weeks_ago
    ahead = panel.revenue[:, start : start + WEEKS_AHEAD]
    sums = [
        ahead[:, first - 1 : last].sum(axis=1) if last <= weeks_ago else np.full(len(panel), np.nan)
        for first, last in PERIODS
    ]
    return np.column_stack(sums)


def periods_of(weekly: Floats) -> Floats:
    """Forecasts of weeks, rows x WEEKS_AHEAD, as forecasts of PERIODS."""
    return np.column_stack([weekly[:, first - 1 : last].sum(axis=1) for first, last in PERIODS])
