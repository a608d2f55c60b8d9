"""Keeps the sales tables up to date by rewriting the periods that `plan` finds, one commit per table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.domains.sales import core
from basketry.domains.sales.plan import WRITERS, Rewrite, SalesPlan, plan_sales, read_inputs
from basketry.domains.sales.touched_days import SalesInputs
from basketry.jobs.sales import SalesArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.sql import date_literal
from basketry.retail.business_calendar import period_end
from basketry.tables import SALES, SALES_ROLLUP, Table


def run(lake: Lakehouse, arguments: SalesArguments) -> JobReport:
    """Rewrite the periods touched up to --as-of, or all with --full, as far as order lines were delivered.

    With --dry-run only say which periods these are.
    """
    plan = plan_sales(lake, arguments.as_of, full=arguments.full)
    details = {
        "as_of": plan.as_of.isoformat(),
        "rewrites": {rewrite.table.full_name: _listed(rewrite) for rewrite in plan.rewrites},
    }
    lines, rows_in, rows_out = plan.describe(), 0, 0
    if plan.as_of < arguments.as_of:
        lines = (
            *lines,
            f"order lines end on {plan.as_of}: what ends after that day stays partial until more is ingested",
        )
    if plan.rewrites and not arguments.dry_run:
        rows_in, rows_out = _write(lake, plan)
    return JobReport(
        rows_in=rows_in,
        rows_out=rows_out,
        summary=lines,
        as_of=arguments.as_of,
        input_versions=plan.versions,
        details=details,
        dry_run=arguments.dry_run,
    )


def _listed(rewrite: Rewrite) -> list[str] | str:
    return "all" if rewrite.periods is None else [day.isoformat() for day in rewrite.periods]


def _write(lake: Lakehouse, plan: SalesPlan) -> tuple[int, int]:
    """Rewrite the planned periods in one commit per table; return the numbers of lines that count and of rows written."""
    inputs = read_inputs(lake, plan.versions)

    def write(rewrite: Rewrite) -> int:
        """Rewrite the periods of a table, and return the number of their rows."""
        if rewrite.table is SALES[rewrite.grain]:
            rows = core.sales_by_product(sums.by_product, inputs.products, rewrite.grain, plan.extent)
        else:
            rows = core.sales_rollup(sums.by_level, rewrite.grain, plan.extent)
        return lake.replace(rewrite.table, rows, where=rewrite.where, read_versions=plan.state)

    with _period_sums(lake, inputs, plan) as sums, ThreadPoolExecutor(WRITERS) as pool:
        return sums.lines, sum(pool.map(write, plan.rewrites))


class _PeriodSums(NamedTuple):
    """How many lines count, and the sums of products and of levels in the periods of a plan."""

    lines: int
    by_product: DataFrame
    by_level: DataFrame


@contextmanager
def _period_sums(lake: Lakehouse, inputs: SalesInputs, plan: SalesPlan) -> Iterator[_PeriodSums]:
    """Sum up the lines and reviews of the plan's periods; several queries are planned from each of the sums."""
    span = _span(plan.rewrites)
    lines = core.counted_lines(inputs.order_lines.where(f"order_date {span}"), inputs.products, plan.as_of)
    reviews = core.counted_reviews(inputs.reviews.where(f"reviewed_on {span}"), inputs.products, plan.as_of)
    with ExitStack() as stored, lake.cached(core.visits(lines)) as visits:

        def summed(rows: DataFrame) -> DataFrame:
            """Store sums until the last table is written."""
            return stored.enter_context(lake.cached(rows, short_plan=True))

        totals = summed(core.daily_totals(lines, reviews))
        with ThreadPoolExecutor(2) as pool:  # while one is planned, the other computes
            by_product = pool.submit(summed, core.product_periods(totals, visits, _periods_of(plan, SALES)))
            by_level = pool.submit(summed, core.level_periods(totals, visits, _periods_of(plan, SALES_ROLLUP)))
        counted = int(totals.agg(F.sum("lines")).collect()[0][0] or 0)
        yield _PeriodSums(counted, by_product.result(), by_level.result())


def _periods_of(plan: SalesPlan, tables: Mapping[str, Table]) -> core.Periods:
    """Return the periods of these tables that are rewritten, by grain."""
    return {rewrite.grain: rewrite.periods for rewrite in plan.rewrites if rewrite.table is tables[rewrite.grain]}


def _span(rewrites: Sequence[Rewrite]) -> str:
    """Return a condition on days that holds for every row that a rewritten period needs."""
    if any(rewrite.periods is None for rewrite in rewrites):
        return "IS NOT NULL"
    periods = [(start, period_end(start, rewrite.grain)) for rewrite in rewrites for start in rewrite.periods or ()]
    if not periods:
        return "IS NULL"
    return (
        f"BETWEEN {date_literal(min(start for start, _ in periods))} AND {date_literal(max(end for _, end in periods))}"
    )
