"""Settings with other values than those of their file."""

from __future__ import annotations

from typing import Any, TypeVar

from basketry.config.model import Document

D = TypeVar("D", bound=Document)


def changed(document: D, **values: Any) -> D:
    """A copy with these values, each in the section that has a field of its name."""
    own = {name: value for name, value in values.items() if name in type(document).model_fields}
    rest = {name: value for name, value in values.items() if name not in own}
    for section in type(document).model_fields:
        part = getattr(document, section)
        inside = {n: v for n, v in rest.items() if isinstance(part, Document) and n in type(part).model_fields}
        rest = {name: value for name, value in rest.items() if name not in inside}
        own |= {section: changed(part, **inside)} if inside else {}
    assert not rest, f"no such settings: {', '.join(rest)}"
    return document.model_copy(update=own)
