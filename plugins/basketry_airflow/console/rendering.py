"""Pages from templates: one environment, everything escaped, every page within the same frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, JSONResponse, Response

from basketry_airflow.console import formats, static
from basketry_airflow.console.viewer import Viewer, viewer_of


def current_viewer(request: Request, user: GetUserDep, catalog: str | None = None) -> Viewer:
    """Return the viewer that the Airflow user and the parameter `catalog` make; the request holds it for an error's page."""
    viewer = viewer_of(user.get_name(), catalog, request.scope.get("root_path", ""), account=user)
    request.state.basketry_viewer = viewer
    return viewer


CurrentViewer = Annotated[Viewer, Depends(current_viewer)]
"""Who looks at a page, as a route's parameter."""


@cache
def _environment() -> Environment:
    from basketry_airflow.console.pages import all_pages  # they import this module

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    for name in ("count", "decimal", "share", "change", "day", "moment", "ago", "span"):
        environment.filters[name] = getattr(formats, name)
    environment.globals["pages"] = [(page.path, page.title) for page in all_pages() if page.in_menu]
    environment.globals["tags"] = {name: tag for name, (_, _, tag) in static.files().items()}
    return environment


def render(viewer: Viewer, page: str, title: str, shown: object, **more: object) -> HTMLResponse:
    """Fill the template of a page.

    Args:
        viewer: Who looks at it.
        page: The page's path.
        title: The page's title.
        shown: What the page shows, `shown` in the template.
        more: Further names of the template; `template` is its own name where that is not the page's.
    """
    currency = viewer.catalog.currency
    template = _environment().get_template(f"{more.pop('template', page or 'today')}.html")
    text = template.render(
        viewer=viewer,
        page=page,
        title=title,
        shown=shown,
        link=viewer.link,
        money=formats.money(currency),
        exact_money=formats.exact_money(currency),
        **more,
    )
    return HTMLResponse(text)


@dataclass(frozen=True)
class Problem:
    """What an error's page says."""

    status: int
    title: str
    text: str


def problem(request: Request, status: int, title: str, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error as a page within the frame for a known viewer, as JSON for an unknown one."""
    viewer = getattr(request.state, "basketry_viewer", None)
    if viewer is None and status == 401:
        return JSONResponse({"detail": text}, status, headers=dict(headers or {}))
    template = _environment().get_template("problem.html")
    base = request.scope.get("root_path", "")
    content = template.render(viewer=viewer, page=None, title=title, shown=Problem(status, title, text), base=base)
    return HTMLResponse(content, status, headers=dict(headers or {}))
