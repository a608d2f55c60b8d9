"""An emulator whose workspace holds tiny scripts written by the test; databricks-sdk as an independent client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config
from databricks.sdk.service.jobs import SubmitTask

import tests.kit.airflow  # noqa: F401  before anything imports Airflow
from tests.databricks_emulator.emulator import WORKSPACE_ROOT, DatabricksEmulator

SCRIPTS = {
    "succeed.py": "print('done')",
    "fail.py": "raise ValueError('the store is empty')",
    "sleep.py": "import time\ntime.sleep(60)",
    "refuse.py": (
        "import sys\nprint('basketry.errors.BadInputError: BAD_INPUT: name a feed.', file=sys.stderr)\nsys.exit(65)"
    ),
    "show.py": (
        "import json, os, sys\nfrom pathlib import Path\n"
        "Path(os.environ['BASKETRY_VOLUMES']).parent.joinpath('seen.json').write_text("
        "json.dumps({'arguments': sys.argv[1:], 'variables': dict(os.environ), 'has_file': '__file__' in globals()}))"
    ),
}

Task = Callable[..., dict[str, Any]]


@pytest.fixture
def emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabricksEmulator]:
    """A running workspace that holds SCRIPTS; Airflow's databricks_default leads to it."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for name, source in SCRIPTS.items():
        (scripts / name).write_text(source)
    with DatabricksEmulator(scripts, tmp_path / "home") as running:
        monkeypatch.setenv("AIRFLOW_CONN_DATABRICKS_DEFAULT", running.connection)
        yield running


@pytest.fixture
def client(emulator: DatabricksEmulator) -> WorkspaceClient:
    """databricks-sdk, signed in."""
    return WorkspaceClient(config=Config(host=emulator.url, token=emulator.token, http_timeout_seconds=60))


def python_task(script: str, *parameters: str, key: str = "main", **settings: Any) -> dict[str, Any]:
    """One task as a JSON object: a script of SCRIPTS on some cluster."""
    return {
        "task_key": key,
        "existing_cluster_id": "c-1",
        "spark_python_task": {"python_file": f"{WORKSPACE_ROOT}/{script}", "parameters": list(parameters)},
        **settings,
    }


def sdk_tasks(*tasks: dict[str, Any]) -> list[SubmitTask]:
    """The same tasks as databricks-sdk wants them."""
    return [SubmitTask.from_dict(task) for task in tasks]
