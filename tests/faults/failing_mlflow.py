"""Answers like an MLflow server with one model, until it is told to fail: slow, refusing, broken off, or no MLflow at all."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"<html><body>Please sign in</body></html>"
CHAMPION = {"name": "demo.gold.propensity", "version": "7"}
FILE = b"flavors: {}\n" * 20


@dataclass(kw_only=True)
class FailingMlflow:
    """The server's address, and how it fails now.

    status: what requests are answered, with a page that no MLflow writes. seconds: how late. broken_off: a file ends after so
    many bytes. path: pattern of the requests that fail, else all do. asked: what was asked for.
    """

    url: str = ""
    status: int | None = None
    seconds: float = 0.0
    broken_off: int | None = None
    path: str = ""
    asked: list[str] = field(default_factory=list)

    def fails(self, path: str) -> bool:
        """Whether a request is one of those that fail now."""
        return re.search(self.path, path) is not None


def _handler(mlflow: FailingMlflow) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_GET(self) -> None:
            """Fail as told, else say who the champion is, or hand out a file."""
            mlflow.asked.append(self.path)
            if mlflow.fails(self.path):
                time.sleep(mlflow.seconds)
                if mlflow.status is not None:
                    return self._answer(mlflow.status, PAGE)
            if "/registered-models/alias" in self.path:
                return self._answer(200, json.dumps({"model_version": CHAMPION}).encode())
            if self.path.endswith("/MLmodel"):
                return self._answer(200, FILE, mlflow.broken_off)
            return self._answer(200, b'{"files": []}')

        do_POST = do_PUT = do_PATCH = do_GET

        def _answer(self, status: int, body: bytes, broken_off: int | None = None) -> None:
            with suppress(ConnectionError):  # who asked may have given up
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[:broken_off])

        def log_message(self, *arguments: object) -> None:
            """Nobody reads it."""

    return Handler


@contextmanager
def failing_mlflow() -> Iterator[FailingMlflow]:
    """Such a server in threads of this process."""
    made = FailingMlflow()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
