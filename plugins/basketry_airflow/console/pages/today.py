"""Today: is everything fresh, what ran, what failed, what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from starlette.responses import Response

from basketry.metrics.comparison import with_week_before
from basketry.tables import Deadline, deadline_of
from basketry_airflow.console import formats
from basketry_airflow.console.airflow_status import AirflowStatus, airflow_status
from basketry_airflow.console.page import Page
from basketry_airflow.console.rendering import CurrentViewer, render
from basketry_airflow.console.sales_figures import baseline_of, extent_of
from basketry_airflow.console.viewer import Notice, Record, Viewer

router = APIRouter()
PAGE = Page(path="today", title="Today", position=1, router=router)


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """A table that the team may read.

    Attributes:
        name: schema.table.
        meaning: What one row is.
        version: The newest Delta version.
        written_at: When it was committed.
        age: How long ago, for people.
        state: fresh, late or empty.
        deadline: None for what is written when something happens.
    """

    name: str
    meaning: str
    version: int | None
    written_at: datetime | None
    age: str
    state: str
    deadline: Deadline | None


@dataclass(frozen=True, kw_only=True)
class Today:
    """What the page shows."""

    now: datetime
    tables: tuple[Freshness, ...]
    airflow: AirflowStatus
    quarantine: tuple[Record, ...] | Notice
    headline: Record | None

    @property
    def late(self) -> int:
        """The number of tables that should have been written since."""
        return sum(table.state == "late" for table in self.tables)

    @property
    def filled(self) -> int:
        """The number of tables that have been written at all."""
        return sum(table.state != "empty" for table in self.tables)

    @property
    def waiting_rows(self) -> int | None:
        """The quarantined rows that nobody has replayed; None where the team may not know."""
        return None if isinstance(self.quarantine, Notice) else sum(row["open_rows"] for row in self.quarantine)


@router.get("/today")
def page(viewer: CurrentViewer) -> Response:
    """Return the page."""
    return render(viewer, PAGE.path, PAGE.title, today(viewer, datetime.now(UTC)))


def today(viewer: Viewer, now: datetime) -> Today:
    """Return all that the page shows."""
    return Today(
        now=now,
        tables=freshness(viewer, now),
        airflow=airflow_status(viewer.account, viewer.catalogs[0]),
        quarantine=_quarantine(viewer),
        headline=_headline(viewer),
    )


def freshness(viewer: Viewer, now: datetime) -> tuple[Freshness, ...]:
    """Return every table that the team may read, those that are late first, those never written last."""
    tables = {access.table.full_name: access.table for access in viewer.warehouse.grants.readable(viewer.team.name)}
    states = {state.name: state for state in viewer.warehouse.states(list(tables))}
    rows = []
    for name, table in tables.items():
        state = states.get(name)
        deadline = deadline_of(table)
        state_name = "empty" if state is None else _state(deadline, now - state.written_at)
        age = formats.ago(state.written_at if state else None, now)
        version, written = (state.version, state.written_at) if state else (None, None)
        rows.append(
            Freshness(
                name=name,
                meaning=table.meaning,
                version=version,
                written_at=written,
                age=age,
                state=state_name,
                deadline=deadline,
            )
        )
    return tuple(sorted(rows, key=lambda row: ("late", "fresh", "empty").index(row.state)))


def _state(deadline: Deadline | None, age: timedelta) -> str:
    return "late" if deadline is not None and age > deadline.within else "fresh"


def _quarantine(viewer: Viewer) -> tuple[Record, ...] | Notice:
    unavailable = viewer.missing("Quarantine", "ingest", "ops.quarantine")
    if unavailable:
        return unavailable
    sql = """SELECT feed, count(*) AS open_rows, count(DISTINCT file_checksum) AS files, max(delivered_at) AS newest
             FROM ops.quarantine WHERE state = 'open' GROUP BY feed ORDER BY open_rows DESC"""
    return tuple(viewer.records(sql))


def _headline(viewer: Viewer) -> Record | None:
    """Return the last complete day's sales beside the same day a week before; baseline: the two days, or why no change."""
    table = "gold.sales_day_rollup"
    if viewer.missing("Sales", "daily_sales", table):
        return None
    sql = f"""SELECT period_start, net_revenue, orders, customers FROM {table}
              WHERE level = 'total' AND NOT is_partial ORDER BY period_start DESC"""  # noqa: S608
    days = viewer.records(sql, limit=8)
    if not days:
        return None
    day = days[0]["period_start"]
    week = baseline_of("a week before", with_week_before(day), extent_of(viewer))
    week_ago = next((row for row in days if row["period_start"] == week.comparison.before.start), {})
    if week.no_change_reason:
        week_ago = {}
    changes = {
        f"{name}_change": formats.relative(days[0][name], week_ago.get(name)) for name in ("net_revenue", "orders")
    }
    return {**days[0], **changes, "baseline": week}
