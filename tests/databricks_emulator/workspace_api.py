"""The little that clients ask a workspace before they get to work: who am I, what is there."""

from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter

from tests.databricks_emulator.errors import ApiError
from tests.databricks_emulator.runs import CREATOR

DISCOVERY_PATH = "/.well-known/databricks-config"
SPARK_VERSION = "18.x-scala2.13"
WAREHOUSE = "basketry"
NODE_TYPES = ("m5d.large", "m5d.xlarge", "m5d.2xlarge")
"""What this workspace, one on AWS, offers."""

NODE = {"memory_mb": 8192, "num_cores": 2.0, "description": "", "instance_type_id": "", "category": "General Purpose"}


def workspace_router(url: str, warehouse_id: str) -> APIRouter:
    """Routes outside Jobs, Files and SQL statements."""
    router = APIRouter()

    @router.get(DISCOVERY_PATH)
    def discovery() -> dict[str, Any]:
        return {"oidc_endpoint": f"{url}/oidc", "account_id": str(uuid.UUID(int=0)), "workspace_id": "1"}

    @router.get("/api/2.0/preview/scim/v2/Me")
    def me() -> dict[str, Any]:
        return {"id": "1", "userName": CREATOR, "displayName": "Basketry", "active": True}

    # The provider's "Test connection" button.
    @router.get("/api/{version}/clusters/spark-versions")
    def spark_versions(version: str) -> dict[str, Any]:
        return {"versions": [{"key": SPARK_VERSION, "name": "18 LTS"}]}

    @router.get("/api/{version}/clusters/list-node-types")
    def node_types(version: str) -> dict[str, Any]:
        return {"node_types": [{"node_type_id": one, **NODE} for one in NODE_TYPES]}

    @router.get("/api/2.0/sql/warehouses")
    def warehouses() -> dict[str, Any]:
        return {"warehouses": [{"id": warehouse_id, "name": WAREHOUSE, "state": "RUNNING"}]}

    @router.get("/api/2.0/sql/warehouses/{wanted}")
    def warehouse(wanted: str) -> dict[str, Any]:
        if wanted != warehouse_id:
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"SQL warehouse {wanted} does not exist.")
        return {"id": warehouse_id, "name": WAREHOUSE, "state": "RUNNING"}

    return router
