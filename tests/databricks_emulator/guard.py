"""What every request passes before and after its route: the token, the log of calls, the faults."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from tests.databricks_emulator.errors import ApiError
from tests.databricks_emulator.faults import FaultKind, Faults
from tests.databricks_emulator.workspace_api import DISCOVERY_PATH

RUN_OPERATIONS = ("submit", "get", "get-output", "cancel", "list", "delete")
BY_PATH = {
    "statements": "/sql/statements",
    "workspace": "/api/2.0/workspace/",
    "unity": "/unity-catalog/",
    "dashboards": "/lakeview/",
    "genie": "/genie/",
    "permissions": "/api/2.0/permissions/",
    "clusters": "/api/2.1/clusters/",
}
CONTROL_PREFIX = "/emulator/"
Next = Callable[[Request], Awaitable[Response]]


def operation_of(path: str) -> str:
    """What a request is about, in the words of faults.OPERATIONS."""
    if "/jobs/runs/" in path:
        name = path.rsplit("/", 1)[-1]
        return name if name in RUN_OPERATIONS else "other"
    if "/fs/" in path:
        return "files"
    return next((name for name, part in BY_PATH.items() if part in path), "other")


@dataclass
class Guard:
    """Lets a request through, late, changed or not at all; `calls` names the operation of each, in order."""

    token: str
    faults: Faults
    calls: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)
    """Patterns of `METHOD path` that the caller has no permission for, until they are removed."""

    async def __call__(self, request: Request, call_next: Next) -> Response:
        """The answer to a request."""
        path = request.url.path
        if path == DISCOVERY_PATH:
            return await call_next(request)
        try:
            self._check_token(request)
            if path.startswith(CONTROL_PREFIX):
                return await call_next(request)
            operation = operation_of(path)
            self.calls.append(operation)
            self._check_permission(request)
            self._refuse(operation, _asked(request))
        except ApiError as error:
            return error.response()
        return await self._answer(request, call_next, operation)

    def _check_token(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        if not given:
            raise ApiError(401, "UNAUTHENTICATED", "Credential was not sent or was of an unsupported type.")
        if given != f"Bearer {self.token}":
            raise ApiError(403, "403", "Invalid access token.")

    def _check_permission(self, request: Request) -> None:
        asked = _asked(request)
        if any(re.search(pattern, asked) for pattern in self.denied):
            raise ApiError(403, "PERMISSION_DENIED", f"User does not have permission for {asked}.")

    def _refuse(self, operation: str, asked: str) -> None:
        """Faults that keep the request from being carried out."""
        if fault := self.faults.take(FaultKind.THROTTLE, operation, asked):
            seconds = str(max(1, math.ceil(fault.seconds)))
            message = "Current request has exceeded the rate limit."
            raise ApiError(429, "REQUEST_LIMIT_EXCEEDED", message, {"Retry-After": seconds})
        if self.faults.take(FaultKind.EXPIRED_TOKEN, operation, asked):
            raise ApiError(403, "403", "Invalid access token.")
        if self.faults.take(FaultKind.FORBID, operation, asked):
            raise ApiError(403, "PERMISSION_DENIED", "User does not have permission to do this.")
        if fault := self.faults.take(FaultKind.SERVER_ERROR, operation, asked):
            raise _server_error(fault.status)

    async def _answer(self, request: Request, call_next: Next, operation: str) -> Response:
        """Faults that only spoil the answer."""
        lost = self.faults.take(FaultKind.SERVER_ERROR_AFTER_ACCEPT, operation, _asked(request))
        late = self.faults.take(FaultKind.SLOW, operation, _asked(request))
        response = await call_next(request)
        if late:
            await asyncio.sleep(late.seconds)
        return _server_error(lost.status).response() if lost else response


def _asked(request: Request) -> str:
    return f"{request.method} {request.url.path}"


def _server_error(status: int) -> ApiError:
    code = "TEMPORARILY_UNAVAILABLE" if status == 503 else "INTERNAL_ERROR"
    return ApiError(status, code, "The service could not answer the request.")
