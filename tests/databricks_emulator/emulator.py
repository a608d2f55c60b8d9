"""The emulated workspace as one object: start it, point clients at it, break it, look into it, stop it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import uvicorn
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import Response

from basketry.databricks.bundle_paths import ROOT, scripts_folder
from tests.databricks_emulator.bundle_api import NamedJobs, import_router, named_jobs_router
from tests.databricks_emulator.clusters import Clusters
from tests.databricks_emulator.clusters_api import clusters_router
from tests.databricks_emulator.connect_server import ConnectServer
from tests.databricks_emulator.control_api import control_router
from tests.databricks_emulator.conversations_api import Conversations, conversations_router
from tests.databricks_emulator.documents_api import DocumentStore, dashboards_router, genie_router
from tests.databricks_emulator.errors import ApiError, invalid
from tests.databricks_emulator.faults import Faults
from tests.databricks_emulator.files_api import Volumes, files_router
from tests.databricks_emulator.governance_api import Governance, experiments_router, governance_router, secrets_router
from tests.databricks_emulator.guard import Guard
from tests.databricks_emulator.jobs_api import VERSIONS, JobsService, jobs_router
from tests.databricks_emulator.metastore import Metastore
from tests.databricks_emulator.models_api import ModelRegistry, models_router
from tests.databricks_emulator.principals_api import ServicePrincipals, principals_router
from tests.databricks_emulator.process import ScriptEnvironment, StandIn
from tests.databricks_emulator.runs import Run, RunRegistry
from tests.databricks_emulator.sql_api import StatementsService, statements_router
from tests.databricks_emulator.sql_engine import Lake
from tests.databricks_emulator.tracking_api import Tracking, tracking_router
from tests.databricks_emulator.unity_api import UnityCatalog, unity_router
from tests.databricks_emulator.unity_objects import securables_router
from tests.databricks_emulator.workspace_api import workspace_router
from tests.databricks_emulator.workspace_files_api import WorkspaceTree, workspace_files_router

WORKSPACE_ROOT = scripts_folder(ROOT)
LOOPBACK = "127.0.0.1"
RUNTIME_VERSION = "18.0"
"""By this a job knows that it runs on Databricks."""
START_SECONDS = 60.0


class DatabricksEmulator:
    """A workspace on a loopback port; use it as a context manager, or call start and stop.

    scripts: local folder that `workspace_root` stands for. home: where everything lies. environment: more variables of
    the clusters. port 0 takes a free one. stand_in: what is done instead of running a script. with_tracking: MLflow's runs too.
    """

    def __init__(
        self,
        scripts: Path,
        home: Path,
        *,
        workspace_root: str = WORKSPACE_ROOT,
        environment: Mapping[str, str] | None = None,
        token: str = "emulator-token",
        warehouse_id: str = "emulator",
        port: int = 0,
        stand_in: StandIn | None = None,
        with_tracking: bool = False,
    ) -> None:
        """Take the port, so that `url` is known before the server answers."""
        self._socket = socket.create_server((LOOPBACK, port))
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.token = token
        self.warehouse_id = warehouse_id
        self.home = home
        variables = {
            "DATABRICKS_RUNTIME_VERSION": RUNTIME_VERSION,
            "DATABRICKS_HOST": self.url,
            "DATABRICKS_TOKEN": token,
            "BASKETRY_VOLUMES": str(home / "Volumes"),
            **dict(environment or {}),
        }
        self.runs = RunRegistry(home / "logs" / "databricks_emulator")
        self.faults = Faults()
        self.clusters = Clusters(self.faults)
        self._guard = Guard(token, self.faults)
        self.tree = WorkspaceTree(home / "workspace")
        self.connect = ConnectServer(home)
        self._workplace = ScriptEnvironment(
            workspace_root=workspace_root,
            scripts=scripts,
            environment=variables,
            logs=home / "logs",
            metastore=Metastore(home),
            connect=self.connect,
            deployed=self.tree.local_file,
            stand_in=stand_in,
            secret=lambda scope, key: self.governance.secret(scope, key),
        )
        self.unity = UnityCatalog(home)
        self.models = ModelRegistry(home, self.unity.securables)
        self.tracking = Tracking(home, self.tree) if with_tracking else None
        self.governance = Governance(lambda: self.unity.principals, self.tree)
        self.dashboards = DocumentStore(key="dashboard_id", serialized="serialized_dashboard")
        self.genie = DocumentStore(key="space_id", serialized="serialized_space")
        self.conversations = Conversations()
        self.named_jobs = NamedJobs()
        self.service_principals = ServicePrincipals()
        self._statements = StatementsService(Lake(home, self.unity.definitions.get), warehouse_id, self.unity.execute)
        config = uvicorn.Config(self._application(), log_level="warning", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="databricks-emulator", daemon=True)

    @property
    def calls(self) -> list[str]:
        """The operation of every request so far, in order; refused ones count."""
        return self._guard.calls

    @property
    def denied(self) -> list[str]:
        """Patterns of `METHOD path` that the caller has no permission for; change it at will."""
        return self._guard.denied

    @property
    def warehouse_up(self) -> threading.Event:
        """Clear it, and the SQL warehouse is one that starts."""
        return self._statements.up

    @property
    def connection(self) -> str:
        """The value of AIRFLOW_CONN_DATABRICKS_DEFAULT that leads here."""
        return json.dumps(
            {"conn_type": "databricks", "host": LOOPBACK, "schema": "http", "port": self.port, "password": self.token}
        )

    def wait(self, run_id: int, seconds: float = 60.0) -> Run:
        """The run, once it has ended; TimeoutError when it does not."""
        run, _ = self.runs.find(run_id)
        if not run.done.wait(seconds):
            raise TimeoutError(f"Run {run_id} is still {run.state.life_cycle} after {seconds} s.")
        return run

    def start(self) -> DatabricksEmulator:
        """Begin to answer; returns when it does."""
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("The Databricks emulator did not start.")
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        """Cancel what runs, so that no process outlives the emulator, and stop answering."""
        active = [run for run in self.runs if not run.state.terminal]
        for run in active:
            run.ask_to_end()
        for run in active:
            run.done.wait(START_SECONDS)
        self.connect.stop()
        self._server.should_exit = True
        self._server.force_exit = True  # a client that keeps its connection open would hold it up
        self._thread.join(START_SECONDS)
        self._statements.close()
        self._socket.close()

    def __enter__(self) -> DatabricksEmulator:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def _application(self) -> FastAPI:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        service = JobsService(
            url=self.url, runs=self.runs, faults=self.faults, script_environment=self._workplace, clusters=self.clusters
        )
        service.continuous = self.named_jobs.running
        jobs = jobs_router(service)
        for version in VERSIONS:
            app.include_router(jobs, prefix=f"/api/{version}/jobs/runs")
            app.include_router(named_jobs_router(self.named_jobs), prefix=f"/api/{version}/jobs")
        app.include_router(clusters_router(self.clusters), prefix="/api/2.1/clusters")
        app.include_router(files_router(Volumes(self.home, self.models)), prefix="/api/2.0/fs")
        app.include_router(statements_router(self._statements), prefix="/api/2.0/sql/statements")
        app.include_router(unity_router(self.unity), prefix="/api/2.1/unity-catalog")
        app.include_router(securables_router(self.unity.securables), prefix="/api/2.1/unity-catalog")
        app.include_router(models_router(self.models), prefix="/api/2.0/mlflow/unity-catalog")
        app.include_router(workspace_files_router(self.tree), prefix="/api/2.0/workspace")
        app.include_router(dashboards_router(self.dashboards, self.tree), prefix="/api/2.0/lakeview/dashboards")
        app.include_router(genie_router(self.genie, self.tree), prefix="/api/2.0/genie/spaces")
        app.include_router(governance_router(self.governance), prefix="/api/2.0")
        app.include_router(secrets_router(self.governance), prefix="/api/2.0/secrets")
        experiments = (
            tracking_router(self.tracking) if self.tracking else experiments_router(self.governance, self.tree)
        )
        app.include_router(experiments, prefix="/api/2.0/mlflow")
        app.include_router(conversations_router(self.conversations), prefix="/api/2.0/genie/spaces")
        app.include_router(workspace_router(self.url, self.warehouse_id))
        app.include_router(import_router(self.tree))
        app.include_router(principals_router(self.service_principals), prefix="/api/2.0/preview/scim/v2")
        app.include_router(control_router(self.faults, self.runs, self._guard.calls), prefix="/emulator")
        app.add_middleware(BaseHTTPMiddleware, dispatch=self._guard)
        _add_error_answers(app)
        return app


def _add_error_answers(app: FastAPI) -> None:
    """Every refusal has Databricks' shape, FastAPI's own included."""

    @app.exception_handler(ApiError)
    def api_error(request: Request, error: ApiError) -> Response:
        return error.response()

    @app.exception_handler(RequestValidationError)
    def validation_error(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return invalid(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}.").response()

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> Response:
        message = f"No API found for '{request.method} {request.url.path.removeprefix('/api')}'."
        return ApiError(error.status_code, "ENDPOINT_NOT_FOUND", message).response()
