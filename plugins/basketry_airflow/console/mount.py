"""The console as Airflow mounts it: nothing, until somebody opens a page.

Every process of Airflow loads the plugins, also those that only parse DAGs or run a task; the one that serves pages is
the one that needs templates and queries, and it needs them with the first request.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

PREFIX = "/basketry"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]


class LazyApp:
    """An ASGI application that becomes the console when it is first asked."""

    def __init__(self) -> None:
        """Start without the console."""
        self._console: Any = None
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._console is None:
            from starlette.concurrency import run_in_threadpool

            await run_in_threadpool(self._open)  # the server goes on answering others meanwhile
        try:
            await self._console(scope, receive, send)
        finally:
            if "query_string" in scope:
                scope["query_string"] = (
                    b""  # Airflow's access log writes it once we have answered; people search by names
                )

    def _open(self) -> None:
        with self._lock:
            if self._console is None:
                from basketry_airflow.console.app import make_app

                self._console = make_app()
