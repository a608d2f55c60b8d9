"""What the Databricks CLI's direct engine needs beside the rest: files by their path, jobs that stay, its telemetry."""

from __future__ import annotations

import itertools
from typing import Annotated, Any

from databricks.sdk.service.jobs import JobSettings
from fastapi import APIRouter, Body, Request

from basketry_airflow.payload import lost_fields
from tests.databricks_emulator.errors import ApiError, invalid
from tests.databricks_emulator.runs import CREATOR
from tests.databricks_emulator.workspace_files_api import WorkspaceTree

Document = dict[str, Any]
OF_A_JOB = {
    "email_notifications": {},
    "webhook_notifications": {},
    "timeout_seconds": 0,
    "max_concurrent_runs": 1,
    "format": "MULTI_TASK",
}
OF_A_TASK = {"run_if": "ALL_SUCCESS", "timeout_seconds": 0, "email_notifications": {}}
"""What the service fills in where a job says nothing."""


class NamedJobs:
    """Jobs that stay, by their id."""

    def __init__(self) -> None:
        """Hold none yet."""
        self.jobs: dict[int, Document] = {}
        self.running: set[int] = set()
        """Those with an active run; a test says which."""
        self._numbers = itertools.count(7_000_000)

    def create(self, settings: Document) -> int:
        """A new job; ApiError when it could not run as it says."""
        number = next(self._numbers)
        self.jobs[number] = {
            "job_id": number,
            "creator_user_name": CREATOR,
            "run_as_user_name": CREATOR,
            "created_time": 0,
            "settings": _checked(settings),
        }
        return number

    def find(self, number: int) -> Document:
        """The job; ApiError 400 as the service says it when there is none."""
        if number not in self.jobs:
            raise ApiError(400, "INVALID_PARAMETER_VALUE", f"Job {number} does not exist.")
        return self.jobs[number]

    def reset(self, number: int, settings: Document) -> None:
        """Replace all of its settings."""
        self.find(number)["settings"] = _checked(settings)


def _checked(settings: Document) -> Document:
    """Settings as the service gives them back."""
    for lost in lost_fields(settings, JobSettings.from_dict(settings).as_dict(), "jobs/create"):
        raise invalid(f"the Jobs API knows no field or value '{lost}' (the service would ignore it).")
    if "continuous" in settings and ("schedule" in settings or settings.get("max_concurrent_runs", 1) != 1):
        raise invalid("A continuous job has no schedule and one run at a time.")
    clusters = {one["job_cluster_key"] for one in settings.get("job_clusters", ())}
    environments = {one["environment_key"] for one in settings.get("environments", ())}
    for task in settings.get("tasks", ()):
        if task.get("job_cluster_key", next(iter(clusters), None)) not in clusters | {None}:
            raise invalid(f"Task {task['task_key']} names a job cluster that the job does not have.")
        if task.get("environment_key") not in environments | {None}:
            raise invalid(f"Task {task['task_key']} names an environment that the job does not have.")
    tasks = [OF_A_TASK | task for task in settings.get("tasks", ())]
    return OF_A_JOB | settings | {"tasks": tasks}


def named_jobs_router(state: NamedJobs) -> APIRouter:
    """The routes below /api/<version>/jobs."""
    router = APIRouter()

    @router.post("/create")
    def create(body: Annotated[Document, Body()]) -> Document:
        return {"job_id": state.create(body)}

    @router.get("/get")
    def get(job_id: int) -> Document:
        return state.find(job_id)

    @router.post("/reset")
    def reset(body: Annotated[Document, Body()]) -> Document:
        state.reset(body["job_id"], body["new_settings"])
        return {}

    @router.post("/delete")
    def delete(body: Annotated[Document, Body()]) -> Document:
        state.find(body["job_id"])
        del state.jobs[body["job_id"]]
        return {}

    @router.get("/list")
    def listed(name: str = "") -> Document:
        return {"jobs": [job for job in state.jobs.values() if name in ("", job["settings"]["name"])]}

    return router


def import_router(tree: WorkspaceTree) -> APIRouter:
    """The routes at /: files by their path, and the CLI's telemetry, which nobody keeps."""
    router = APIRouter()

    @router.post("/api/2.0/workspace-files/import-file/{path:path}")
    async def import_file(path: str, request: Request, overwrite: bool = False) -> Document:
        content = await request.body()
        try:
            tree.write(f"/{path}", content, overwrite)
        except ApiError as error:
            if error.status == 400:
                raise ApiError(409, "ALREADY_EXISTS", f"File already exists at (/{path}).") from None
            raise
        return {}

    @router.post("/telemetry-ext")
    def telemetry(body: Annotated[Document, Body()]) -> Document:
        return {"errors": [], "numProtoSuccess": len(body.get("protoLogs", ()))}

    return router
