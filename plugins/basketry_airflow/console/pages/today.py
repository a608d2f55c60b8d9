"""Today: is everything fresh, what ran, what failed, what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter
from starlette.responses import Response

from basketry.metrics.comparison import with_week_before
from basketry.tables import Deadline, deadline_of
from basketry_airflow.console import formats
from basketry_airflow.console.happenings import Happenings, happenings
from basketry_airflow.console.rendering import Looking, render
from basketry_airflow.console.sales_figures import baseline_of, extent_of
from basketry_airflow.console.viewer import Notice, Record, Viewer

router = APIRouter()


@dataclass(frozen=True)
class Freshness:
    """A table that the team may read. state: fresh, late or empty. deadline: none for what is written when something happens."""

    name: str
    meaning: str
    version: int | None
    written_at: datetime | None
    age: str
    state: str
    deadline: Deadline | None


@dataclass(frozen=True)
class Today:
    """What the page shows."""

    now: datetime
    tables: tuple[Freshness, ...]
    happenings: Happenings
    quarantine: tuple[Record, ...] | Notice
    headline: Record | None

    @property
    def late(self) -> int:
        """Tables that should have been written since."""
        return sum(one.state == "late" for one in self.tables)

    @property
    def filled(self) -> int:
        """Tables that have been written at all."""
        return sum(one.state != "empty" for one in self.tables)

    @property
    def waiting_rows(self) -> int | None:
        """Quarantined rows that nobody has replayed; None where the team may not know."""
        return None if isinstance(self.quarantine, Notice) else sum(row["open_rows"] for row in self.quarantine)


@router.get("/")
def page(viewer: Looking, user: GetUserDep) -> Response:
    """The page."""
    return render(viewer, "", "Today", today(viewer, user, datetime.now(UTC)))


def today(viewer: Viewer, user: Any, now: datetime) -> Today:
    """All that the page shows. user: Airflow's own."""
    return Today(
        now, freshness(viewer, now), happenings(user, viewer.catalogs[0]), _quarantine(viewer), _headline(viewer)
    )


def freshness(viewer: Viewer, now: datetime) -> tuple[Freshness, ...]:
    """Every table that the team may read, those that are late first, those never written last."""
    tables = {access.table.full_name: access.table for access in viewer.warehouse.grants.readable(viewer.team.name)}
    states = {state.name: state for state in viewer.warehouse.states(list(tables))}
    found = []
    for name, table in tables.items():
        state = states.get(name)
        deadline = deadline_of(table)
        word = "empty" if state is None else _state(deadline, now - state.written_at)
        age = formats.ago(state.written_at if state else None, now)
        version, written = (state.version, state.written_at) if state else (None, None)
        found.append(Freshness(name, table.meaning, version, written, age, word, deadline))
    return tuple(sorted(found, key=lambda one: ("late", "fresh", "empty").index(one.state)))


def _state(deadline: Deadline | None, age: timedelta) -> str:
    return "late" if deadline is not None and age > deadline.within else "fresh"


def _quarantine(viewer: Viewer) -> tuple[Record, ...] | Notice:
    lacking = viewer.missing("Quarantine", "ingest", "ops.quarantine")
    if lacking:
        return lacking
    sql = """SELECT feed, count(*) AS open_rows, count(DISTINCT file_checksum) AS files, max(delivered_at) AS newest
             FROM ops.quarantine WHERE state = 'open' GROUP BY feed ORDER BY open_rows DESC"""
    return tuple(viewer.records(sql))


def _headline(viewer: Viewer) -> Record | None:
    """The last complete day's sales beside the same day a week before; baseline: the two days, or why there is no change."""
    table = "gold.sales_day_rollup"
    if viewer.missing("Sales", "daily_sales", table):
        return None
    sql = f"""SELECT period_start, net_revenue, orders, customers FROM {table}
              WHERE level = 'total' AND NOT is_partial ORDER BY period_start DESC"""  # noqa: S608
    found = viewer.records(sql, limit=8)
    if not found:
        return None
    day = found[0]["period_start"]
    week = baseline_of("a week before", with_week_before(day), extent_of(viewer))
    week_ago = next((row for row in found if row["period_start"] == week.comparison.before.start), {})
    if week.lacking:
        week_ago = {}
    changes = {
        f"{name}_change": formats.relative(found[0][name], week_ago.get(name)) for name in ("net_revenue", "orders")
    }
    return {**found[0], **changes, "baseline": week}
