"""A product's own page: what it sold, what is expected, which rule fired, and what another price would earn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from fastapi import APIRouter
from starlette.responses import Response

from basketry.errors import BadInputError
from basketry.metrics.pricing import what_if
from basketry.registry.models import FORECAST_MODEL
from basketry_airflow.console import formats
from basketry_airflow.console.charts import Band, Line, LineChart, line_chart
from basketry_airflow.console.page import Page
from basketry_airflow.console.pages.decisions import DECISIONS, FORECASTS, past_and_ahead
from basketry_airflow.console.rendering import CurrentViewer, render
from basketry_airflow.console.viewer import Record, Viewer

router = APIRouter()
PAGE = Page(
    path="decisions",
    title="Decisions",
    position=4,
    in_menu=False,
    router=router,
    tables=(DECISIONS,),
    model=FORECAST_MODEL,
)

RESPONSE, SALES = "gold.price_response", "gold.sales_week"
PAST_WEEKS = 52
CHANGES = (-0.3, -0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2, 0.3)
"""Price changes that the what-if shows, as shares of today's price."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """What other prices would earn.

    Attributes:
        chart: Expected revenue by price.
        rows: One per price.
        elasticity: The elasticity in use.
        standard_error: Its standard error.
        learned_from: product or category.
    """

    chart: LineChart
    rows: tuple[Record, ...]
    elasticity: float
    standard_error: float
    learned_from: str


@dataclass(frozen=True, kw_only=True)
class ProductPage:
    """What the page shows.

    Attributes:
        as_of: The newest day with decisions.
        decision: The product's decision.
        history: Weeks sold and expected.
        forecasts: The horizons from tomorrow on.
        outcomes: Forecasts that are over.
        prices: None where the price never moved enough.
    """

    as_of: date
    decision: Record
    history: LineChart
    forecasts: tuple[Record, ...]
    outcomes: tuple[Record, ...]
    prices: Prices | None


@router.get("/decisions/{product_id}")
def page(product_id: str, viewer: CurrentViewer) -> Response:
    """Return the page."""
    shown = PAGE.unavailable(viewer) or product(viewer, product_id)
    title = getattr(shown, "decision", {}).get("product") or product_id
    return render(viewer, PAGE.path, title, shown, template="product", provisional=PAGE.provisional(viewer))


def product(viewer: Viewer, product_id: str) -> ProductPage:
    """Return all that the page shows; BadInputError for a product that nothing was decided about."""
    newest = viewer.newest(DECISIONS) or date.min
    sql = f"""SELECT * FROM {DECISIONS} WHERE as_of = :as_of AND product_id = :product"""  # noqa: S608
    decision = viewer.record(sql, as_of=newest, product=product_id)
    if decision is None:
        raise BadInputError("Nothing was decided about this product on the newest day: see the list of decisions.")
    return ProductPage(
        as_of=newest,
        decision=decision,
        history=_history(viewer, product_id, newest),
        forecasts=tuple(row for row in _forecasts(viewer, product_id, newest) if row["first_day"] == 1),
        outcomes=_outcomes(viewer, product_id),
        prices=_prices(viewer, decision, newest),
    )


def _history(viewer: Viewer, product_id: str, as_of: date) -> LineChart:
    sold: list[Record] = []
    if not viewer.missing("Sales", "daily_sales", SALES):
        sql = f"""SELECT period_start, net_revenue FROM {SALES} WHERE product_id = :product AND NOT is_partial
                  ORDER BY period_start DESC"""  # noqa: S608
        sold = list(reversed(viewer.records(sql, limit=PAST_WEEKS, product=product_id)))
    ahead = [row for row in _forecasts(viewer, product_id, as_of) if row["last_day"] - row["first_day"] == 6]
    return past_and_ahead(viewer, "Revenue by week, sold and expected", sold=sold, ahead=ahead, as_of=as_of)


def _forecasts(viewer: Viewer, product_id: str, as_of: date) -> list[Record]:
    if viewer.missing("Forecast", "daily_scoring", FORECASTS):
        return []
    sql = f"""SELECT first_day, last_day, revenue, low_50, high_50, low_90, high_90, demand_class, method FROM {FORECASTS}
              WHERE as_of = :as_of AND level = 'product' AND product_id = :product AND revenue IS NOT NULL
              ORDER BY first_day, last_day"""  # noqa: S608
    return viewer.records(sql, as_of=as_of, product=product_id)


def _outcomes(viewer: Viewer, product_id: str) -> tuple[Record, ...]:
    if viewer.missing("Outcomes", "daily_scoring", "gold.forecast_accuracy"):
        return ()
    sql = """SELECT as_of, horizon_days, predicted, low_90, high_90, observed FROM gold.forecast_accuracy
             WHERE level = 'product' AND product_id = :product ORDER BY as_of DESC, horizon_days"""
    return tuple(viewer.records(sql, limit=12, product=product_id))


def _prices(viewer: Viewer, decision: Record, as_of: date) -> Prices | None:
    """Return prices by the product's own elasticity, else by its category's; None where neither is known."""
    if decision["predicted_revenue"] is None or viewer.missing("Prices", "daily_scoring", RESPONSE):
        return None
    sql = f"""SELECT level, elasticity, standard_error FROM {RESPONSE} WHERE as_of = :as_of AND category = :category
              AND (product_id = :product OR level = 'category') ORDER BY level DESC"""  # noqa: S608
    response = viewer.record(sql, as_of=as_of, category=decision["category"], product=decision["product_id"])
    return _what_if(viewer, decision, response) if response else None


def _what_if(viewer: Viewer, decision: Record, response: Record) -> Prices:
    revenue, low, high = (np.array([float(decision[name])]) for name in ("predicted_revenue", "low_90", "high_90"))
    elasticity, error = (np.array([float(response[name])]) for name in ("elasticity", "standard_error"))
    rows = []
    for changed in CHANGES:
        outcome = what_if(revenue, low=low, high=high, elasticity=elasticity, standard_error=error, change=changed)
        numbers = {"revenue": float(outcome.revenue[0]), "low": float(outcome.low[0]), "high": float(outcome.high[0])}
        rows.append({"change": changed, **numbers, "more": numbers["revenue"] - float(revenue[0])})
    chart = line_chart(
        "Expected revenue of 28 days at another price",
        [formats.change(row["change"]) if row["change"] else "today" for row in rows],
        [Line("Expected", [row["revenue"] for row in rows], "forecast")],
        band=Band("90 % interval", [row["low"] for row in rows], [row["high"] for row in rows]),
        write=formats.money(viewer.catalog.currency),
        over="price",
    )
    return Prices(
        chart=chart,
        rows=tuple(rows),
        elasticity=response["elasticity"],
        standard_error=response["standard_error"],
        learned_from=response["level"],
    )
