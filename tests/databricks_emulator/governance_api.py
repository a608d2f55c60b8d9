"""Who may do what outside Unity Catalog: groups, permissions of workspace objects, secret scopes; and MLflow experiments."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, Body

from tests.databricks_emulator.errors import ApiError
from tests.databricks_emulator.runs import CREATOR
from tests.databricks_emulator.workspace_files_api import HOMES, WorkspaceTree

Document = dict[str, Any]
EVERYWHERE = {"/": {("group_name", "admins"): "CAN_MANAGE"}, "/Shared": {("group_name", "users"): "CAN_MANAGE"}}
"""What every workspace has: only administrators make objects in the root, everybody manages what is in Shared."""
WHO = ("group_name", "user_name", "service_principal_name")


class Governance:
    """What the workspace remembers."""

    def __init__(self, groups: Callable[[], Iterable[str]], tree: WorkspaceTree) -> None:
        """groups: names of those that exist. tree: the folders from which objects inherit."""
        self.groups = groups
        self._tree = tree
        self.access: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
        self.scopes: dict[str, dict[str, str]] = {}
        self.secrets: dict[str, list[str]] = {}
        self.secret_values: dict[tuple[str, str], bytes] = {}
        self.experiments: dict[str, Document] = {}
        self.runs: dict[str, list[Document]] = {}
        self.numbers = itertools.count(1)
        self.workspace_groups: set[str] = set()  # those that the account does not know

    def permissions(self, kind: str, wanted: str) -> Document:
        """An `ObjectPermissions`."""
        path = self._path(kind, wanted)
        levels = [(who, level, False) for who, level in (self._direct(kind, wanted, path)).items()]
        for parent in PurePosixPath(path).parents if path else ():
            number = str(self._tree.find(str(parent)).object_id)
            levels += [(who, level, True) for who, level in self._direct("directories", number, str(parent)).items()]
        entries = [
            {who: name, "all_permissions": [{"permission_level": level, "inherited": inherited}]}
            for (who, name), level, inherited in levels
        ]
        return {"object_id": f"/{kind}/{wanted}", "access_control_list": entries}

    def _path(self, kind: str, wanted: str) -> str:
        """Where a folder or an experiment stands; nothing for other kinds, of which nobody asks what they inherit."""
        if kind == "directories":
            return self._tree.path_of(int(wanted))
        names = [name for name, one in self.experiments.items() if one["experiment_id"] == wanted]
        return names[0] if kind == "experiments" and names else ""

    def _direct(self, kind: str, wanted: str, path: str) -> dict[tuple[str, str], str]:
        """What principals hold on an object itself: as every workspace has it, what its maker has, what was granted."""
        maker = {("user_name", CREATOR): "CAN_MANAGE"} if path and path not in HOMES else {}
        return EVERYWHERE.get(path, maker) | self.access.get((kind, wanted), {})

    def secret(self, scope: str, key: str) -> bytes:
        """The value of a secret."""
        self.scope(scope)
        if key not in self.secrets.get(scope, []):
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Failed to get secret {key} for scope {scope}")
        return self.secret_values[(scope, key)]

    def grant(self, kind: str, wanted: str, requests: list[Document], *, replace: bool) -> Document:
        """Add to, or replace, what principals may do with an object."""
        levels: dict[tuple[str, str], str] = {}
        for request in requests:
            who = next(name for name in WHO if request.get(name))
            if who == "group_name" and request[who] not in set(self.groups()):
                raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Principal: GroupName({request[who]}) does not exist")
            if request[who] != CREATOR or not self._path(kind, wanted):  # who made a folder keeps it
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
        known_groups = [
            {
                "id": str(number),
                "displayName": name,
                "meta": {"resourceType": "WorkspaceGroup" if name in state.workspace_groups else "Group"},
            }
            for number, name in enumerate(sorted(state.groups()))
        ]
        page = known_groups[startIndex - 1 :]
        return {
            "Resources": page,
            "totalResults": len(known_groups),
            "startIndex": startIndex,
            "itemsPerPage": len(page),
        }

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
    """The routes below /api/2.0/secrets; values are not taken: a test puts them into the state."""
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

    @router.get("/get")
    def value(scope: str, key: str) -> Document:
        return {"key": key, "value": base64.b64encode(state.secret(scope, key)).decode()}

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
