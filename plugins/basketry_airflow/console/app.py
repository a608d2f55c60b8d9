"""The FastAPI application: every route behind Airflow's own log-in, every answer with strict headers, no error's text shown."""

from __future__ import annotations

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from basketry.access import AccessRefusedError
from basketry.errors import BadInputError
from basketry.warehouse import NotYetError, SlowQueryError, UnavailableError, WarehouseError
from basketry_airflow.console import static
from basketry_airflow.console.pages import all_pages
from basketry_airflow.console.rate_limits import RateLimitError
from basketry_airflow.console.rendering import problem
from basketry_airflow.console.security_headers import SecurityHeaders

ROUTERS = (*(page.router for page in all_pages()), static.router)


def make_app() -> FastAPI:
    """Make the application. A user of Airflow who may see its pages may enter; teams decide what is shown there."""
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import requires_access_view

    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(requires_access_view(AccessView.WEBSITE))],
    )
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(SecurityHeaders)
    for kind in (BadInputError, WarehouseError, RateLimitError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _error_page)
    return app


def _error_page(request: Request, error: Exception) -> Response:
    status, title, text = _describe(error)
    return problem(request, status, title, text, headers=getattr(error, "headers", None))


def _describe(error: Exception) -> tuple[int, str, str]:
    """Return status, title and text of an error that a person caused or can wait out."""
    if isinstance(error, AccessRefusedError):
        return 403, "Not for your team", error.message
    if isinstance(error, NotYetError):
        return 404, "Not there yet", error.message
    if isinstance(error, BadInputError):
        return 400, "That cannot be shown", error.message
    if isinstance(error, SlowQueryError):
        return 503, "That takes too long", str(error)
    if isinstance(error, UnavailableError):
        return 503, "The tables cannot be read now", str(error)
    if isinstance(error, WarehouseError):
        return 503, "The tables did not answer", "Try again in a moment; what happened is in the log of the api-server."
    if isinstance(error, RateLimitError):
        return 429, "Too many", str(error)
    if isinstance(error, RequestValidationError):
        # Never what was sent: it could be anything.
        names = sorted({str(part["loc"][-1]) for part in error.errors()})
        return 400, "That cannot be shown", f"These values are not understood: {', '.join(names)}."
    assert isinstance(error, HTTPException)  # noqa: S101  nothing else is handled here
    return error.status_code, _STATUS.get(error.status_code, "That did not work"), str(error.detail)


_STATUS = {401: "Please log in", 403: "Not allowed", 404: "There is no such page", 405: "Not allowed"}
