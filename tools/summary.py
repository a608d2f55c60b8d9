"""What came out of a run, read from the Delta folders without a JVM."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import DeltaTable
from rich.console import Console
from rich.table import Table as Grid

from basketry.contracts import load_catalog
from basketry.tables import FILES, JOB_RUNS, OFFER_PERFORMANCE_MINUTE, SALES, SALES_ROLLUP, Table
from tools.terminal import verbatim

TOP = 5
FILE_HEADINGS = ("feed", "files", "rows read", "good", "quarantined", "duplicate")
OFFER_HEADINGS = ("offers (simulated shoppers)", "shown", "clicked", "rate", "bought")
Row = tuple[Any, ...]


def arrow(lake: Path, catalog: str, table: Table) -> pa.Table:
    """Read all rows of a table that exists."""
    return DeltaTable(lake / catalog / table.schema / table.name).to_pyarrow_table()


def rows_of(lake: Path, catalog: str, table: Table, query: str, values: Sequence[object] = ()) -> list[Row]:
    """Answer a SQL query over one table, which it calls `t`; nothing when the table does not exist yet."""
    folder = str(lake / catalog / table.schema / table.name)
    if not DeltaTable.is_deltatable(folder):
        return []
    with duckdb.connect() as database:
        database.register("t", arrow(lake, catalog, table))
        return database.execute(query, list(values)).fetchall()


def loaded_files(lake: Path, catalog: str) -> dict[str, dict[str, datetime]]:
    """Return the time of delivery (UTC) of the files that each feed has loaded, by checksum."""
    delivered: dict[str, dict[str, datetime]] = {}
    query = "SELECT feed, file_checksum, delivered_at FROM t WHERE status = 'loaded'"
    for feed, checksum, delivered_at in rows_of(lake, catalog, FILES, query):
        delivered.setdefault(feed, {})[checksum] = delivered_at
    return delivered


def last_day(lake: Path, catalog: str) -> date | None:
    """Return the last business day that any file of order lines touched."""
    query = "SELECT max(touched_to) FROM t WHERE status = 'loaded' AND touched_to IS NOT NULL"
    rows = rows_of(lake, catalog, FILES, query)
    return rows[0][0] if rows else None


def sales_done(lake: Path, catalog: str, as_of: date) -> bool:
    """Whether a run as of that day or a later one has read its tables as they are now (by Delta version)."""
    query = "SELECT input_versions FROM t WHERE job = 'sales' AND as_of >= ?"
    for (versions,) in rows_of(lake=lake, catalog=catalog, table=JOB_RUNS, query=query, values=[as_of]):
        read = dict(versions or {})
        if read and all(version_of(lake, catalog, name) == version for name, version in read.items()):
            return True
    return False


def version_of(lake: Path, catalog: str, name: str) -> int | None:
    """Return the Delta version of `schema.table`, None when it does not exist."""
    folder = str(lake / catalog / Path(*name.split(".")))
    return int(DeltaTable(folder).version()) if DeltaTable.is_deltatable(folder) else None


def show_files(console: Console, lake: Path, catalog: str) -> None:
    """Print one line per feed: files and what became of their rows; then the reasons for quarantine."""
    query = """SELECT feed, count(*), sum(rows_read), sum(rows_good), sum(rows_quarantined), sum(rows_duplicate)
               FROM t WHERE status = 'loaded' GROUP BY feed ORDER BY feed"""
    rows = rows_of(lake, catalog, FILES, query)
    grid = _grid(*FILE_HEADINGS)
    for feed, *numbers in rows:
        grid.add_row(verbatim(feed), *(f"{number:,}" for number in numbers))
    if len(rows) > 1:
        totals = [sum(int(row[column]) for row in rows) for column in range(1, 6)]
        grid.add_row("[bold]all[/]", *(f"[bold]{total:,}[/]" for total in totals))
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


def top_of_last_week(lake: Path, catalog: str, as_of: date) -> tuple[str, date, list[Row]]:
    """Return the best sellers of the last complete week: (`category` or `product`, its Monday, rows of name, revenue, orders)."""
    rollup, week = SALES_ROLLUP["week"], SALES["week"]
    newest = "SELECT max(period_start) FROM t WHERE period_end <= ?"
    monday = rows_of(lake=lake, catalog=catalog, table=rollup, query=newest, values=[as_of]) or [(None,)]
    if monday[0][0] is None:
        monday = rows_of(lake, catalog, rollup, "SELECT max(period_start) FROM t") or [(None,)]
    start = monday[0][0] or as_of
    query = f"""SELECT category, net_revenue, orders FROM t
                WHERE level = 'category' AND category <> '' AND period_start = ?
                ORDER BY net_revenue DESC LIMIT {TOP}"""  # noqa: S608
    rows = rows_of(lake=lake, catalog=catalog, table=rollup, query=query, values=[start])
    if len(rows) > 1:
        return "category", start, rows
    query = f"""SELECT coalesce(product, product_id), net_revenue, orders FROM t WHERE period_start = ?
                ORDER BY net_revenue DESC LIMIT {TOP}"""  # noqa: S608
    return "product", start, rows_of(lake=lake, catalog=catalog, table=week, query=query, values=[start])


def show_sales(console: Console, lake: Path, catalog: str, as_of: date) -> None:
    """Print the best sellers of the last week."""
    kind, monday, rows = top_of_last_week(lake, catalog, as_of)
    currency = load_catalog(catalog).currency
    grid = _grid(f"{kind}, week of {monday}", f"net revenue {currency}", "orders")
    for name, revenue, orders in rows:
        grid.add_row(verbatim(name), f"{revenue:,.2f}", f"{orders:,}")
    console.print(grid)


def show_offers(console: Console, lake: Path, catalog: str) -> None:
    """Print how offers did in the categories in which most were shown; nothing when there are none."""
    query = f"""SELECT category, sum(shown)::BIGINT, sum(clicked)::BIGINT, sum(bought)::BIGINT, sum(revenue) FROM t
                GROUP BY category ORDER BY 2 DESC, 1 LIMIT {TOP}"""  # noqa: S608
    rows = rows_of(lake, catalog, OFFER_PERFORMANCE_MINUTE, query)
    if not rows:
        return
    currency = load_catalog(catalog).currency
    grid = _grid(*OFFER_HEADINGS, f"revenue {currency}")
    for category, shown, clicked, bought, revenue in rows:
        rate = f"{clicked / shown:.1%}" if shown else ""
        cells = (f"{shown:,}", f"{clicked:,}", rate, f"{bought:,}", f"{revenue:,.2f}")
        grid.add_row(verbatim(category), *cells)
    console.print()
    console.print(grid)


def _grid(*columns: str) -> Grid:
    grid = Grid(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for position, column in enumerate(columns):
        grid.add_column(column, justify="right" if position else "left", no_wrap=True)
    return grid
