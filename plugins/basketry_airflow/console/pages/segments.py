"""Segments: who the customers are by recency, frequency and monetary value, who moved, and lists of them to download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import Response

from basketry.errors import BadInputError
from basketry.registry.models import RFM_MODEL
from basketry.tables import GONE, NEW, VIEWS
from basketry_airflow.console.charts import Flow, Flows, flows
from basketry_airflow.console.contacts import contact_columns, export_customers
from basketry_airflow.console.page import Page
from basketry_airflow.console.rendering import CurrentViewer, render
from basketry_airflow.console.viewer import Notice, Record, Viewer, choose_value

router = APIRouter()

SEGMENTS, PROFILES, MIGRATION = "gold.rfm_segments", "gold.rfm_profiles", "gold.rfm_migration"
PAGE = Page(path="segments", title="Segments", position=5, router=router, tables=(SEGMENTS, PROFILES), model=RFM_MODEL)
LEAST_FLOW = 0.002
"""Share of all customers below which a way is not drawn; its numbers stay in the table."""


@dataclass(frozen=True)
class Cell:
    """A cell of the map: how many customers, what most of them are called, how strong its colour is (0 to 5)."""

    customers: int
    mostly: str
    heat: int


@dataclass(frozen=True, kw_only=True)
class Segments:
    """What the page shows.

    Attributes:
        as_of: The newest day with segments.
        view: named or cluster.
        days: Days between the two dates of the migration.
        all_days: All such distances to choose from.
        customers: All customers.
        grid: Rows by frequency from 5 down, columns by recency from 1 up.
        profiles: One per segment.
        migration: Who moved from where to where.
        previous: The earlier date of the migration.
    """

    as_of: date
    view: str
    days: int
    all_days: tuple[int, ...]
    customers: int
    grid: tuple[tuple[Cell, ...], ...]
    profiles: tuple[Record, ...]
    migration: Flows | Notice
    previous: date | None


@router.get("/segments")
def page(request: Request, viewer: CurrentViewer) -> Response:
    """Return the page."""
    shown = PAGE.unavailable(viewer) or segments(viewer, request.query_params)
    return render(viewer, PAGE.path, PAGE.title, shown, views=VIEWS, provisional=PAGE.provisional(viewer))


@router.get("/segments/download")
def download(request: Request, viewer: CurrentViewer) -> Response:
    """Return the customers of one segment as CSV: ids, and how to reach them only for a team that may know."""
    view = choose_value(request.query_params, "view", VIEWS, "named")
    segment = request.query_params.get("segment", "")
    as_of = viewer.newest(SEGMENTS)
    if as_of is None or not segment or (view == "cluster" and not segment.isdigit()):
        raise BadInputError("Name the segment to download, as the page does.")
    contact, join = contact_columns(viewer, "s")
    condition = "s.cluster = :segment" if view == "cluster" else "s.segment = :segment"
    sql = f"""SELECT s.customer_id, s.segment, s.cluster, s.segment_since, s.recency_days, s.frequency, s.monetary_total,
              s.expected_spend_90d{contact} FROM {SEGMENTS} AS s{join}
              WHERE s.as_of = :as_of AND {condition} ORDER BY s.monetary_total DESC, s.customer_id"""  # noqa: S608
    value = int(segment) if view == "cluster" else segment
    return export_customers(viewer, f"segment_{segment}_{as_of}", sql, as_of=as_of, segment=value)


def segments(viewer: Viewer, parameters: Mapping[str, str]) -> Segments | Notice:
    """Return all that the page shows; parameters: view, days."""
    as_of, view = viewer.newest(PROFILES), choose_value(parameters, "view", VIEWS, "named")
    if as_of is None:
        return PAGE.empty(viewer, f"{PROFILES} has no row yet.")
    profiles = f"""SELECT segment, mostly, customers, share_of_customers, revenue, share_of_revenue, recency_days, frequency,
                   monetary, expected_spend_90d, repurchase_rate_90d, treatment FROM {PROFILES}
                   WHERE as_of = :as_of AND view = :view ORDER BY revenue DESC"""  # noqa: S608
    all_days = _days(viewer)
    requested_days = parameters.get("days", "")
    days = (
        int(requested_days) if requested_days.isdigit() and int(requested_days) in all_days else (all_days or (0,))[-1]
    )
    grid, customers = _grid(viewer, as_of)
    shown = tuple(viewer.records(profiles, as_of=as_of, view=view))
    migration, previous = _migration(viewer, view, days, [row["segment"] for row in shown])
    return Segments(
        as_of=as_of,
        view=view,
        days=days,
        all_days=all_days,
        customers=customers,
        grid=grid,
        profiles=shown,
        migration=migration,
        previous=previous,
    )


def _grid(viewer: Viewer, as_of: date) -> tuple[tuple[tuple[Cell, ...], ...], int]:
    sql = f"""SELECT r, f, segment, count(*) AS customers FROM {SEGMENTS} WHERE as_of = :as_of
              GROUP BY r, f, segment ORDER BY customers DESC, segment"""  # noqa: S608
    segments_by_score: dict[tuple[int, int], list[Record]] = {}
    for row in viewer.records(sql, as_of=as_of):
        segments_by_score.setdefault((row["f"], row["r"]), []).append(row)
    sizes = {score: sum(row["customers"] for row in rows) for score, rows in segments_by_score.items()}
    largest = max(sizes.values(), default=1)

    def cell(f: int, r: int) -> Cell:
        """Return how many customers share two scores, and how deep the cell's shade is."""
        size = sizes.get((f, r), 0)
        return Cell(
            size,
            segments_by_score[f, r][0]["segment"] if size else "",
            0 if not size else min(5, 1 + int(4.999 * size / largest)),
        )

    return tuple(tuple(cell(f, r) for r in range(1, 6)) for f in range(5, 0, -1)), sum(sizes.values())


def _days(viewer: Viewer) -> tuple[int, ...]:
    if viewer.missing("Moves", "daily_scoring", MIGRATION):
        return ()
    return tuple(row["days"] for row in viewer.records(f"SELECT DISTINCT days FROM {MIGRATION} ORDER BY days"))  # noqa: S608


def _migration(viewer: Viewer, view: str, days: int, order: list[str]) -> tuple[Flows | Notice, date | None]:
    unavailable = viewer.missing("Moves", "daily_scoring", MIGRATION)
    if unavailable:
        return unavailable, None
    sql = f"""SELECT previous_as_of, from_segment, to_segment, customers, revenue_after FROM {MIGRATION}
              WHERE as_of = (SELECT max(as_of) FROM {MIGRATION}) AND view = :view AND days = :days"""  # noqa: S608
    rows = viewer.records(sql, view=view, days=days)
    if not rows:
        return Notice("No moves yet", "Moves need an earlier day with segments: look again tomorrow."), None
    total = sum(row["customers"] for row in rows)
    drawn = [
        Flow(row["from_segment"], row["to_segment"], row["customers"])
        for row in rows
        if row["customers"] >= total * LEAST_FLOW
    ]
    title = f"Who moved within {days} day" if days == 1 else f"Who moved within {days} days"
    return flows(title, drawn, [NEW, *order, GONE], of="customers"), rows[0]["previous_as_of"]
