"""What the bundle's things are called in a workspace; below its root as the Databricks CLI lays them out."""

from __future__ import annotations

ROOT = "/Workspace/basketry/prod"
"""The root of the target prod, where its file names no other folder."""


def root_path(folder: str, target: str) -> str:
    """Return the root of a target's bundle: never the folder itself, since destroying a bundle removes all of its root.

    Args:
        folder: The workspace folder that only those who deploy may write, which holds experiments, too.
        target: The name of the target.
    """
    return f"{folder.rstrip('/')}/{target}"


def scripts_folder(root: str) -> str:
    """Return the folder of the job scripts below a bundle's root."""
    return f"{root}/files/spark_jobs"


def wheel_path(root: str, wheel: str) -> str:
    """Return where the CLI uploads a wheel of that file name, below a bundle's root."""
    return f"{root}/artifacts/.internal/{wheel}"


def offers_job_name(retailer: str) -> str:
    """Return what the workspace calls the job that decides a retailer's offers."""
    return f"basketry offers {retailer}"
