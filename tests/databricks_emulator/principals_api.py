"""Service principals: who they are, in which groups, with which entitlements."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter

from tests.databricks_emulator.errors import invalid

Document = dict[str, Any]
SERVICE_PRINCIPAL = "11111111-2222-3333-4444-555555555555"
"""The one that every emulated workspace has: the jobs'."""

_FILTER = re.compile(r'applicationId eq "([^"]*)"\Z')


@dataclass
class ServicePrincipals:
    """Groups and entitlements by application id."""

    groups: dict[str, list[str]] = field(default_factory=lambda: {SERVICE_PRINCIPAL: ["basketry-jobs"]})
    entitlements: dict[str, list[str]] = field(default_factory=lambda: {SERVICE_PRINCIPAL: ["allow-cluster-create"]})

    def as_dict(self, application_id: str) -> Document:
        """A SCIM resource."""
        return {
            "id": f"id-of-{application_id}",
            "applicationId": application_id,
            "displayName": "basketry",
            "active": True,
            "groups": [{"display": name, "value": name} for name in self.groups[application_id]],
            "entitlements": [{"value": name} for name in self.entitlements.get(application_id, ())],
        }


def principals_router(state: ServicePrincipals) -> APIRouter:
    """The routes below /api/2.0/preview/scim/v2."""
    router = APIRouter()

    @router.get("/ServicePrincipals")
    def listed(filter: str = "", startIndex: int = 1) -> Document:  # noqa: N803 as the service spells it
        wanted = _FILTER.match(filter)
        if filter and not wanted:
            raise invalid(f"The filter '{filter}' cannot be read.")
        names = [name for name in state.groups if wanted is None or name == wanted[1]][startIndex - 1 :]
        found = [state.as_dict(name) for name in names]
        return {"Resources": found, "totalResults": len(found), "startIndex": startIndex, "itemsPerPage": len(found)}

    @router.get("/Groups/{name}")
    def group(name: str) -> Document:
        return {"id": name, "displayName": name, "entitlements": []}

    return router
