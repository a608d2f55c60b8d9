"""What Unity Catalog holds besides tables: schemas, volumes, registered models; made and removed by the API."""

from __future__ import annotations

import itertools
import shutil
import time
import uuid
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body

from tests.databricks_emulator.errors import ApiError

Document = dict[str, Any]
PARTS = {"CATALOG": 1, "SCHEMA": 2, "TABLE": 3, "VOLUME": 3, "FUNCTION": 3}
"""How many names a securable's full name has; registered models are kept among the functions."""

FOLDERS = {name: name for name in ("landing", "exports", "requests", "checkpoints")}
"""Folders of a local home that stand for the volumes `<schema>.files`; others lie below Volumes."""


class Securables:
    """Schemas, which are folders of the lake, with volumes and models in memory."""

    def __init__(self, home: Path) -> None:
        """home: the BASKETRY_HOME that the jobs run with."""
        self._home = home
        self._lake = home / "lake"
        self._infos: dict[tuple[str, str], Document] = {}
        self.versions: dict[str, list[Document]] = {}
        self._times = itertools.count(time.time_ns() // 1_000_000)

    def exists(self, kind: str, name: str) -> bool:
        """Whether there is such a securable."""
        if kind in ("VOLUME", "FUNCTION"):
            return (kind, name) in self._infos
        parts = name.split(".")
        return len(parts) == PARTS[kind] and self._lake.joinpath(*parts).is_dir()

    def make(self, kind: str, catalog: str, parts: tuple[str, ...], body: Document) -> Document:
        """A new one; ApiError when its parent is missing or it is there already."""
        name = ".".join((catalog, *parts))
        parent = ("SCHEMA", f"{catalog}.{parts[0]}") if len(parts) == 2 else ("CATALOG", catalog)
        if not self.exists(*parent):
            raise ApiError(404, f"{parent[0]}_DOES_NOT_EXIST", f"{parent[0].title()} '{parent[1]}' does not exist.")
        if self.exists(kind, name):
            raise ApiError(400, f"{kind}_ALREADY_EXISTS", f"{kind.title()} '{name}' already exists")
        self._make_folder(kind, catalog, parts)
        identity = {"created_at": next(self._times), f"{kind.lower()}_id": str(uuid.uuid4())}
        self._infos[(kind, name)] = {**body, "full_name": name, **identity}
        return self._infos[(kind, name)]

    def _make_folder(self, kind: str, catalog: str, parts: tuple[str, ...]) -> None:
        if kind == "SCHEMA":
            (self._lake / catalog / parts[0]).mkdir(parents=True)
        elif kind == "VOLUME" and parts[0] in FOLDERS and parts[1] == "files":
            (self._home / FOLDERS[parts[0]] / catalog).mkdir(parents=True, exist_ok=True)
        elif kind == "VOLUME":
            self._home.joinpath("Volumes", catalog, *parts).mkdir(parents=True, exist_ok=True)

    def info(self, kind: str, name: str) -> Document:
        """What is known of it; one that a job made by itself has a fixed id."""
        if not self.exists(kind, name):
            raise ApiError(404, f"{kind}_DOES_NOT_EXIST", f"{kind.title()} '{name}' does not exist.")
        return self._infos.get((kind, name), {"full_name": name, "schema_id": f"id-of-{name}"})

    def inside(self, kind: str, catalog: str, schema: str) -> list[Document]:
        """What a schema holds of a kind."""
        prefix = f"{catalog}.{schema}."
        return [info for (one, name), info in self._infos.items() if one == kind and name.startswith(prefix)]

    def drop(self, schema: str) -> None:
        """A schema with all that is in it."""
        self.info("SCHEMA", schema)
        shutil.rmtree(self._lake.joinpath(*schema.split(".")))
        self._infos = {key: info for key, info in self._infos.items() if not f"{key[1]}.".startswith(f"{schema}.")}

    def remove(self, kind: str, name: str) -> Document:
        """Only an empty one."""
        self.info(kind, name)
        inside = [one for _, one in self._infos if one.startswith(f"{name}.")]
        folder = self._lake.joinpath(*name.split("."))
        if inside or (kind == "SCHEMA" and any(folder.iterdir())):
            raise ApiError(400, "INVALID_STATE", f"Cannot delete {kind.lower()} '{name}' because it is not empty.")
        if kind == "SCHEMA":
            folder.rmdir()
        self._infos.pop((kind, name), None)
        return {}


def securables_router(state: Securables) -> APIRouter:
    """The routes below /api/2.1/unity-catalog for schemas, volumes and models."""
    router = APIRouter()

    @router.post("/schemas")
    def create_schema(body: Annotated[Document, Body()]) -> Document:
        return state.make("SCHEMA", body["catalog_name"], (body["name"],), body)

    @router.get("/schemas/{name}")
    def schema(name: str) -> Document:
        return state.info("SCHEMA", name)

    @router.delete("/schemas/{name}")
    def delete_schema(name: str) -> Document:
        return state.remove("SCHEMA", name)

    for place, kind in (("volumes", "VOLUME"), ("models", "FUNCTION")):
        _add_routes(router, state, place, kind)

    @router.get("/models/{name}/versions")
    def versions(name: str) -> Document:
        return {"model_versions": state.versions.get(name, [])}

    return router


def _add_routes(router: APIRouter, state: Securables, place: str, kind: str) -> None:
    @router.get(f"/{place}")
    def listed(catalog_name: str, schema_name: str) -> Document:
        return {"registered_models" if place == "models" else place: state.inside(kind, catalog_name, schema_name)}

    @router.post(f"/{place}")
    def create(body: Annotated[Document, Body()]) -> Document:
        return state.make(kind, body["catalog_name"], (body["schema_name"], body["name"]), body)

    @router.get(f"/{place}/{{name}}")
    def get(name: str) -> Document:
        return state.info(kind, name)

    @router.delete(f"/{place}/{{name}}")
    def delete(name: str) -> Document:
        return state.remove(kind, name)
