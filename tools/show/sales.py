"""Files and sales: what became of every delivered row, the first figures, the best sellers of a week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid

from basketry.contracts import load_catalog
from basketry.tables import FILES, ORDER_LINES, PRODUCTS, SALES, SALES_ROLLUP, Table
from tools.show.grid import make_grid
from tools.show.tables import Row, rows_of
from tools.terminal import verbatim

TOP = 5
FILE_HEADINGS = ("feed", "files", "rows read", "good", "quarantined", "duplicate")
_FIRST_FIGURES = f"""
    SELECT coalesce(nullif(trim(p.category), ''), 'Uncategorised'), sum(l.net_amount),
           count(DISTINCT l.order_id) FILTER (WHERE l.line_kind = 'sale')
    FROM lines AS l LEFT JOIN products AS p USING (product_id)
    WHERE l.line_kind IN ('sale', 'return') AND l.status <> 'cancelled'
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {TOP}"""  # noqa: S608
"""As the job `sales` counts: what is no sale or return, or was cancelled, is left out (basketry.retail.order_lines)."""


def show_files(console: Console, lake: Path, catalog: str) -> None:
    """Print one line per feed: files and what became of their rows; then the reasons for quarantine."""
    query = """SELECT feed, count(*), sum(rows_read), sum(rows_good), sum(rows_quarantined), sum(rows_duplicate)
               FROM t WHERE status = 'loaded' GROUP BY feed ORDER BY feed"""
    rows = rows_of(lake, catalog, FILES, query)
    grid = make_grid(*FILE_HEADINGS)
    for feed, *numbers in rows:
        grid.add_row(verbatim(feed), *(f"{number:,}" for number in numbers))
    if len(rows) > 1:
        totals = [sum(int(row[column]) for row in rows) for column in range(1, 6)]
        grid.add_row("[bold]all[/]", *(f"[bold]{total:,}[/]" for total in totals))
    console.print()
    console.print(grid)
    reasons = quarantine_reasons(lake, catalog)
    if reasons:
        listed = ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common(8))
        more = " …" if len(reasons) > 8 else ""
        console.print(verbatim(f"Set aside or warned about: {listed}{more}"), soft_wrap=True)


def quarantine_reasons(lake: Path, catalog: str) -> Counter[str]:
    """Count rows by reason over all loaded files; a row with two reasons counts in both."""
    total: Counter[str] = Counter()
    for (reasons,) in rows_of(lake, catalog, FILES, "SELECT reasons FROM t WHERE status = 'loaded'"):
        total.update({str(name): int(count) for name, count in dict(reasons or {}).items()})
    return total


def show_first_figures(console: Console, lake: Path, catalog: str) -> None:
    """Print the best categories of all order lines so far, which daily_sales has not summed up yet."""
    extent = "SELECT min(order_date), max(order_date) FROM t WHERE status <> 'cancelled'"
    days = rows_of(lake, catalog, ORDER_LINES, extent)
    rows = rows_of(lake, catalog, {"lines": ORDER_LINES, "products": PRODUCTS}, _FIRST_FIGURES)
    if rows:
        first, last = days[0]
        console.print()
        console.print(_sales_grid(f"first figures, {first} to {last}", catalog, rows))


def top_of_last_week(lake: Path, catalog: str, as_of: date) -> tuple[date, list[Row], list[Row]]:
    """Return the last complete week's Monday, best categories and best products; rows of name, revenue, orders."""
    rollup = SALES_ROLLUP["week"]
    newest = "SELECT max(period_start) FROM t WHERE period_end <= ?"
    monday = rows_of(lake=lake, catalog=catalog, tables=rollup, query=newest, values=[as_of]) or [(None,)]
    if monday[0][0] is None:
        monday = rows_of(lake, catalog, rollup, "SELECT max(period_start) FROM t") or [(None,)]
    start = monday[0][0] or as_of
    categories = _best(lake, catalog, rollup, "category", "level = 'category' AND category <> ''", start=start)
    products = _best(lake, catalog, SALES["week"], "coalesce(product, product_id)", "true", start=start)
    return start, categories, products


def _best(lake: Path, catalog: str, table: Table, name: str, condition: str, *, start: date) -> list[Row]:
    query = f"""SELECT {name}, net_revenue, orders FROM t WHERE {condition} AND period_start = ?
                ORDER BY net_revenue DESC, 1 LIMIT {TOP}"""  # noqa: S608
    return rows_of(lake=lake, catalog=catalog, tables=table, query=query, values=[start])


def show_sales(console: Console, lake: Path, catalog: str, as_of: date) -> None:
    """Print the best categories and products of the last week; products alone where categories are not told apart."""
    monday, categories, products = top_of_last_week(lake, catalog, as_of)
    beside = Grid.grid(padding=(0, 4, 0, 0))
    grids = [_sales_grid(f"product, week of {monday}", catalog, products)]
    if len(categories) > 1:
        grids.insert(0, _sales_grid(f"category, week of {monday}", catalog, categories))
    beside.add_row(*grids)
    console.print()
    console.print(beside)


def _sales_grid(heading: str, catalog: str, rows: Sequence[Row]) -> Grid:
    grid = make_grid(heading, f"net revenue {load_catalog(catalog).currency}", "orders")
    for name, revenue, orders in rows:
        grid.add_row(verbatim(name), f"{revenue:,.2f}", f"{orders:,}")
    return grid
