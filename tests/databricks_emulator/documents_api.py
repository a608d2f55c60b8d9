"""Lakeview dashboards and Genie spaces: JSON with an etag that every edit changes, and a trash."""

from __future__ import annotations

import itertools
import json
import uuid
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Body

from tests.databricks_emulator.errors import ApiError, invalid
from tests.databricks_emulator.genie_rules import check_space
from tests.databricks_emulator.workspace_files_api import WorkspaceTree

Document = dict[str, Any]


@dataclass(kw_only=True)
class DocumentStore:
    """Documents by id. key: what their id is called; serialized: the field that holds their content as JSON text."""

    key: str
    serialized: str
    documents: dict[str, Document] = field(default_factory=dict)
    published: dict[str, Document] = field(default_factory=dict)
    _times: itertools.count[int] = field(default_factory=itertools.count)
    _etags: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def create(self, body: Document) -> Document:
        """A new document; ApiError when its content is no JSON."""
        self._check(body)
        document = {
            **self._placed(body),
            self.key: uuid.uuid4().hex,
            "etag": str(next(self._etags)),
            **self.now("update"),
        }
        self.documents[document[self.key]] = document
        return document

    def find(self, wanted: str) -> Document:
        """The document; ApiError 404 when there is none or it is in the trash."""
        if wanted not in self.documents:
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"{self.key} {wanted} does not exist.")
        return self.documents[wanted]

    def update(self, wanted: str, body: Document) -> Document:
        """Change fields; ApiError 409 when the etag given is not the present one."""
        document = self.find(wanted)
        self._check(body)
        if body.get("etag") not in (None, document["etag"]):
            raise ApiError(409, "ABORTED", "The document was changed meanwhile: its etag is another one.")
        document |= {**self._placed(body), "etag": str(next(self._etags)), **self.now("update")}
        return document

    def now(self, what: str) -> Document:
        """The field that says when something was done: later than everything before."""
        minute, second = divmod(next(self._times), 60)
        return {f"{what}_time": f"2026-03-10T{9 + minute // 60:02}:{minute % 60:02}:{second:02}Z"}

    def _placed(self, body: Document) -> Document:
        """The fields as the service keeps them: paths without /Workspace."""
        path = body.get("parent_path")
        return body if path is None else body | {"parent_path": path.removeprefix("/Workspace")}

    def trash(self, wanted: str) -> Document:
        """Remove."""
        self.find(wanted)
        return self.documents.pop(wanted)

    def _check(self, body: Document) -> None:
        try:
            json.loads(body.get(self.serialized) or "{}")
        except ValueError:
            raise invalid(f"{self.serialized} is no JSON.") from None


def dashboards_router(store: DocumentStore, tree: WorkspaceTree) -> APIRouter:
    """The routes below /api/2.0/lakeview/dashboards."""
    router = APIRouter()

    @router.post("")
    def create(body: Annotated[Document, Body()], dataset_catalog: str = "", dataset_schema: str = "") -> Document:
        path = f"{body.get('parent_path', '/Users').removeprefix('/Workspace')}/{body['display_name']}.lvdash.json"
        tree.find(path.rpartition("/")[0])
        data = {
            "path": path,
            "dataset_catalog": dataset_catalog,
            "dataset_schema": dataset_schema,
            "lifecycle_state": "ACTIVE",
        }
        made = store.create(body | data)
        tree.add(path, "DASHBOARD", made[store.key])
        return made

    @router.get("/{wanted}")
    def get(wanted: str) -> Document:
        return store.find(wanted)

    @router.patch("/{wanted}")
    def update(wanted: str, body: Annotated[Document, Body()]) -> Document:
        return store.update(wanted, body)

    @router.post("/{wanted}/published")
    def publish(wanted: str, body: Annotated[Document, Body()]) -> Document:
        found = store.find(wanted)
        store.published[wanted] = body | {"etag": found["etag"], **store.now("revision_create")}
        return {"display_name": found["display_name"], **store.published[wanted]}

    @router.get("/{wanted}/published")
    def published(wanted: str) -> Document:
        if wanted not in store.published:
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Dashboard {wanted} is not published.")
        return {"display_name": store.find(wanted)["display_name"], **store.published[wanted]}

    @router.delete("/{wanted}")
    def trash(wanted: str) -> Document:
        tree.remove(store.trash(wanted)["path"])
        store.published.pop(wanted, None)
        return {}

    return router


def genie_router(store: DocumentStore, tree: WorkspaceTree) -> APIRouter:
    """The routes below /api/2.0/genie/spaces."""
    router = APIRouter()

    @router.post("")
    def create(body: Annotated[Document, Body()]) -> Document:
        tree.find(body.get("parent_path", "/Users"))
        check_space(body.get(store.serialized, ""))
        return store.create(body)

    @router.get("")
    def listed() -> Document:
        return {"spaces": [{"space_id": one["space_id"], "title": one["title"]} for one in store.documents.values()]}

    @router.get("/{wanted}")
    def get(wanted: str, include_serialized_space: bool = False) -> Document:
        space = store.find(wanted)
        # The etag, too, comes only with the content.
        return (
            space
            if include_serialized_space
            else {k: v for k, v in space.items() if k not in (store.serialized, "etag")}
        )

    @router.patch("/{wanted}")
    def update(wanted: str, body: Annotated[Document, Body()]) -> Document:
        check_space(body.get(store.serialized, ""))
        return store.update(wanted, body)

    @router.delete("/{wanted}")
    def trash(wanted: str) -> Document:
        store.trash(wanted)
        return {}

    return router
