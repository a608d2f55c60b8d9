"""First steps: what a new catalog needs until every page shows something; the console's first page until that is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from basketry.config.settings import Settings
from basketry.contracts import feed_names
from basketry_airflow.console import audit
from basketry_airflow.console.page import Page
from basketry_airflow.console.pages import ask, data, decisions, offers, propensity, sales, segments, today
from basketry_airflow.console.rendering import CurrentViewer, render
from basketry_airflow.console.steps import FAILED, NOT_YET, Step, StepState, are_over, step_states
from basketry_airflow.console.viewer import Viewer

router = APIRouter()
PAGE = Page(path="first-steps", title="First steps", position=11, in_menu=False, router=router)


@dataclass(frozen=True, kw_only=True)
class FirstSteps:
    """What the page shows.

    Attributes:
        now: The time of the request.
        steps: The steps that the catalog can take and the team may see.
        is_over: Whether all that a catalog needs is done.
        next_name: The step that somebody should do something about; '' when none is left.
    """

    now: datetime
    steps: tuple[StepState, ...]
    is_over: bool
    next_name: str


@router.get("/")
def home(viewer: CurrentViewer) -> Response:
    """Lead to the first page: the first steps of a new catalog, Today once it is in use."""
    first = today.PAGE if are_over(viewer, STEPS) else PAGE
    return RedirectResponse(viewer.link(first.path), 303)


@router.get("/first-steps")
def page(viewer: CurrentViewer) -> Response:
    """Return the page."""
    return render(viewer, PAGE.path, PAGE.title, first_steps(viewer, datetime.now(UTC)))


def first_steps(viewer: Viewer, now: datetime) -> FirstSteps:
    """Return all that the page shows."""
    states = step_states(viewer, STEPS, now)
    return FirstSteps(
        now=now,
        steps=states,
        is_over=are_over(viewer, STEPS),
        next_name=next((state.step.name for state in states if state.state in (NOT_YET, FAILED)), ""),
    )


def _is_delivered(viewer: Viewer) -> bool:
    """Return whether files were loaded, or wait in the landing folder; one in the cloud is not asked while a page waits."""
    if viewer.state(data.FILES) is not None:
        return True
    settings, catalog = Settings.from_environment(), viewer.catalog.name
    if settings.runtime != "local":
        return False
    folders = (settings.landing_folder(catalog, feed) for feed in feed_names(catalog, settings.include))
    return any(path.is_file() for folder in folders for path in folder.rglob("*"))


def _has_asked(viewer: Viewer) -> bool:
    return audit.times_since(audit.QUESTION, viewer.user, datetime.min.replace(tzinfo=UTC)) > 0


STEPS = (
    Step(
        name="deliver",
        title="Deliver files",
        about="Put each feed's files into its folder below the landing folder; the contracts say what they look like.",
        pages=(data.PAGE,),
        tables=(data.FILES,),
        view="contracts",
        is_done_by=_is_delivered,
    ),
    Step(
        name="ingest",
        title="Load what was delivered",
        about="Every row becomes good, quarantined with its reasons, or a duplicate.",
        pages=(data.PAGE,),
        tables=("silver.order_lines",),
        dag_id="ingest",
        after="deliver",
    ),
    Step(
        name="sales",
        title="Add up the sales",
        about="Revenue, orders and customers by product, category and department, per day, week, month and year.",
        pages=(sales.PAGE,),
        dag_id="daily_sales",
        after="ingest",
    ),
    Step(
        name="bootstrap",
        title="Train the first models",
        about="Forecasts with a decision for every product, segments, and who buys what next; a gate judges each model.",
        pages=(decisions.PAGE, segments.PAGE, propensity.PAGE),
        dag_id="bootstrap",
        after="ingest",
    ),
    Step(
        name="audience",
        title="Find out who may be contacted",
        about="Whom to call or mail this week, with their consent; lists of segments get their contact data from it.",
        pages=(segments.PAGE,),
        tables=("gold.marketing_audience",),
        dag_id="weekly_marketing",
        after="ingest",
        feeds=frozenset({"customers"}),
    ),
    Step(
        name="offers",
        title="Offer something to shoppers",
        about="An offer for each shopper's event, learned from what they click and buy.",
        pages=(offers.PAGE,),
        dag_id="offers",
        after="ingest",
        feeds=frozenset({"events"}),
    ),
    Step(
        name="ask",
        title="Ask a question",
        about="In plain words, about sales, forecasts, decisions or segments.",
        pages=(ask.PAGE,),
        after="sales",
        is_done_by=_has_asked,
        is_needed=False,
    ),
)
"""The first steps of a catalog, in their order."""
