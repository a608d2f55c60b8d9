"""What a part of the product tree sold on a range of days, and what that is compared with: for the pages Sales and Today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from basketry.metrics.comparison import Comparison, Extent, is_running, with_previous, with_year_before
from basketry.metrics.periods import Period, period_of
from basketry_airflow.console import formats
from basketry_airflow.console.viewer import Record, Viewer

_PAID = (
    "gross_revenue - instore_discount - campaign_coupon_discount - manuf_coupon_discount - manuf_coupon_match_discount"
)
_SUMMED = ("net_revenue", "orders", "units_sold")


@dataclass(frozen=True)
class Place:
    """Where in the product tree one looks; None above it. product: its id."""

    department: str | None = None
    category: str | None = None
    product: str | None = None

    @property
    def level(self) -> str:
        """How deep: total, department, category or product."""
        if self.product:
            return "product"
        return "category" if self.category else "department" if self.department else "total"

    @property
    def below(self) -> str | None:
        """What the table breaks it down into."""
        return {"total": "department", "department": "category", "category": "product"}.get(self.level)

    def rows(self, grain: str) -> tuple[str, str, dict[str, Any]]:
        """The table that has its sales by periods of the grain, the condition on its rows, and the condition's values."""
        if self.product:
            return f"gold.sales_{grain}", "product_id = :product", {"product": self.product}
        values = {"level": self.level, "department": self.department or "", "category": self.category or ""}
        where = "level = :level AND department = :department AND category = :category"
        return f"gold.sales_{grain}_rollup", where, values


@dataclass(frozen=True)
class Baseline:
    """A comparison as a page shows it. name: "the month before"; lacking: why there is no change, '' when there is."""

    name: str
    comparison: Comparison
    lacking: str

    @property
    def days(self) -> str:
        """Both ranges: 1–28 Nov 2026 against 1–28 Oct 2026."""
        return f"{formats.days(self.comparison.now)} against {formats.days(self.comparison.before)}"


@dataclass(frozen=True)
class Baselines:
    """A period of a grain with what it is compared with. extent: the days that the data fill."""

    grain: str
    period: Period
    extent: Extent
    before: Baseline
    year: Baseline

    @property
    def different(self) -> tuple[Baseline, ...]:
        """What it is compared with, each once: the year before a year is the one a year before."""
        return (self.before,) if self.grain == "year" else (self.before, self.year)

    @property
    def is_running(self) -> bool:
        """Whether days of the period are still to come, so that days are summed up instead."""
        return is_running(self.period, self.extent.last)

    @property
    def source(self) -> str:
        """The grain of the tables whose rows make up every range."""
        return "day" if self.is_running else self.grain

    @property
    def now(self) -> Period:
        """The days of the period that the data know."""
        return self.period.until(self.extent.last)


def baselines_of(viewer: Viewer, grain: str, start: date) -> Baselines:
    """What the period that begins on a day is compared with."""
    period, extent = period_of(start, grain), extent_of(viewer)
    before, year = with_previous(period, extent.last), with_year_before(period, extent.last)
    return Baselines(
        grain,
        period,
        extent,
        baseline_of(f"the {grain} before", before, extent),
        baseline_of("a year before", year, extent),
    )


def baseline_of(name: str, comparison: Comparison, extent: Extent) -> Baseline:
    """A comparison with its name and, where it lacks a change, the reason."""
    return Baseline(name, comparison, comparison.lacking(extent, formats.day))


def extent_of(viewer: Viewer) -> Extent:
    """The days that the sales tables fill: their first and their last day with a sale; date.min where there is none."""
    sql = """SELECT min(period_start) AS first, max(period_start) AS last FROM gold.sales_day_rollup WHERE level = 'total'"""
    row = viewer.record(sql) or {}
    return Extent(row.get("first") or date.min, row.get("last") or date.min)


def figures(viewer: Viewer, place: Place, span: Period, grain: str) -> Record:
    """The measures of a range that periods of the grain make up; customers of a single period only: they do not add up."""
    table, where, values = place.rows(grain)
    whole = period_of(span.start, grain)
    customers = "sum(customers)" if (whole.start, whole.end) == (span.start, span.end) else "NULL"
    sums = ", ".join(f"sum({name}) AS {name}" for name in _SUMMED)
    sql = f"""SELECT {sums}, {customers} AS customers, sum({_PAID}) / nullif(sum(units_sold), 0) AS average_price
              FROM {table} WHERE {where} AND period_start BETWEEN :first AND :last"""  # noqa: S608 the console's own words
    return viewer.record(sql, first=span.start, last=span.end, **values) or {}


def breakdown(place: Place, baselines: Baselines) -> tuple[str, dict[str, Any]]:
    """The query of every part of a place with its sums in the period, in the one before and a year ago, and their days."""
    table, key, name, where, values = _parts(place, baselines.source)
    days = {"": formats.days(baselines.now), "_before": _label(baselines.before), "_year_ago": _label(baselines.year)}
    ranges = {"": baselines.now, "_before": _range(baselines.before), "_year_ago": _range(baselines.year)}
    columns = [_sum(measure, suffix, span) for measure in _SUMMED for suffix, span in ranges.items()]
    columns += [f":days{suffix} AS days{suffix}" for suffix in days]
    values |= {f"days{suffix}": label for suffix, label in days.items()}
    for suffix, span in ranges.items():
        values |= {f"first{suffix}": span.start, f"last{suffix}": span.end} if span else {}
    within = " OR ".join(_within(suffix) for suffix, span in ranges.items() if span)
    return (
        f"""SELECT {name}, {", ".join(columns)} FROM {table} WHERE {where} AND ({within})
            GROUP BY {key} HAVING count(CASE WHEN {_within("")} THEN 1 END) > 0
            ORDER BY net_revenue DESC""",  # noqa: S608
        values,
    )


def _parts(place: Place, grain: str) -> tuple[str, str, str, str, dict[str, Any]]:
    """Table, key, shown columns, condition and its values of the parts of a place."""
    below, values = place.below, dict[str, Any]()
    if below is not None and below != "product":
        where = f"level = '{below}'"
        if below == "category":
            where, values = f"{where} AND department = :department", {"department": place.department}
        return f"gold.sales_{grain}_rollup", below, below, where, values
    name = "coalesce(max(product), product_id) AS product, product_id"
    values = {"department": place.department or "", "category": place.category or ""}
    return f"gold.sales_{grain}", "product_id", name, "department = :department AND category = :category", values


def _range(baseline: Baseline) -> Period | None:
    return None if baseline.lacking else baseline.comparison.before


def _label(baseline: Baseline) -> str:
    """The days that a part is compared with, or why with none."""
    return f"none: {baseline.lacking}" if baseline.lacking else formats.days(baseline.comparison.before)


def _within(suffix: str) -> str:
    return f"period_start BETWEEN :first{suffix} AND :last{suffix}"


def _sum(measure: str, suffix: str, span: Period | None) -> str:
    value = f"sum(CASE WHEN {_within(suffix)} THEN {measure} END)" if span else "NULL"
    return f"{value} AS {measure}{suffix}"
