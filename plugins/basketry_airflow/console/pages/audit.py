"""Audit: what users of the console asked and exported, for a team that `include/grants` lets read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from basketry.access import AccessRefusedError
from basketry_airflow.console import audit
from basketry_airflow.console.exports import MOST_ROWS, export
from basketry_airflow.console.page import Page
from basketry_airflow.console.rendering import CurrentViewer, render
from basketry_airflow.console.viewer import Viewer

router = APIRouter()
PAGE = Page(path="audit", title="Audit", position=90, in_menu=False, router=router)

SHOWN = 500
COLUMNS = ("moment", "user", "team", "catalog", "event", "rows", "persons", "what", "question")


@router.get("/audit")
def page(viewer: CurrentViewer) -> Response:
    """Return the newest lines."""
    _check_auditor(viewer)
    return render(viewer, PAGE.path, PAGE.title, audit.newest(SHOWN), most=SHOWN)


@router.get("/audit/download")
def download(viewer: CurrentViewer) -> Response:
    """Return the lines as CSV; that somebody took them is one of the next."""
    _check_auditor(viewer)
    return export(viewer, "audit", COLUMNS, [_cells(use) for use in audit.newest(MOST_ROWS)])


def _check_auditor(viewer: Viewer) -> None:
    if not viewer.team.audits:
        reader = f"Team {viewer.team.name} may not see what others asked and exported."
        raise AccessRefusedError(f"{reader} Who audits is in a team with audits: true in include/grants.")


def _cells(use: audit.Use) -> Sequence[Any]:
    facts = [use.facts.get(name) for name in ("rows", "what", "question")]
    return (use.moment, use.user, use.team, use.catalog, use.event, facts[0], use.persons, *facts[1:])
