"""The Files API. A volume is the folder Volumes/<catalog>/<schema>/<volume> of the emulator's home, which jobs see, too.

/Volumes/<catalog>/landing/files, and those of exports and requests, are the folders of a local home: landing/<catalog>.
/Models/<catalog>/<schema>/<model>/<version> are the files of a registered model's version,
/WorkspaceInternal/Mlflow/Artifacts/<experiment> those of runs and logged models.
"""

from __future__ import annotations

import os
import tempfile
from email.utils import formatdate
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from tests.databricks_emulator.errors import ApiError, invalid
from tests.databricks_emulator.models_api import ModelRegistry
from tests.databricks_emulator.unity_objects import FOLDERS

DEFAULT_PAGE, LARGEST_PAGE = 1000, 1000
PART = ".upload-"
"""Begins the name of a file that is still on its way in; nobody sees it."""


class Volumes:
    """The volumes for deliveries and for what is handed over, of every catalog below one home; and the files of models."""

    def __init__(self, home: Path, models: ModelRegistry) -> None:
        """home: the BASKETRY_HOME that the jobs run with. models: the registered models."""
        self._home = home
        self._models = models

    def local(self, path: str, *, writing: bool = False) -> Path:
        """The local path of a volume path; ApiError when it is outside the volumes."""
        parts = path.strip("/").split("/")
        if parts[0] == "Models":
            return self._models.local(parts[1:], writing=writing)
        if parts[:3] == ["WorkspaceInternal", "Mlflow", "Artifacts"] and not {"", ".", ".."} & set(parts):
            return self._home.joinpath("mlflow", "artifacts", *parts[3:])
        if any(part in {"", ".", ".."} for part in parts):
            raise invalid(f"'{path}' has empty or relative parts.")
        if len(parts) >= 4 and parts[0] == "Volumes":
            if parts[2] in FOLDERS and parts[3] == "files":
                return self._home.joinpath(FOLDERS[parts[2]], parts[1], *parts[4:])
            if self._home.joinpath(*parts[:4]).is_dir():
                return self._home.joinpath(*parts)
        raise ApiError(
            404, "NOT_FOUND", f"'/{path.strip('/')}' is in no volume; volumes are /Volumes/<catalog>/<schema>/<volume>."
        )

    def entries(self, path: str) -> list[dict[str, Any]]:
        """What a folder holds, sorted by name; sizes in bytes, times in milliseconds since 1970."""
        folder = self.local(path)
        if not folder.is_dir():
            raise ApiError(404, "NOT_FOUND", "The directory being accessed is not found.")
        return [_entry(path.strip("/"), child) for child in sorted(folder.iterdir()) if not child.name.startswith(PART)]


def _entry(folder: str, path: Path) -> dict[str, Any]:
    body: dict[str, Any] = {"path": f"/{folder}/{path.name}", "name": path.name, "is_directory": path.is_dir()}
    if not path.is_dir():
        body |= {"file_size": path.stat().st_size, "last_modified": path.stat().st_mtime_ns // 1_000_000}
    return body


def _existing_file(path: Path) -> Path:
    if not path.is_file():
        raise ApiError(404, "NOT_FOUND", "The file being accessed is not found.")
    return path


def _page(entries: list[dict[str, Any]], size: int, token: str) -> dict[str, Any]:
    start = int(token) if token.isdecimal() else 0
    end = start + (min(size, LARGEST_PAGE) or DEFAULT_PAGE)
    body: dict[str, Any] = {"contents": entries[start:end]}
    if end < len(entries):
        body["next_page_token"] = str(end)
    return body


async def _store(request: Request, target: Path) -> None:
    """Write the body beside the target and move it there: a reader sees all of it or nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=PART)
    with os.fdopen(handle, "wb") as part:
        async for chunk in request.stream():
            part.write(chunk)
    Path(name).replace(target)


def files_router(volumes: Volumes) -> APIRouter:
    """The routes below /api/2.0/fs."""
    router = APIRouter()
    _add_directory_routes(router, volumes)

    @router.head("/files/{path:path}")
    def metadata(path: str) -> Response:
        status = _existing_file(volumes.local(path)).stat()
        headers = {"Content-Length": str(status.st_size), "Last-Modified": formatdate(status.st_mtime, usegmt=True)}
        return Response(headers=headers, media_type="application/octet-stream")

    @router.get("/files/{path:path}")
    def download(path: str) -> FileResponse:
        return FileResponse(_existing_file(volumes.local(path)), media_type="application/octet-stream")

    @router.put("/files/{path:path}")
    async def upload(path: str, request: Request, overwrite: bool = False) -> Response:
        target = volumes.local(path, writing=True)
        if target.exists() and not overwrite:
            raise ApiError(409, "ALREADY_EXISTS", "The file being created already exists.")
        await _store(request, target)
        return Response(status_code=204)

    @router.delete("/files/{path:path}")
    def delete(path: str) -> Response:
        _existing_file(volumes.local(path, writing=True)).unlink()
        return Response(status_code=204)

    return router


def _add_directory_routes(router: APIRouter, volumes: Volumes) -> None:
    @router.get("/directories/{path:path}")
    def list_directory(path: str, page_size: int = DEFAULT_PAGE, page_token: str = "") -> dict[str, Any]:
        return _page(volumes.entries(path), page_size, page_token)

    @router.head("/directories/{path:path}")
    def directory_metadata(path: str) -> Response:
        volumes.entries(path)
        return Response()

    @router.put("/directories/{path:path}")
    def create_directory(path: str) -> Response:
        volumes.local(path).mkdir(parents=True, exist_ok=True)
        return Response(status_code=204)
