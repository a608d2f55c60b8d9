"""Sales: a period beside the one before and the same a year ago, from the whole catalog down to a product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from basketry.tables import GRAINS
from basketry_airflow.console import formats, periods
from basketry_airflow.console.charts import Line, LineChart, line_chart
from basketry_airflow.console.exports import export_query
from basketry_airflow.console.page import Page
from basketry_airflow.console.rendering import CurrentViewer, render
from basketry_airflow.console.sales_figures import Baselines, ProductScope, baselines_of, breakdown, figures
from basketry_airflow.console.viewer import Notice, Record, Viewer, choose_value

router = APIRouter()
PAGE = Page(
    path="sales",
    title="Sales",
    position=2,
    router=router,
    tables=tuple(f"gold.sales_{grain}_rollup" for grain in GRAINS),
    filled_by="daily_sales",
)

MOST_LINES = 200
"""Lines of the table on the page; a download has all of them."""

MEASURES = (
    ("net_revenue", "Net revenue", "money"),
    ("orders", "Orders", "count"),
    ("units_sold", "Units sold", "count"),
    ("customers", "Customers", "count"),
    ("average_price", "Average price", "exact_money"),
)


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One number of the period: how it is written, and its change on the period before and on a year ago, if it has one."""

    name: str
    look: str
    value: Any
    on_before: float | None
    on_year: float | None


@dataclass(frozen=True, kw_only=True)
class Sales:
    """What the page shows.

    Attributes:
        grain: day, week, month or year.
        scope: The part of the product tree looked at.
        product: The name of the product looked at.
        start: The first day of the period.
        period: The period's name.
        partial: Why it is no whole one, '' when it is.
        baselines: What the period is compared with.
        older: The period before it.
        newer: The period after it.
        tiles: Its measures.
        chart: Revenue by period.
        lines: The parts of the scope.
        is_cut: Whether there are more lines.
        unavailable: Why there is nothing to show.
    """

    grain: str
    scope: ProductScope
    product: str | None
    start: date
    period: str
    partial: str
    baselines: Baselines
    older: date | None
    newer: date | None
    tiles: tuple[Tile, ...]
    chart: LineChart
    lines: tuple[Record, ...]
    is_cut: bool
    unavailable: Notice | None = None


@router.get("/sales")
def page(request: Request, viewer: CurrentViewer) -> Response:
    """Return the page."""
    unavailable = PAGE.unavailable(viewer)
    shown = unavailable or sales(viewer, request.query_params)
    return render(viewer, PAGE.path, PAGE.title, shown, grains=GRAINS)


@router.get("/sales/download")
def download(request: Request, viewer: CurrentViewer) -> Response:
    """Return the page's table, all of it, as CSV."""
    grain, scope = _parse_parameters(request.query_params)
    start = _start(viewer, grain, request.query_params.get("period"))
    baselines = baselines_of(viewer, grain, start)
    sql, values = breakdown(scope if scope.below else ProductScope(scope.department, scope.category), baselines)
    return export_query(viewer, f"sales_{grain}_{start}", sql, **values)


def sales(viewer: Viewer, parameters: Mapping[str, str]) -> Sales | Notice:
    """Return all that the page shows; parameters: grain, period, department, category, product."""
    grain, scope = _parse_parameters(parameters)
    start = _start(viewer, grain, parameters.get("period"))
    if start == date.min:
        return PAGE.empty(viewer, f"gold.sales_{grain}_rollup has no row yet.")
    history = {row["period_start"]: row for row in _history(viewer, grain, scope, start)}
    if start not in history:
        return Notice(
            "Nothing was sold", f"There is no sale here in {periods.name(start, grain)}: choose another period."
        )
    now, baselines = history[start], baselines_of(viewer, grain, start)
    sold = _sold(viewer, scope, baselines)
    sql, values = breakdown(scope, baselines)
    lines = viewer.records(sql, limit=MOST_LINES + 1, **values) if scope.below else []
    return Sales(
        grain=grain,
        scope=scope,
        product=now.get("product"),
        start=start,
        period=periods.name(start, grain),
        partial=_partial(baselines),
        baselines=baselines,
        older=periods.earlier(start, grain) if periods.earlier(start, grain) in history else None,
        newer=periods.earlier(start, grain, -1) if periods.earlier(start, grain, -1) in history else None,
        tiles=tuple(_tile(name, label, look, value=now[name], sold=sold) for name, label, look in MEASURES),
        chart=_chart(viewer, history, baselines, sold),
        lines=tuple(_with_share(lines[:MOST_LINES], now["net_revenue"])),
        is_cut=len(lines) > MOST_LINES,
    )


def _parse_parameters(parameters: Mapping[str, str]) -> tuple[str, ProductScope]:
    scope = ProductScope(*(parameters.get(name) or None for name in ("department", "category", "product")))
    return choose_value(parameters, "grain", GRAINS, "week"), scope


def _start(viewer: Viewer, grain: str, requested: str | None) -> date:
    """Return the period asked for; else the newest complete one, or the newest at all."""
    try:
        if requested:
            return date.fromisoformat(requested)
    except ValueError:
        pass  # as if none had been asked for
    table = f"gold.sales_{grain}_rollup"
    sql = f"""SELECT max(CASE WHEN NOT is_partial THEN period_start END) AS complete, max(period_start) AS newest
              FROM {table} WHERE level = 'total'"""  # noqa: S608 the console's own words
    periods_known = viewer.record(sql) or {}
    newest = periods_known.get("complete") or periods_known.get("newest")
    return newest if newest is not None else date.min


def _partial(baselines: Baselines) -> str:
    """Say why the period is no whole one; '' when it is."""
    if baselines.is_running:
        return f"still running, until {formats.day(baselines.extent.last)}"
    begins = baselines.extent.first
    return f"the data begin on {formats.day(begins)}" if baselines.period.start < begins else ""


def _history(viewer: Viewer, grain: str, scope: ProductScope, start: date) -> list[Record]:
    """Return the periods from two years before the one looked at to the one after it."""
    values: dict[str, Any] = {
        "first": periods.earlier(
            start, grain, periods.SHOWN[grain] + {"day": 364, "week": 52, "month": 12}.get(grain, 1)
        ),
        "last": periods.earlier(start, grain, -1),
    }
    measures = "period_start, net_revenue, orders, units_sold, customers, average_price"
    source, where, scope_values = scope.rows(grain)
    sql = f"""SELECT {measures}{", product" if scope.product else ""} FROM {source}
              WHERE {where} AND period_start BETWEEN :first AND :last ORDER BY period_start"""  # noqa: S608
    return viewer.records(sql, **values, **scope_values)


def _tile(name: str, label: str, look: str, value: Any, sold: Mapping[str, Record]) -> Tile:
    now, before, year = (sold[range_name].get(name) for range_name in ("now", "before", "year"))
    return Tile(
        name=label, look=look, value=value, on_before=formats.relative(now, before), on_year=formats.relative(now, year)
    )


def _sold(viewer: Viewer, scope: ProductScope, baselines: Baselines) -> dict[str, Record]:
    """Return the measures of the period as far as it has come, and of what it is compared with; empty without a change."""
    spans = {
        "now": baselines.now,
        "before": baselines.before.comparison.before,
        "year": baselines.year.comparison.before,
    }
    reasons = {"before": baselines.before.no_change_reason, "year": baselines.year.no_change_reason}
    return {
        name: {} if reasons.get(name) else figures(viewer, scope, span, baselines.source)
        for name, span in spans.items()
    }


def _chart(
    viewer: Viewer, history: Mapping[date, Record], baselines: Baselines, sold: Mapping[str, Record]
) -> LineChart:
    """Draw revenue by period beside a year before: a period that the data do not fill has no point but its own page's."""
    grain, start = baselines.grain, baselines.period.start
    first = max(min(history), periods.earlier(start, grain, periods.SHOWN[grain] - 1))
    shown, period_start = [], first
    while period_start <= start:
        shown.append(period_start)
        period_start = periods.earlier(period_start, grain, -1)
    filled = baselines.extent.first
    revenue = {when: float(row["net_revenue"]) for when, row in history.items() if when >= filled or when == start}
    lines = [Line("Net revenue", [revenue.get(when) for when in shown])]
    year = [revenue.get(periods.year_ago(when, grain)) for when in shown[:-1]]
    year.append(_number(sold["year"].get("net_revenue")))
    if grain != "year" and any(value is not None for value in year):
        lines.append(Line("A year before", year, "year"))
    labels = [periods.short_name(when, grain) for when in shown]
    write = formats.money(viewer.catalog.currency)
    return line_chart(f"Net revenue by {grain}", labels, lines, write=write, over=grain)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _with_share(lines: list[Record], whole: Any) -> list[Record]:
    """Return each line with its share of the whole and its changes."""
    return [
        {
            **row,
            "share": float(row["net_revenue"]) / float(whole) if whole else None,
            "on_before": formats.relative(row["net_revenue"], row["net_revenue_before"]),
            "on_year": formats.relative(row["net_revenue"], row["net_revenue_year_ago"]),
        }
        for row in lines
    ]
