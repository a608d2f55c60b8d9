"""Around every answer: headers that forbid what the pages do not need, and an end for errors that nobody expected."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse

from basketry_airflow.console.mount import Receive, Scope, Send

log = logging.getLogger(__name__)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
        " frame-ancestors 'self'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Nothing from elsewhere, no script or style within a page, no framing by others: what a product's name may try to do."""

UNEXPECTED = "Something went wrong. Where it happened is in the log of Airflow's api-server."


class SecurityHeaders:
    """ASGI middleware that sets HEADERS, keeps pages out of shared caches, and answers 500 without a word of the error."""

    def __init__(self, app: object) -> None:
        """Wrap the ASGI application inside."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        started = False

        async def safe(message: Scope) -> None:
            """Pass a message on, the head of an answer with the security headers."""
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "private, no-store")
            await send(message)

        try:
            await self.app(scope, receive, safe)  # type: ignore[operator]
        except Exception as error:
            log.error("the console failed: %s at %s", type(error).__name__, _where(error))
            if started:
                raise RuntimeError("the answer broke off") from None
            await PlainTextResponse(UNEXPECTED, 500)(scope, receive, safe)


def _where(error: Exception) -> str:
    """Return the lines of code on the way to the error, without its text, which could carry a value of a row."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
