"""MLflow's server behind a log-in: `mlflow server --app-name basketry`, an entry point of this package.

Jobs load what the registry names, so whoever writes there decides what they compute. MLflow itself lets everybody in who
reaches its port; here a user and a password are asked for, the same that MLflow's own clients read from the environment::

    client -> HTTP Basic -> RegistryLogin -> MLflow's application
                                 |
                                 +-> 401 without the password; /health answers everybody
"""

from __future__ import annotations

import hmac
import os
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from basketry.errors import BadInputError

USERNAME, PASSWORD = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"  # noqa: S105  names of variables
HEALTH = "/health"
REFUSAL = b"Log in with the user and the password of this MLflow: make run prints them."

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class RegistryLogin:
    """An ASGI application that asks for a user and a password before it lets anybody at another one."""

    def __init__(self, application: Application, username: str, password: str) -> None:
        """Guard an application.

        Args:
            application: What is behind the log-in.
            username: The one user.
            password: Their password.
        """
        self._application = application
        self._credentials = b64encode(f"{username}:{password}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on what is no request."""
        if scope["type"] == "lifespan" or scope["path"] == HEALTH or self._may_enter(scope["headers"]):
            await self._application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"www-authenticate", b'Basic realm="MLflow"'), (b"content-type", b"text/plain")]
            await send({"type": "http.response.start", "status": 401, "headers": headers})
            await send({"type": "http.response.body", "body": REFUSAL})

    def _may_enter(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        header = next((value for name, value in headers if name == b"authorization"), b"")
        scheme, _, credentials = header.partition(b" ")
        return scheme.lower() == b"basic" and hmac.compare_digest(credentials.strip(), self._credentials)


def create_app() -> RegistryLogin:
    """Return MLflow's application behind the log-in of the environment.

    Raises:
        BadInputError: There is no password: an open server is never started.
    """
    username, password = os.environ.get(USERNAME), os.environ.get(PASSWORD)
    if not username or not password:
        raise BadInputError(f"MLflow does not start without a log-in: set {USERNAME} and {PASSWORD}.")
    from mlflow.server.fastapi_app import app

    return RegistryLogin(app, username, password)
