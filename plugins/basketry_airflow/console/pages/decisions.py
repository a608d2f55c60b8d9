"""Decisions: what each product is expected to earn, how sure that is, what to do about it, and whether it came true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from basketry.registry.models import FORECAST_MODEL
from basketry_airflow.console import formats
from basketry_airflow.console.charts import Band, Dot, Line, LineChart, PointChart, line_chart, point_chart
from basketry_airflow.console.exports import export_query
from basketry_airflow.console.page import Page
from basketry_airflow.console.rendering import CurrentViewer, render
from basketry_airflow.console.viewer import Notice, Record, Viewer, choose_value

router = APIRouter()

DECISIONS, FORECASTS, ACCURACY = "gold.product_decisions", "gold.product_forecasts", "gold.forecast_accuracy"
PAGE = Page(path="decisions", title="Decisions", position=3, router=router, tables=(DECISIONS,), model=FORECAST_MODEL)
OUTCOMES, WEEKS = "gold.forecast_outcomes", "gold.sales_week_rollup"
MOST_LINES, MOST_DOTS = 100, 300
PAST_WEEKS = 26
BUCKETS = ("High", "Medium", "Low")
ACTIONS = ("increase_inventory", "hold", "optimise_price", "discount", "promote", "delist", "none")
COLUMNS = """product_id, product, department, category, predicted_revenue, low_90, high_90, bucket, action, rule, reason,
    expected_worth"""


@dataclass(frozen=True)
class Filters:
    """What is asked for; None for all.

    Attributes:
        bucket: One of BUCKETS.
        action: One of ACTIONS.
        category: A category's name.
        text: Part of a product's name, or its id.
    """

    bucket: str | None
    action: str | None
    category: str | None
    text: str | None

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Filters:
        """Read them from a request's parameters."""
        bucket, action = (
            choose_value(parameters, "bucket", BUCKETS, ""),
            choose_value(parameters, "action", ACTIONS, ""),
        )
        return cls(
            bucket or None,
            action or None,
            parameters.get("category") or None,
            (parameters.get("text") or "").strip() or None,
        )

    def where(self, as_of: date) -> tuple[str, dict[str, Any]]:
        """Return the condition of a query, and its values."""
        parts = ["as_of = :as_of"]
        values: dict[str, Any] = {"as_of": as_of}
        for name in ("bucket", "action", "category"):
            if getattr(self, name):
                parts.append(f"{name} = :{name}")
                values[name] = getattr(self, name)
        if self.text:
            parts.append("(contains(lower(product), :text) OR lower(product_id) = :text)")
            values["text"] = self.text.lower()
        return " AND ".join(parts), values

    def as_parameters(self) -> dict[str, str | None]:
        """Return them as a link needs them."""
        return {"bucket": self.bucket, "action": self.action, "category": self.category, "text": self.text}


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What the page shows.

    Attributes:
        as_of: The newest day with decisions.
        filters: What is asked for.
        categories: All categories to choose from.
        buckets: The products and the revenue of each bucket.
        lines: The first decisions.
        is_cut: Whether there are more.
        outlook: The catalog's weeks so far and those that are expected.
        accuracy: What was predicted and what came, by product.
        quality: The newest outcome of 28 days over all products.
    """

    as_of: date
    filters: Filters
    categories: tuple[str, ...]
    buckets: tuple[Record, ...]
    lines: tuple[Record, ...]
    is_cut: bool
    outlook: LineChart | Notice
    accuracy: PointChart | Notice
    quality: Record | None


@router.get("/decisions")
def page(request: Request, viewer: CurrentViewer) -> Response:
    """Return the page."""
    unavailable = PAGE.unavailable(viewer)
    shown = unavailable or decisions(viewer, Filters.of(request.query_params))
    choices = {"all_buckets": BUCKETS, "all_actions": ACTIONS}
    return render(viewer, PAGE.path, PAGE.title, shown, **choices, provisional=PAGE.provisional(viewer))


@router.get("/decisions/download")
def download(request: Request, viewer: CurrentViewer) -> Response:
    """Return every product that the filters let through, as CSV."""
    as_of = viewer.newest(DECISIONS) or date.min
    where, values = Filters.of(request.query_params).where(as_of)
    sql = f"SELECT as_of, {COLUMNS} FROM {DECISIONS} WHERE {where} ORDER BY predicted_revenue DESC, product_id"  # noqa: S608
    return export_query(viewer, f"decisions_{as_of}", sql, **values)


def decisions(viewer: Viewer, filters: Filters) -> Decisions | Notice:
    """Return all that the page shows."""
    as_of = viewer.newest(DECISIONS)
    if as_of is None:
        return PAGE.empty(viewer, f"{DECISIONS} has no row yet.")
    where, values = filters.where(as_of)
    order = "predicted_revenue DESC NULLS LAST, product_id"
    listed = f"SELECT {COLUMNS} FROM {DECISIONS} WHERE {where} ORDER BY {order}"  # noqa: S608
    lines = viewer.records(listed, limit=MOST_LINES + 1, **values)
    buckets = f"""SELECT bucket, count(*) AS products, sum(predicted_revenue) AS revenue FROM {DECISIONS}
                  WHERE as_of = :as_of AND bucket IS NOT NULL GROUP BY bucket"""  # noqa: S608
    categories = f"SELECT DISTINCT category FROM {DECISIONS} WHERE as_of = :as_of ORDER BY category"  # noqa: S608
    return Decisions(
        as_of=as_of,
        filters=filters,
        categories=tuple(row["category"] for row in viewer.records(categories, as_of=as_of)),
        buckets=tuple(sorted(viewer.records(buckets, as_of=as_of), key=lambda row: BUCKETS.index(row["bucket"]))),
        lines=tuple(lines[:MOST_LINES]),
        is_cut=len(lines) > MOST_LINES,
        outlook=_outlook(viewer, as_of),
        accuracy=_accuracy(viewer, filters),
        quality=_quality(viewer),
    )


def _outlook(viewer: Viewer, as_of: date) -> LineChart | Notice:
    """Draw the catalog's weeks so far and those that are expected."""
    unavailable = viewer.missing("Forecast", "daily_scoring", FORECASTS, WEEKS)
    if unavailable:
        return unavailable
    past = f"""SELECT period_start, net_revenue FROM {WEEKS} WHERE level = 'total' AND NOT is_partial
               ORDER BY period_start DESC"""  # noqa: S608
    ahead = f"""SELECT first_day, revenue, low_90, high_90 FROM {FORECASTS}
                WHERE as_of = :as_of AND level = 'total' AND last_day - first_day = 6 ORDER BY first_day"""  # noqa: S608
    sold = list(reversed(viewer.records(past, limit=PAST_WEEKS)))
    return past_and_ahead(
        viewer, "Revenue by week, sold and expected", sold=sold, ahead=viewer.records(ahead, as_of=as_of), as_of=as_of
    )


def past_and_ahead(viewer: Viewer, title: str, sold: list[Record], ahead: list[Record], as_of: date) -> LineChart:
    """Draw weeks sold, then weeks expected.

    Args:
        viewer: Who looks.
        title: Above the chart.
        sold: Rows with period_start and net_revenue.
        ahead: Rows with first_day, revenue, low_90 and high_90.
        as_of: The day of the forecast.
    """
    labels = [formats.short_day(row["period_start"]) for row in sold]
    labels += [formats.short_day(as_of + timedelta(days=row["first_day"])) for row in ahead]
    gap: list[float | None] = [None] * len(sold)
    later: list[float | None] = [None] * len(ahead)
    actual = [float(row["net_revenue"]) for row in sold]
    return line_chart(
        title,
        labels,
        [Line("Sold", actual + later), Line("Expected", gap + [row["revenue"] for row in ahead], "forecast")],
        band=Band("90 % interval", gap + [row["low_90"] for row in ahead], gap + [row["high_90"] for row in ahead]),
        write=formats.money(viewer.catalog.currency),
        over="week from",
    )


def _accuracy(viewer: Viewer, filters: Filters) -> PointChart | Notice:
    """Draw the products of the newest forecast of 28 days that is over: what was predicted and what came."""
    unavailable = viewer.missing("Outcomes of forecasts", "daily_scoring", ACCURACY)
    if unavailable:
        return unavailable
    judged = f"SELECT max(as_of) AS newest FROM {ACCURACY} WHERE horizon_days = 28 AND level = 'product'"  # noqa: S608
    newest = (viewer.record(judged) or {}).get("newest")
    if newest is None:
        return Notice("No outcomes yet", "No forecast of 28 days is over yet: look again four weeks after the first.")
    where = "AND category = :category" if filters.category else ""
    sql = f"""SELECT product_id, predicted, observed FROM {ACCURACY}
              WHERE as_of = :newest AND horizon_days = 28 AND level = 'product' {where} ORDER BY predicted DESC"""  # noqa: S608
    values = {"newest": newest, **({"category": filters.category} if filters.category else {})}
    dots = [
        Dot(row["product_id"], row["predicted"], row["observed"])
        for row in viewer.records(sql, limit=MOST_DOTS, **values)
    ]
    title = f"28 days from {formats.day(newest + timedelta(days=1))}: predicted and what came"
    return point_chart(
        title, dots, x_name="predicted", y_name="came", of="product", write=formats.money(viewer.catalog.currency)
    )


def _quality(viewer: Viewer) -> Record | None:
    if viewer.missing("Outcomes", "daily_scoring", OUTCOMES):
        return None
    sql = f"""SELECT as_of, products, wape, bias, coverage_90 FROM {OUTCOMES}
              WHERE horizon_days = 28 AND demand_class = '' ORDER BY as_of DESC"""  # noqa: S608
    return viewer.record(sql)
