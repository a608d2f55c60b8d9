"""Scripts as runs of an emulated workspace on a compute profile, by databricks-sdk."""

from __future__ import annotations

from collections.abc import Sequence

from databricks.sdk import WorkspaceClient

from basketry.databricks.bundle_paths import scripts_folder
from basketry_airflow.compute import load_profile
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.databricks_emulator.runs import Run
from tests.kit.documents import INCLUDE

SECONDS = 900


def run_on(
    emulator: DatabricksEmulator, profile: str, root: str, wheel: str, name: str, parameters: Sequence[str] = ()
) -> Run:
    """A script of the workspace, to its end.

    profile: of include/compute. root: the bundle's folder. wheel: the library's, a path of the workspace.
    """
    compute = load_profile(INCLUDE, profile, cloud="aws", wheel=wheel)
    task = compute.python_task(f"{scripts_folder(root)}/{name}.py", list(parameters), {})
    client = WorkspaceClient(host=emulator.url, token=emulator.token)
    body = {"run_name": name, "tasks": [task], **compute.run}
    answer = client.api_client.do("POST", "/api/2.2/jobs/runs/submit", body=body)
    assert isinstance(answer, dict)
    return emulator.wait(answer["run_id"], SECONDS)
