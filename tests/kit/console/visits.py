"""How a person opens a path of the console."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit


def visit(client: Any, path: str) -> Any:
    """The answer to a link, or to a form that is posted where the path has a question: `ask?q=Revenue+by+week`."""
    parts = urlsplit(path)
    fields = dict(parse_qsl(parts.query, keep_blank_values=True))
    if not parts.path.startswith("ask") or "q" not in fields:
        return client.get(f"/basketry/{path}")
    question = fields.pop("q")
    return client.post(f"/basketry/{parts.path}", params=fields, data={"q": question})
