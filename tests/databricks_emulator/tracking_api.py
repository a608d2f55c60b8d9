"""MLflow's experiments, runs and logged models of a workspace: MLflow's own server answers, on a database of the home.

Artifacts lie where Databricks has them, `dbfs:/databricks/mlflow-tracking/…`; MLflow's client reaches those by the Files API
below `/WorkspaceInternal/Mlflow/Artifacts`. Loading that server takes seconds, so only a workspace that is asked for it has it;
the others know experiments alone (`governance_api`).
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any
from unittest.mock import patch

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tests.databricks_emulator.workspace_files_api import WorkspaceTree

ARTIFACTS = "dbfs:/databricks/mlflow-tracking"
MODELS_FOLDER = "logged_models"
"""What Databricks calls the folder of an experiment's models."""


class Tracking:
    """The tracking server of one workspace."""

    def __init__(self, home: Path, tree: WorkspaceTree) -> None:
        """home: in its mlflow/tracking.db everything is kept. tree: where experiments have their places."""
        self.database = home / "mlflow" / "tracking.db"
        self._tree = tree
        self._store: Any = None
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, query: str, body: bytes) -> Response:
        """What MLflow's server says; one request at a time, since its store is one of the process."""
        from mlflow.server import app, handlers
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        if path == "experiments/create":
            self._tree.add(json.loads(body)["name"], "MLFLOW_EXPERIMENT")
        with self._lock, patch.object(SqlAlchemyStore, "MODELS_FOLDER_NAME", MODELS_FOLDER):
            if self._store is None:
                self.database.parent.mkdir(parents=True, exist_ok=True)
                self._store = SqlAlchemyStore(f"sqlite:///{self.database}", ARTIFACTS)
            with patch.object(handlers, "_tracking_store", self._store):
                answered = app.test_client().open(
                    f"/api/2.0/mlflow/{path}",
                    method=method,
                    query_string=query,
                    data=body,
                    content_type="application/json",
                )
        return Response(answered.data, answered.status_code, {"x-databricks-org-id": "1"}, "application/json")


def tracking_router(tracking: Tracking) -> APIRouter:
    """The routes below /api/2.0/mlflow that are no other router's."""
    router = APIRouter()

    @router.api_route("/{path:path}", methods=["GET", "POST", "PATCH", "DELETE"])
    async def ask(path: str, request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(tracking.answer, request.method, path, request.url.query, body)

    return router
