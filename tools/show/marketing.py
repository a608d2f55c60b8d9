"""Whom marketing may call today, and how the offers of simulated shoppers did."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from basketry.contracts import load_catalog
from basketry.tables import MARKETING_AUDIENCE, OFFER_PERFORMANCE_MINUTE
from tools.show.grid import make_grid
from tools.show.sales import TOP
from tools.show.tables import newest_day, rows_of
from tools.terminal import verbatim

OFFER_HEADINGS = ("offers (simulated shoppers)", "shown", "clicked", "rate", "bought")
_DAYS = """SELECT call.day AS day, count(*) FILTER (WHERE call.starts_at IS NOT NULL) AS people
           FROM (SELECT unnest(call_windows) AS call FROM t WHERE as_of = ? AND phone IS NOT NULL)
           GROUP BY day ORDER BY day"""
_CALLABLE = """SELECT time_zone, count(*), min(call.starts_at), max(call.ends_at)
               FROM (SELECT time_zone, unnest(call_windows) AS call FROM t WHERE as_of = ? AND phone IS NOT NULL)
               WHERE call.day = ? AND call.starts_at IS NOT NULL
               GROUP BY time_zone ORDER BY 2 DESC, 1"""


def show_callable(console: Console, lake: Path, catalog: str, today: date) -> None:
    """Print how many people may be called today by time zone, or else on the next day on which anybody may."""
    as_of = newest_day(lake, catalog, MARKETING_AUDIENCE)
    days = rows_of(lake=lake, catalog=catalog, tables=MARKETING_AUDIENCE, query=_DAYS, values=[as_of])
    ahead = [(day, people) for day, people in days if day >= today]
    if not ahead:
        return
    console.print()
    day = next((day for day, people in ahead if people), None)
    if day != today:
        console.print(f"Nobody may be called on {today:%A}, {today}.")
    if day is not None:
        _show_zones(console, lake, catalog, as_of=as_of, day=day)


def _show_zones(console: Console, lake: Path, catalog: str, *, as_of: date | None, day: date) -> None:
    rows = rows_of(lake=lake, catalog=catalog, tables=MARKETING_AUDIENCE, query=_CALLABLE, values=[as_of, day])
    grid = make_grid(f"may be called on {day:%A}, {day}", "people", "local time")
    for zone, people, starts_at, ends_at in rows:
        grid.add_row(verbatim(zone), f"{people:,}", _local_time(zone, starts_at, ends_at))
    if len(rows) > 1:
        grid.add_row("[bold]all[/]", f"[bold]{sum(row[1] for row in rows):,}[/]", "")
    console.print(grid)


def _local_time(zone: str, starts_at: datetime, ends_at: datetime) -> str:
    """Return the hours by the clock of a zone; of the first where one of several must be right."""
    clock = ZoneInfo(zone.split(",")[0].strip())
    return f"{starts_at.astimezone(clock):%H:%M} to {ends_at.astimezone(clock):%H:%M}"


def show_offers(console: Console, lake: Path, catalog: str) -> None:
    """Print how offers did in the categories in which most were shown; nothing when there are none."""
    query = f"""SELECT category, sum(shown)::BIGINT, sum(clicked)::BIGINT, sum(bought)::BIGINT, sum(revenue) FROM t
                GROUP BY category ORDER BY 2 DESC, 1 LIMIT {TOP}"""  # noqa: S608
    rows = rows_of(lake, catalog, OFFER_PERFORMANCE_MINUTE, query)
    if not rows:
        return
    currency = load_catalog(catalog).currency
    grid = make_grid(*OFFER_HEADINGS, f"revenue {currency}")
    for category, shown, clicked, bought, revenue in rows:
        rate = f"{clicked / shown:.1%}" if shown else ""
        cells = (f"{shown:,}", f"{clicked:,}", rate, f"{bought:,}", f"{revenue:,.2f}")
        grid.add_row(verbatim(category), *cells)
    console.print()
    console.print(grid)
