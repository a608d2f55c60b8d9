"""The Workspace API: files and folders of the workspace, kept as real files so that a run can execute what was deployed."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, Body, Form, UploadFile
from starlette.responses import Response

from tests.databricks_emulator.errors import ApiError, invalid

Document = dict[str, Any]
HOMES = ("/", "/Shared", "/Users")
"""Folders that every workspace has."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One object. edition: what stands for the time of its last change, never the same twice."""

    path: str
    kind: str
    object_id: int
    edition: int
    resource_id: str = ""

    def as_dict(self) -> Document:
        """An `ObjectInfo`; only files tell when they were changed."""
        body: Document = {"path": self.path, "object_type": self.kind, "object_id": self.object_id}
        if self.kind == "FILE":
            body["modified_at"] = self.edition
        return body | ({"resource_id": self.resource_id} if self.resource_id else {})


class WorkspaceTree:
    """Every object of the workspace by path; contents of files below `root`."""

    def __init__(self, root: Path) -> None:
        """root: local folder that stands for /."""
        self._root = root
        self._numbers = itertools.count(1_000)
        self._lock = threading.Lock()
        self._entries = {
            path: Entry(path=path, kind="DIRECTORY", object_id=next(self._numbers), edition=0) for path in HOMES
        }

    def find(self, path: str) -> Entry:
        """The object at a path; ApiError 404 otherwise."""
        entry = self._entries.get(_normal(path))
        if entry is None:
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Path ({path}) doesn't exist.")
        return entry

    def path_of(self, object_id: int) -> str:
        """Where an object stands; ApiError 404 when there is none of that id."""
        for entry in self._entries.values():
            if entry.object_id == object_id:
                return entry.path
        raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Object {object_id} doesn't exist.")

    def inside(self, path: str) -> list[Entry]:
        """What a folder holds directly."""
        top = self.find(path).path
        return [one for one in self._entries.values() if one.path != top and str(PurePosixPath(one.path).parent) == top]

    def make_folder(self, path: str) -> None:
        """With its parents; one that is there stays as it is."""
        for part in [*reversed(PurePosixPath(_normal(path)).parents), PurePosixPath(_normal(path))]:
            if str(part) not in self._entries:
                self._entries[str(part)] = Entry(
                    path=str(part), kind="DIRECTORY", object_id=next(self._numbers), edition=0
                )
            elif self._entries[str(part)].kind != "DIRECTORY":
                raise invalid(f"{part} is no folder.")

    def add(self, path: str, kind: str, resource_id: str = "") -> None:
        """An object whose content is somewhere else, like a dashboard; its folder must exist."""
        with self._lock:
            path = _normal(path)
            if path in self._entries:
                raise ApiError(400, "RESOURCE_ALREADY_EXISTS", f"Path ({path}) already exists.")
            self.find(str(PurePosixPath(path).parent))
            self._entries[path] = Entry(
                path=path,
                kind=kind,
                object_id=next(self._numbers),
                edition=next(self._numbers),
                resource_id=resource_id,
            )

    def write(self, path: str, content: bytes, overwrite: bool) -> None:
        """A file; of two writers at once that do not overwrite, one is refused."""
        with self._lock:
            path = _normal(path)
            before = self._entries.get(path)
            if before and not overwrite:
                raise ApiError(400, "RESOURCE_ALREADY_EXISTS", f"Path ({path}) already exists.")
            self.find(str(PurePosixPath(path).parent))
            local = self._local(path)
            local.parent.mkdir(parents=True, exist_ok=True)
            local.write_bytes(content)
            number = before.object_id if before else next(self._numbers)
            self._entries[path] = Entry(path=path, kind="FILE", object_id=number, edition=next(self._numbers))

    def read(self, path: str) -> bytes:
        """A file's content."""
        return self._local(self.find(path).path).read_bytes()

    def remove(self, path: str, recursive: bool = False) -> None:
        """An object; a folder that holds anything only with all of it."""
        entry = self.find(path)
        below = [path for path in self._entries if path.startswith(f"{entry.path}/")]
        if below and not recursive:
            raise ApiError(400, "DIRECTORY_NOT_EMPTY", f"Folder ({path}) is not empty.")
        for path in (*below, entry.path):
            del self._entries[path]

    def local_file(self, path: str) -> Path | None:
        """Where a file of the workspace lies, None when there is none or the path leads out of where it begins."""
        if ".." in PurePosixPath(path).parts:
            return None
        entry = self._entries.get(_normal(path))
        return self._local(entry.path) if entry and entry.kind == "FILE" else None

    def _local(self, path: str) -> Path:
        return self._root / path.lstrip("/")


def _normal(path: str) -> str:
    parts = PurePosixPath("/" + path.removeprefix("/Workspace").lstrip("/"))
    if ".." in parts.parts:
        raise invalid(f"Path ({path}) has relative parts.")
    return str(parts)


def workspace_files_router(tree: WorkspaceTree) -> APIRouter:
    """The routes below /api/2.0/workspace."""
    router = APIRouter()

    @router.get("/get-status")
    def get_status(path: str) -> Document:
        return tree.find(path).as_dict()

    @router.get("/list")
    def list_folder(path: str) -> Document:
        return {"objects": [one.as_dict() for one in tree.inside(path)]}

    @router.post("/mkdirs")
    def mkdirs(body: Annotated[Document, Body()]) -> Document:
        tree.make_folder(body["path"])
        return {}

    @router.post("/import")
    def import_file(
        path: Annotated[str, Form()],
        content: UploadFile,
        format: Annotated[str, Form()] = "SOURCE",
        overwrite: Annotated[bool, Form()] = False,
    ) -> Document:
        if format != "RAW":
            raise invalid(f"The emulator keeps files only: format is {format}, give RAW.")
        tree.write(path, content.file.read(), overwrite)
        return {}

    @router.get("/export")
    def export(path: str) -> Response:
        return Response(tree.read(path), media_type="application/octet-stream")

    @router.post("/delete")
    def delete(body: Annotated[Document, Body()]) -> Document:
        tree.remove(body["path"], bool(body.get("recursive")))
        return {}

    return router
