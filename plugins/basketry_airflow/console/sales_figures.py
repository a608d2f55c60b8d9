"""What a part of the product tree sold on a range of days, and what that is compared with: for the pages Sales and Today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from basketry.metrics.comparison import DateExtent, PeriodComparison, is_running, with_previous, with_year_before
from basketry.metrics.periods import Period, period_of
from basketry_airflow.console import formats
from basketry_airflow.console.viewer import Record, Viewer

_PAID = (
    "gross_revenue - instore_discount - campaign_coupon_discount - manuf_coupon_discount - manuf_coupon_match_discount"
)
_SUMMED = ("net_revenue", "orders", "units_sold")


@dataclass(frozen=True)
class ProductScope:
    """A part of the product tree; None above it.

    Attributes:
        department: A department's name.
        category: A category's name.
        product: A product's id.
    """

    department: str | None = None
    category: str | None = None
    product: str | None = None

    @property
    def level(self) -> str:
        """How deep it is: total, department, category or product."""
        if self.product:
            return "product"
        return "category" if self.category else "department" if self.department else "total"

    @property
    def below(self) -> str | None:
        """The level into which the table breaks it down."""
        return {"total": "department", "department": "category", "category": "product"}.get(self.level)

    def rows(self, grain: str) -> tuple[str, str, dict[str, Any]]:
        """Return the table of its sales by periods of the grain, the condition on the rows, and the condition's values."""
        if self.product:
            return f"gold.sales_{grain}", "product_id = :product", {"product": self.product}
        values = {"level": self.level, "department": self.department or "", "category": self.category or ""}
        where = "level = :level AND department = :department AND category = :category"
        return f"gold.sales_{grain}_rollup", where, values


@dataclass(frozen=True)
class Baseline:
    """A comparison as a page shows it.

    Attributes:
        name: For people, e.g. "the month before".
        comparison: The two ranges of days.
        no_change_reason: Why there is no change, '' when there is one.
    """

    name: str
    comparison: PeriodComparison
    no_change_reason: str

    @property
    def days(self) -> str:
        """Both ranges: 1–28 Nov 2026 against 1–28 Oct 2026."""
        return f"{formats.days(self.comparison.now)} against {formats.days(self.comparison.before)}"


@dataclass(frozen=True, kw_only=True)
class Baselines:
    """A period of a grain with what it is compared with.

    Attributes:
        grain: day, week, month or year.
        period: The period itself.
        extent: The days that the data fill.
        before: The period before.
        year: The same period a year before.
    """

    grain: str
    period: Period
    extent: DateExtent
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
    """Return what the period that begins on a day is compared with."""
    period, extent = period_of(start, grain), extent_of(viewer)
    before, year = with_previous(period, extent.last), with_year_before(period, extent.last)
    return Baselines(
        grain=grain,
        period=period,
        extent=extent,
        before=baseline_of(f"the {grain} before", before, extent),
        year=baseline_of("a year before", year, extent),
    )


def baseline_of(name: str, comparison: PeriodComparison, extent: DateExtent) -> Baseline:
    """Return a comparison with its name and, where it lacks a change, the reason."""
    return Baseline(name, comparison, comparison.no_change_reason(extent, formats.day))


def extent_of(viewer: Viewer) -> DateExtent:
    """Return the days that the sales tables fill, from the first to the last sale; date.min where there is none."""
    sql = """SELECT min(period_start) AS first, max(period_start) AS last FROM gold.sales_day_rollup WHERE level = 'total'"""
    row = viewer.record(sql) or {}
    return DateExtent(row.get("first") or date.min, row.get("last") or date.min)


def figures(viewer: Viewer, scope: ProductScope, span: Period, grain: str) -> Record:
    """Return the measures of a range of periods of the grain; customers of a single period only, as they do not add up."""
    table, where, values = scope.rows(grain)
    whole = period_of(span.start, grain)
    customers = "sum(customers)" if (whole.start, whole.end) == (span.start, span.end) else "NULL"
    sums = ", ".join(f"sum({name}) AS {name}" for name in _SUMMED)
    sql = f"""SELECT {sums}, {customers} AS customers, sum({_PAID}) / nullif(sum(units_sold), 0) AS average_price
              FROM {table} WHERE {where} AND period_start BETWEEN :first AND :last"""  # noqa: S608 the console's own words
    return viewer.record(sql, first=span.start, last=span.end, **values) or {}


def breakdown(scope: ProductScope, baselines: Baselines) -> tuple[str, dict[str, Any]]:
    """Return the query of every part of a scope with its sums in the period, the one before and a year ago, and their days."""
    table, key, name, where, values = _parts(scope, baselines.source)
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


def _parts(scope: ProductScope, grain: str) -> tuple[str, str, str, str, dict[str, Any]]:
    """Return table, key, shown columns, condition and its values of the parts of a scope."""
    below, values = scope.below, dict[str, Any]()
    if below is not None and below != "product":
        where = f"level = '{below}'"
        if below == "category":
            where, values = f"{where} AND department = :department", {"department": scope.department}
        return f"gold.sales_{grain}_rollup", below, below, where, values
    name = "coalesce(max(product), product_id) AS product, product_id"
    values = {"department": scope.department or "", "category": scope.category or ""}
    return f"gold.sales_{grain}", "product_id", name, "department = :department AND category = :category", values


def _range(baseline: Baseline) -> Period | None:
    return None if baseline.no_change_reason else baseline.comparison.before


def _label(baseline: Baseline) -> str:
    """Return the days that a part is compared with, or why with none."""
    return (
        f"none: {baseline.no_change_reason}" if baseline.no_change_reason else formats.days(baseline.comparison.before)
    )


def _within(suffix: str) -> str:
    return f"period_start BETWEEN :first{suffix} AND :last{suffix}"


def _sum(measure: str, suffix: str, span: Period | None) -> str:
    value = f"sum(CASE WHEN {_within(suffix)} THEN {measure} END)" if span else "NULL"
    return f"{value} AS {measure}{suffix}"
