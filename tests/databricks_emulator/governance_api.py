"""Who may do what outside Unity Catalog: groups, permissions of workspace objects, secret scopes; and MLflow experiments."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Body

from tests.databricks_emulator.errors import ApiError
from tests.databricks_emulator.runs import CREATOR
from tests.databricks_emulator.workspace_files_api import WorkspaceTree

Document = dict[str, Any]
WHO = ("group_name", "user_name", "service_principal_name")


class Governance:
    """What the workspace remembers."""

    def __init__(self, groups: Callable[[], Iterable[str]]) -> None:
        """groups: names of those that exist."""
        self.groups = groups
        self.access: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
        self.scopes: dict[str, dict[str, str]] = {}
        self.secrets: dict[str, list[str]] = {}
        self.experiments: dict[str, Document] = {}
        self.runs: dict[str, list[Document]] = {}
        self.numbers = itertools.count(1)

    def permissions(self, kind: str, wanted: str) -> Document:
        """An `ObjectPermissions`."""
        held = self.access.get((kind, wanted), {})
        entries = [
            {who: name, "all_permissions": [{"permission_level": level, "inherited": False}]}
            for (who, name), level in held.items()
        ]
        return {"object_id": f"/{kind}/{wanted}", "access_control_list": entries}

    def grant(self, kind: str, wanted: str, requests: list[Document], *, replace: bool) -> Document:
        """Add to, or replace, what principals may do with an object."""
        levels: dict[tuple[str, str], str] = {}
        for request in requests:
            who = next(name for name in WHO if request.get(name))
            if who == "group_name" and request[who] not in set(self.groups()):
                raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Principal: GroupName({request[who]}) does not exist")
            levels[(who, request[who])] = request["permission_level"]
        self.access[(kind, wanted)] = levels if replace else self.access.get((kind, wanted), {}) | levels
        return self.permissions(kind, wanted)

    def scope(self, name: str) -> dict[str, str]:
        """A scope's entries; ApiError 404 when there is no such scope."""
        if name not in self.scopes:
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Scope {name} does not exist!")
        return self.scopes[name]


def governance_router(state: Governance) -> APIRouter:
    """The routes below /api/2.0 for groups and permissions."""
    router = APIRouter()

    @router.get("/preview/scim/v2/Groups")
    def groups(startIndex: int = 1) -> Document:  # noqa: N803 as the service spells it
        found = [{"id": str(number), "displayName": name} for number, name in enumerate(sorted(state.groups()))]
        page = found[startIndex - 1 :]
        return {"Resources": page, "totalResults": len(found), "startIndex": startIndex, "itemsPerPage": len(page)}

    @router.get("/permissions/{kind}/{wanted}")
    def permissions(kind: str, wanted: str) -> Document:
        return state.permissions(kind, wanted)

    @router.patch("/permissions/{kind}/{wanted}")
    def update(kind: str, wanted: str, body: Annotated[Document, Body()]) -> Document:
        return state.grant(kind, wanted, body["access_control_list"], replace=False)

    @router.put("/permissions/{kind}/{wanted}")
    def put(kind: str, wanted: str, body: Annotated[Document, Body()]) -> Document:
        return state.grant(kind, wanted, body.get("access_control_list", []), replace=True)

    return router


def secrets_router(state: Governance) -> APIRouter:
    """The routes below /api/2.0/secrets; values are neither taken nor given."""
    router = APIRouter()

    @router.post("/scopes/create")
    def create(body: Annotated[Document, Body()]) -> Document:
        if body["scope"] in state.scopes:
            raise ApiError(400, "RESOURCE_ALREADY_EXISTS", f"Scope {body['scope']} already exists!")
        state.scopes[body["scope"]] = {CREATOR: "MANAGE"}
        return {}

    @router.get("/scopes/list")
    def scopes() -> Document:
        return {"scopes": [{"name": name, "backend_type": "DATABRICKS"} for name in state.scopes]}

    @router.post("/scopes/delete")
    def delete(body: Annotated[Document, Body()]) -> Document:
        state.scope(body["scope"])
        del state.scopes[body["scope"]]
        return {}

    @router.get("/list")
    def secrets(scope: str) -> Document:
        state.scope(scope)
        return {"secrets": [{"key": key} for key in state.secrets.get(scope, [])]}

    @router.get("/acls/list")
    def acls(scope: str) -> Document:
        return {"items": [{"principal": who, "permission": level} for who, level in state.scope(scope).items()]}

    @router.post("/acls/put")
    def put_acl(body: Annotated[Document, Body()]) -> Document:
        state.scope(body["scope"])[body["principal"]] = body["permission"]
        return {}

    @router.post("/acls/delete")
    def delete_acl(body: Annotated[Document, Body()]) -> Document:
        state.scope(body["scope"]).pop(body["principal"], None)
        return {}

    return router


def experiments_router(state: Governance, tree: WorkspaceTree) -> APIRouter:
    """The routes below /api/2.0/mlflow that make and find experiments."""
    router = APIRouter()

    @router.post("/experiments/create")
    def create(body: Annotated[Document, Body()]) -> Document:
        if body["name"] in state.experiments:
            raise ApiError(400, "RESOURCE_ALREADY_EXISTS", f"Node named '{body['name']}' already exists")
        tree.add(body["name"], "MLFLOW_EXPERIMENT")
        number = str(next(state.numbers))
        state.experiments[body["name"]] = {**body, "experiment_id": number, "lifecycle_stage": "active"}
        return {"experiment_id": number}

    @router.get("/experiments/get-by-name")
    def get_by_name(experiment_name: str) -> Document:
        if experiment_name not in state.experiments:
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Node {experiment_name} does not exist.")
        return {"experiment": state.experiments[experiment_name]}

    @router.post("/experiments/delete")
    def delete(body: Annotated[Document, Body()]) -> Document:
        for name, one in list(state.experiments.items()):
            if one["experiment_id"] == body["experiment_id"]:
                tree.remove(name)
                del state.experiments[name]
        return {}

    @router.post("/runs/search")
    def search(body: Annotated[Document, Body()]) -> Document:
        return {"runs": [run for one in body["experiment_ids"] for run in state.runs.get(one, [])]}

    return router
