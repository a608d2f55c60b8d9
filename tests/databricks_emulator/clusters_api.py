"""The Clusters API: /api/2.1/clusters/…; a field that databricks-sdk does not know is refused, as in runs/submit."""

from __future__ import annotations

from typing import Annotated, Any

from databricks.sdk.service.compute import ClusterSpec
from fastapi import APIRouter, Body, Query

from basketry_airflow.payload import lost_fields
from tests.databricks_emulator.clusters import Clusters
from tests.databricks_emulator.errors import invalid

LEAST_IDLE_MINUTES = 10
Document = dict[str, Any]


def clusters_router(clusters: Clusters) -> APIRouter:
    """The routes below /api/2.1/clusters."""
    router = APIRouter()

    @router.post("/create")
    def create(body: Annotated[Document, Body()]) -> Document:
        _check(body)
        return {"cluster_id": clusters.create(body).cluster_id}

    @router.get("/get")
    def get(cluster_id: str) -> Document:
        return clusters.find(cluster_id).as_dict()

    @router.get("/list")
    def listed(sources: Annotated[list[str] | None, Query(alias="filter_by.cluster_sources")] = None) -> Document:
        return {"clusters": [one.as_dict() for one in clusters if sources is None or one.source in sources]}

    @router.post("/start")
    def start(body: Annotated[Document, Body()]) -> Document:
        clusters.start(clusters.find(str(body.get("cluster_id"))))
        return {}

    # The API's word for terminating: the cluster stays known and can be started again.
    @router.post("/delete")
    def delete(body: Annotated[Document, Body()]) -> Document:
        clusters.terminate(clusters.find(str(body.get("cluster_id"))))
        return {}

    return router


def _check(body: Document) -> None:
    try:
        kept = ClusterSpec.from_dict(body).as_dict()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise invalid(f"clusters/create has the wrong shape ({type(error).__name__}: {error}).") from None
    for lost in lost_fields(body, kept, "cluster"):
        raise invalid(f"clusters/create has no field or value '{lost}' (the service would ignore it).")
    if not body.get("spark_version"):
        raise invalid("clusters/create needs a 'spark_version'.")
    idle = int(body.get("autotermination_minutes") or 0)
    if 0 < idle < LEAST_IDLE_MINUTES:
        raise invalid(f"autotermination_minutes is {idle}; give 0 or at least {LEAST_IDLE_MINUTES}.")
