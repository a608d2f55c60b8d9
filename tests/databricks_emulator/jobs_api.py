"""The Jobs API: /api/2.1/jobs/runs/… and /api/2.2/jobs/runs/…, which agree in everything used here."""

from __future__ import annotations

import base64
import threading
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query

from tests.databricks_emulator.clusters import Clusters
from tests.databricks_emulator.errors import ApiError, invalid
from tests.databricks_emulator.execution import RunFaults, execute
from tests.databricks_emulator.faults import FaultKind, Faults
from tests.databricks_emulator.payload import read_submission
from tests.databricks_emulator.process import ScriptEnvironment
from tests.databricks_emulator.runs import Run, RunRegistry

DEFAULT_PAGE, LARGEST_PAGE = 20, 25
VERSIONS = ("2.1", "2.2")
Document = dict[str, Any]


class JobsService:
    """What the Jobs API does, apart from HTTP."""

    def __init__(
        self, url: str, runs: RunRegistry, faults: Faults, script_environment: ScriptEnvironment, clusters: Clusters
    ) -> None:
        """url: the workspace's, for run pages."""
        self.url = url
        self.runs = runs
        self.faults = faults
        self.script_environment = script_environment
        self.clusters = clusters
        self.continuous: set[int] = set()
        """Jobs that stay and have a run that goes on."""

    def submit(self, body: object) -> Document:
        """Accept a run and start it; the same token gives the same run, whatever became of it."""
        submission = read_submission(body)
        for task in submission.tasks:
            if existing := task.settings.get("existing_cluster_id"):
                self.clusters.find(existing)
        run, new = self.runs.accept(submission)
        if new:
            arguments = (run, RunFaults.take(self.faults), self.script_environment, self.clusters)
            threading.Thread(target=execute, args=arguments, name=f"run-{run.run_id}", daemon=True).start()
        return {"run_id": run.run_id}

    def get(self, run_id: int) -> Document:
        """One run, or one task as a run. At most 100 tasks are accepted, so one page holds them all."""
        run, task = self.runs.find(run_id)
        return run.as_dict(self.url, task)

    def get_output(self, run_id: int) -> Document:
        """Error and trace of one task; the id of a whole run is refused, even of a run of one task.

        `logs` is never filled: the service leaves it empty on serverless compute, so nobody may build on it.
        """
        run, task = self.runs.find(run_id)
        if task is None:
            raise invalid(
                "Retrieving the output of runs with multiple tasks is not supported. "
                "Please retrieve the output of each individual task run instead."
            )
        body: Document = {"metadata": run.as_dict(self.url, task)}
        if self.faults.take(FaultKind.LOST_OUTPUT, "get-output") is None and task.error:
            body |= {"error": task.error, "error_trace": task.trace}
        return body

    def cancel(self, run_id: int) -> Document:
        """Ask a run to end; the answer comes at once, the end later. A finished run stays as it is."""
        run, _ = self.runs.find(run_id)
        run.ask_to_end()
        return {}

    def list(self, chosen: list[Run], limit: int, page_token: str, expand: bool) -> Document:
        """One page, newest first; its token says below which run id the next one starts: new runs shift nothing."""
        size = limit or LARGEST_PAGE
        if not 1 <= size <= LARGEST_PAGE:
            raise invalid(f"limit is {limit}; give 1 to {LARGEST_PAGE}.")
        below = _read_page_token(page_token) if page_token else None
        rest = [run for run in chosen if below is None or run.run_id < below]
        page = rest[:size]
        body: Document = {"runs": [run.as_dict(self.url, with_tasks=expand) for run in page]}
        if len(rest) > size:
            body["next_page_token"] = _page_token(page[-1].run_id)
        return body


def _page_token(run_id: int) -> str:
    return base64.urlsafe_b64encode(f"below:{run_id}".encode()).decode()


def _read_page_token(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode().removeprefix("below:"))
    except ValueError:
        raise invalid("page_token is none that this service gave out.") from None


def matching_runs(
    runs: RunRegistry, active_only: bool, completed_only: bool, job_id: int | None, since: int | None, until: int | None
) -> list[Run]:
    """The runs that a list request asks for, newest first."""
    if active_only and completed_only:
        raise invalid("active_only and completed_only exclude one another.")
    return [
        run
        for run in reversed(list(runs))
        if not (active_only and run.state.terminal)
        and not (completed_only and not run.state.terminal)
        and (job_id is None or run.job_id == job_id)
        and (since is None or run.started >= since)
        and (until is None or run.started <= until)
    ]


def _run_id(body: Document) -> int:
    given = str(body.get("run_id", ""))
    if not given.isdecimal():
        raise ApiError(400, "INVALID_PARAMETER_VALUE", f"run_id is '{given}'; give a number.")
    return int(given)


def jobs_router(service: JobsService) -> APIRouter:
    """The routes below /api/<version>/jobs/runs."""
    router = APIRouter()

    @router.post("/submit")
    def submit(body: Annotated[Any, Body()]) -> Document:
        return service.submit(body)

    @router.get("/get")
    def get(run_id: int) -> Document:
        return service.get(run_id)

    @router.get("/get-output")
    def get_output(run_id: int) -> Document:
        return service.get_output(run_id)

    @router.post("/cancel")
    def cancel(body: Annotated[Document, Body()]) -> Document:
        return service.cancel(_run_id(body))

    @router.post("/delete")
    def delete(body: Annotated[Document, Body()]) -> Document:
        service.runs.delete(_run_id(body))
        return {}

    @router.get("/list")
    def list_runs(
        active_only: bool = False,
        completed_only: bool = False,
        expand_tasks: bool = False,
        job_id: int | None = None,
        limit: int = DEFAULT_PAGE,
        page_token: str = "",
        run_type: str = "SUBMIT_RUN",
        start_time_from: Annotated[int | None, Query()] = None,
        start_time_to: Annotated[int | None, Query()] = None,
    ) -> Document:
        chosen = matching_runs(
            runs=service.runs,
            active_only=active_only,
            completed_only=completed_only,
            job_id=job_id,
            since=start_time_from,
            until=start_time_to,
        )
        if job_id in service.continuous:
            state = {"life_cycle_state": "RUNNING"}
            return {"runs": [{"run_id": job_id, "job_id": job_id, "state": state}]}
        return service.list(chosen if run_type == "SUBMIT_RUN" else [], limit, page_token, expand_tasks)

    return router
