"""What the Databricks CLI asks of a workspace: written down in a form that does not grow old, and asked again.

Ids stand as `«job_id 0»`: they are others each time. What is this checkout's own (documents, job, files, the wheel's name)
stands as `«…»`, too, so that no change of a metric asks for the CLI.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response

from tests.databricks_emulator.emulator import DatabricksEmulator

RECORDING = Path(__file__).parent / "recorded_bundle.json"
SPACE, BOARD, JOB = "serialized_space", "serialized_dashboard", "«job»"
FILE = "/api/2.0/workspace-files/import-file/"
IDS = re.compile(r'"(dashboard_id|space_id|job_id|object_id)":\s*"?([\w-]+)"?')
"""Ids in an answer, which later requests name."""

NOT_ASKED_AGAIN = ("/telemetry-ext", "/.well-known/databricks-config")
Exchange = dict[str, Any]


@dataclass
class Names:
    """Names of ids, in the order in which a workspace told them."""

    by_id: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def learn(self, answer: str) -> None:
        """Name every id of an answer that has no name yet."""
        for kind, value in IDS.findall(answer):
            if value not in self.by_id:
                self.by_id[value] = f"«{kind} {self._counts.get(kind, 0)}»"
                self._counts[kind] = self._counts.get(kind, 0) + 1

    def hidden(self, text: str) -> str:
        """The text with names in place of ids."""
        for value, name in self.by_id.items():
            if value.isdecimal():  # a number of its own in JSON becomes a text
                text = re.sub(rf"(?<=[:,\[] ){value}(?=[,}}\]])", f'"{name}"', text)
            text = re.sub(rf"(?<![\w-]){re.escape(value)}(?![\w-])", name, text)
        return text

    def shown(self, text: str) -> str:
        """The text with ids in place of names."""
        for value, name in self.by_id.items():
            if value.isdecimal():
                text = text.replace(f'"{name}"', value)
            text = text.replace(name, value)
        return text


class RecordedEmulator(DatabricksEmulator):
    """An emulator that keeps what it was asked."""

    def __init__(self, scripts: Path, home: Path) -> None:
        """Keep nothing yet; see DatabricksEmulator."""
        self.exchanges: list[Exchange] = []
        self.names = Names()
        super().__init__(scripts, home)

    def _application(self) -> FastAPI:
        app = super()._application()
        app.add_middleware(BaseHTTPMiddleware, dispatch=self._note)
        return app

    async def _note(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        content = await request.body()
        answer = await call_next(request)
        content_of_answer = b"".join([part async for part in answer.body_iterator])  # type: ignore[attr-defined]
        if request.url.path not in NOT_ASKED_AGAIN:
            self.names.learn(content_of_answer.decode(errors="replace"))
            exchange = {
                "method": request.method,
                "path": request.url.path,
                "query": request.url.query,
                "body": _stripped(request.url.path, content),
                "status": answer.status_code,
            }
            self.exchanges.append({key: value for key, value in exchange.items() if value not in ("", None)})
        return Response(content_of_answer, answer.status_code, dict(answer.headers))

    def recorded(self, words: Mapping[str, str]) -> list[Exchange]:
        """Everything that was asked, as it is stored. words: what is this checkout's own, with what stands for it."""
        text = self.names.hidden(json.dumps(self.exchanges, ensure_ascii=False))
        for value, word in words.items():
            text = text.replace(value, word)
        stored: list[Exchange] = json.loads(text)
        return stored


def _stripped(path: str, content: bytes) -> Any:
    """The body without what is this checkout's own."""
    if not content or path.startswith(FILE):
        return None
    body = json.loads(content)
    if path.endswith("/jobs/create"):
        return JOB
    for name in (SPACE, BOARD, "new_settings"):
        if name in body:
            body[name] = f"«{name}»"
    return body


def filled(exchanges: list[Exchange], own: Mapping[str, str], boards: Mapping[str, str]) -> Iterator[Exchange]:
    """What to ask, with what is this checkout's own in its place.

    Args:
        exchanges: The recording.
        own: The job's settings as JSON and the space's text, by what stands for them.
        boards: The text of each dashboard by its name.
    """
    for exchange in exchanges:
        body = exchange.get("body")
        if body == JOB:
            body = json.loads(own[JOB])
        elif isinstance(body, dict):
            body = dict(body)
            if SPACE in body:
                body[SPACE] = own[SPACE]
            if BOARD in body:
                body[BOARD] = boards.get(body.get("display_name", ""), "{}")
            if "new_settings" in body:
                body["new_settings"] = json.loads(own[JOB])
        yield exchange | {"body": body}
