"""Registered models of Unity Catalog, as MLflow's own `databricks-uc` client asks for them; their files go by the Files API.

A body is read by the messages that MLflow ships: a field that they do not know is refused. The client itself refuses what
Unity Catalog does (a signature without outputs, a stage), so nothing of that is repeated here.

    create version (PENDING_REGISTRATION) -> files to /Models/<catalog>/<schema>/<model>/<version> -> finalize (READY)
"""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request

from tests.databricks_emulator.errors import ApiError, invalid
from tests.databricks_emulator.runs import CREATOR
from tests.databricks_emulator.unity_objects import Securables

Document = dict[str, Any]
MODEL = "FUNCTION"
"""The kind of securable that registered models are."""
PENDING, READY = "PENDING_REGISTRATION", "READY"


class ModelRegistry:
    """What the metastore remembers of models: versions, aliases, and where the files lie."""

    def __init__(self, home: Path, securables: Securables) -> None:
        """home: below it the files of the versions lie. securables: among which models are, whoever made them."""
        self._files = home / "models"
        self._securables = securables
        self._versions: dict[tuple[str, str], Document] = {}
        self._aliases: dict[str, dict[str, str]] = {}
        self._numbers: dict[str, itertools.count[int]] = {}

    def create_model(self, name: str) -> Document:
        """A new model, of whoever asks."""
        parts = name.split(".")
        if len(parts) != 3:
            raise invalid(f"Registered model name '{name}' must specify all three levels: catalog.schema.model.")
        if self._securables.exists(MODEL, name):
            raise ApiError(400, "RESOURCE_ALREADY_EXISTS", f"Routine or Model '{parts[2]}' already exists")
        body = {"catalog_name": parts[0], "schema_name": parts[1], "name": parts[2], "owner": CREATOR}
        self._securables.make(MODEL, parts[0], (parts[1], parts[2]), body)
        return self.model(name)

    def model(self, name: str) -> Document:
        """A model with its aliases; ApiError when it does not exist."""
        if not self._securables.exists(MODEL, name):
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Routine or Model '{name}' does not exist.")
        aliases = [{"alias": alias, "version": version} for alias, version in self.aliases(name).items()]
        created = self._securables.info(MODEL, name)["created_at"]
        return {"name": name, "creation_timestamp": created, "user_id": CREATOR, "aliases": aliases}

    def aliases(self, name: str) -> dict[str, str]:
        """The version of each alias."""
        return self._aliases.setdefault(name, {})

    def create_version(self, name: str, asked: Document) -> Document:
        """A version whose files are still to come."""
        self.model(name)
        number = str(next(self._numbers.setdefault(name, itertools.count(1))))
        moment = time.time_ns() // 1_000_000
        self._versions[(name, number)] = {
            **asked,
            "name": name,
            "version": number,
            "creation_timestamp": moment,
            "last_updated_timestamp": moment,
            "user_id": CREATOR,
            "status": PENDING,
            "storage_location": f"/Models/{name.replace('.', '/')}/{number}",
        }
        self._folder(name, number).mkdir(parents=True)
        self._securables.versions.setdefault(name, []).append({"model_name": name, "version": int(number)})
        return self.version(name, number)

    def version(self, name: str, number: str) -> Document:
        """A version with its aliases; ApiError when it does not exist."""
        self.model(name)
        if (name, number) not in self._versions:
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Model Version (name={name}, version={number}) not found")
        aliases = [{"alias": alias, "version": one} for alias, one in self.aliases(name).items() if one == number]
        return {**self._versions[(name, number)], "aliases": aliases}

    def finalize(self, name: str, number: str) -> Document:
        """Make a version READY: from now on its files do not change."""
        self.version(name, number)
        self._versions[(name, number)]["status"] = READY
        return self.version(name, number)

    def delete_version(self, name: str, number: str) -> None:
        """A version with its files and aliases."""
        self.version(name, number)
        del self._versions[(name, number)]
        shutil.rmtree(self._folder(name, number))
        self._aliases[name] = {alias: one for alias, one in self.aliases(name).items() if one != number}
        left = [one for one in self._securables.versions[name] if one["version"] != int(number)]
        self._securables.versions[name] = left

    def set_alias(self, name: str, alias: str, number: str) -> None:
        """Let an alias name a version."""
        self.version(name, number)
        self.aliases(name)[alias] = number

    def version_of_alias(self, name: str, alias: str) -> Document:
        """The version that an alias names."""
        self.model(name)
        if alias not in self.aliases(name):
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Alias '{alias}' does not exist.")
        return self.version(name, self.aliases(name)[alias])

    def local(self, parts: list[str], *, writing: bool) -> Path:
        """The local path of a file below /Models; ApiError where there is no such version, or it is READY and written to."""
        if len(parts) < 4 or any(part in {"", ".", ".."} for part in parts):
            raise invalid("A file of a model is /Models/<catalog>/<schema>/<model>/<version>/<path>.")
        name, number = ".".join(parts[:3]), parts[3]
        version = self.version(name, number)
        if writing and version["status"] == READY:
            raise ApiError(
                403, "PERMISSION_DENIED", f"Model version {number} of {name} is READY: its files are read-only."
            )
        return self._folder(name, number).joinpath(*parts[4:])

    def _folder(self, name: str, number: str) -> Path:
        return self._files.joinpath(*name.split("."), number)


def models_router(registry: ModelRegistry) -> APIRouter:
    """The routes below /api/2.0/mlflow/unity-catalog."""
    router = APIRouter()

    @router.get("/registered-models:is-databricks-sdk-models-artifact-repository-enabled")
    def enabled() -> Document:
        return {"is_databricks_sdk_models_artifact_repository_enabled": True}

    @router.post("/registered-models/create")
    def create_model(body: Annotated[Document, Body()]) -> Document:
        return {"registered_model": registry.create_model(_read("CreateRegisteredModelRequest", body)["name"])}

    @router.get("/registered-models/get")
    def model(request: Request) -> Document:
        return {"registered_model": registry.model(_asked("GetRegisteredModelRequest", request)["name"])}

    _add_alias_routes(router, registry)
    _add_version_routes(router, registry)
    return router


def _add_alias_routes(router: APIRouter, registry: ModelRegistry) -> None:
    @router.post("/registered-models/alias")
    def set_alias(body: Annotated[Document, Body()]) -> Document:
        asked = _read("SetRegisteredModelAliasRequest", body)
        registry.set_alias(asked["name"], asked["alias"], asked["version"])
        return {}

    @router.delete("/registered-models/alias")
    def delete_alias(body: Annotated[Document, Body()]) -> Document:
        asked = _read("DeleteRegisteredModelAliasRequest", body)
        registry.model(asked["name"])
        registry.aliases(asked["name"]).pop(asked["alias"], None)
        return {}

    @router.get("/registered-models/alias")
    def version_of_alias(request: Request) -> Document:
        asked = _asked("GetModelVersionByAliasRequest", request)
        return {"model_version": registry.version_of_alias(asked["name"], asked["alias"])}


def _add_version_routes(router: APIRouter, registry: ModelRegistry) -> None:
    @router.post("/model-versions/create")
    def create(body: Annotated[Document, Body()]) -> Document:
        asked = _read("CreateModelVersionRequest", body)
        for ours in ("feature_deps", "model_version_dependencies"):  # of models of other kinds than these
            asked.pop(ours, None)
        return {"model_version": registry.create_version(asked.pop("name"), asked)}

    @router.get("/model-versions/get")
    def version(request: Request) -> Document:
        asked = _asked("GetModelVersionRequest", request)
        return {"model_version": registry.version(asked["name"], asked["version"])}

    @router.post("/model-versions/finalize")
    def finalize(body: Annotated[Document, Body()]) -> Document:
        asked = _read("FinalizeModelVersionRequest", body)
        return {"model_version": registry.finalize(asked["name"], asked["version"])}

    @router.delete("/model-versions/delete")
    def delete(body: Annotated[Document, Body()]) -> Document:
        asked = _read("DeleteModelVersionRequest", body)
        registry.delete_version(asked["name"], asked["version"])
        return {}

    @router.get("/model-versions/get-download-uri")
    def download_uri(request: Request) -> Document:
        asked = _asked("GetModelVersionDownloadUriRequest", request)
        return {"artifact_uri": registry.version(asked["name"], asked["version"])["storage_location"]}

    @router.post("/model-versions/emit-lineage")
    def emit_lineage(body: Annotated[Document, Body()]) -> Document:
        asked = _read("EmitModelVersionLineageRequest", body)
        registry.version(asked["name"], asked["version"])
        return {}


def _asked(message: str, request: Request) -> Document:
    return _read(message, dict(request.query_params))


def _read(message: str, body: Mapping[str, Any]) -> Document:
    """What a body says, if MLflow's message of that name has its fields."""
    from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
    from mlflow.protos import (
        databricks_uc_registry_messages_pb2 as messages,
    )  # takes seconds, so not before it is asked

    try:
        parsed = ParseDict(body, getattr(messages, message)())
    except ParseError as error:
        raise invalid(f"{message}: {error}") from None
    asked: Document = MessageToDict(parsed, preserving_proto_field_name=True)
    return asked
