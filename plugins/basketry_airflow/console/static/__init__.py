"""The files that pages load: a stylesheet, two scripts, two icons. Served from here because nothing may come from elsewhere."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

FOLDER = Path(__file__).parent
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

router = APIRouter()


@cache
def files() -> dict[str, tuple[bytes, str, str]]:
    """Return content, media type and a tag of the content by name."""
    paths = sorted(path for path in FOLDER.iterdir() if path.suffix in KINDS)
    return {path.name: _file(path) for path in paths}


def _file(path: Path) -> tuple[bytes, str, str]:
    content = path.read_bytes()
    return content, KINDS[path.suffix], hashlib.sha256(content).hexdigest()[:12]


@router.get("/static/{name}")
async def file(name: str, request: Request) -> Response:
    """Return one file, cached by the browser until it changes: pages name it together with its tag."""
    if name not in files():
        raise HTTPException(404, "There is no such file.")
    content, kind, tag = files()[name]
    headers = {"Cache-Control": "private, max-age=86400", "ETag": f'"{tag}"'}
    if request.headers.get("if-none-match") == f'"{tag}"':
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)
