"""Refusals in the shape that every Databricks REST API uses."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse


class ApiError(Exception):
    """A request that is answered with an HTTP error status and a JSON body of error_code and message."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        """status: HTTP status; code: Databricks' error_code; message: one sentence for a person."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """The HTTP answer."""
        body = {"error_code": self.code, "message": self.message}
        return JSONResponse(body, status_code=self.status, headers=self.headers)


def invalid(message: str) -> ApiError:
    """400: the request can never work."""
    return ApiError(400, "INVALID_PARAMETER_VALUE", message)
