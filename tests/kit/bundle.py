"""The scripts and the wheel in an emulated workspace, where the Databricks CLI puts them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from basketry.databricks.bundle_paths import offers_job_name, scripts_folder, wheel_path
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.databricks_emulator.workspace_files_api import WorkspaceTree
from tools.deploy.target import Target
from tools.wheel import build_wheel


def put_offers_job(emulator: DatabricksEmulator, retailer: str) -> int:
    """The job that decides offers, as the bundle makes it, with a run that goes on; its id."""
    settings = {"name": offers_job_name(retailer), "continuous": {"pause_status": "UNPAUSED"}, "tasks": []}
    number = emulator.named_jobs.create(settings)
    emulator.named_jobs.running.add(number)
    return number


def put_code(tree: WorkspaceTree, checkout: Path, target: Target) -> str:
    """Put them there; the wheel's path."""
    with TemporaryDirectory() as folder:
        wheel = build_wheel(checkout, Path(folder))
        files = {wheel_path(target.root, wheel.name): wheel.read_bytes()}
    scripts = sorted((checkout / "spark_jobs").glob("*.py"))
    files |= {f"{scripts_folder(target.root)}/{path.name}": path.read_bytes() for path in scripts}
    for path, content in files.items():
        tree.make_folder(path.rpartition("/")[0])
        tree.write(path, content, overwrite=True)
    return next(iter(files))
