"""What a Databricks run is computed on: the profiles in `include/compute/`, chosen per job in `include/jobs.yaml`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from basketry.config.catalogs import file_label
from basketry.config.documents import Node, did_you_mean, read_document
from basketry.databricks.library_wheel import wheel_name
from basketry.errors import BadInputError

_wheel_name = lru_cache(wheel_name)  # it reads every source, and a process reads DAG files of one edition

CLOUDS = ("aws", "azure", "gcp")
CHOICE = "jobs.yaml"
ENVIRONMENT = "default"
"""The key of the one environment that a serverless run has."""

SPOT: Mapping[str, Mapping[str, Any]] = {
    "aws": {"aws_attributes": {"availability": "SPOT_WITH_FALLBACK", "first_on_demand": 1}},
    "azure": {"azure_attributes": {"availability": "SPOT_WITH_FALLBACK_AZURE", "first_on_demand": 1}},
    "gcp": {"gcp_attributes": {"availability": "PREEMPTIBLE_WITH_FALLBACK_GCP"}},
}
"""Workers on spot instances, on demand where there are none; the first node, the driver, never."""

_SHARED = ("description", "kind", "max_concurrent_runs", "polling_seconds", "timeout_seconds")
_OWN: Mapping[str, tuple[str, ...]] = {
    "job_cluster": ("node_types", "new_cluster", "photon", "spot"),
    "existing_cluster": ("cluster_id",),
    "serverless": ("environment_version", "budget_policy_id"),
}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "job_cluster": ("node_types", "new_cluster"),
    "existing_cluster": ("cluster_id",),
    "serverless": ("environment_version",),
}


@dataclass(frozen=True, kw_only=True)
class Compute:
    """A profile with what all jobs share.

    Attributes:
        task: Fields of a task, as the Jobs API wants them.
        run: Fields of the run, as the Jobs API wants them.
        tags: The cost tags that all jobs share.
        polling_seconds: Seconds between two looks at a run.
        timeout_seconds: Seconds after which a run is ended; 0 for never.
        max_concurrent_runs: Runs of one task at a time, at most.
    """

    task: Mapping[str, Any]
    run: Mapping[str, Any]
    tags: Mapping[str, str]
    polling_seconds: int
    timeout_seconds: int
    max_concurrent_runs: int

    def task_fields(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """Return a task's compute with cost tags, which only a cluster of the run's own can carry."""
        fields = dict(self.task)
        if "new_cluster" in fields:
            cluster = fields["new_cluster"]
            fields["new_cluster"] = {**cluster, "custom_tags": {**cluster.get("custom_tags", {}), **self.tags, **tags}}
        return fields


def profile_names(include: Path) -> list[str]:
    """Return the names of all profiles, sorted."""
    return sorted(path.stem for path in (include / "compute").glob("*.yaml"))


def configured_cloud() -> str:
    """Return the cloud that BASKETRY_CLOUD names, aws without it."""
    cloud = os.environ.get("BASKETRY_CLOUD") or "aws"
    if cloud not in CLOUDS:
        raise BadInputError(f"BASKETRY_CLOUD is '{cloud}'; set it to one of: {', '.join(CLOUDS)}.")
    return cloud


def load_compute(include: Path, job: str, *, cloud: str = "aws", folder: str = "/Workspace/Shared/basketry") -> Compute:
    """Read the compute of a job.

    Args:
        include: The include folder.
        job: The name of the job's script.
        cloud: One of CLOUDS.
        folder: Where `make deploy` put the library.

    Raises:
        BadInputError: A file is wrong; names file and line.
    """
    choice = _choice(include)
    name = choice["jobs"].get(job, choice["default"])
    return load_profile(include, name, cloud=cloud, folder=folder)


def load_shared(
    include: Path, dag_id: str, *, cloud: str = "aws", folder: str = "/Workspace/Shared/basketry"
) -> Compute | None:
    """Read the compute that the tasks of a DAG share; None where each task has its own.

    Raises:
        BadInputError: The shared profile has no cluster of its own.
    """
    name = _choice(include)["shared"].get(dag_id)
    if name is None:
        return None
    compute = load_profile(include, name, cloud=cloud, folder=folder)
    if "new_cluster" not in compute.task:
        raise BadInputError(f"{CHOICE}: {dag_id} cannot share profile '{name}': choose one of kind job_cluster.")
    return compute


def load_profile(include: Path, name: str, *, cloud: str, folder: str = "/Workspace/Shared/basketry") -> Compute:
    """Read one profile, rendered for a cloud."""
    choice = _choice(include)
    path = include / "compute" / f"{name}.yaml"
    root = read_document(path, file_label(path, include))
    entries = root.expect(dict, "the profile")
    kind = (
        entries["kind"].choice("kind", _OWN) if "kind" in entries else root.fail("the profile has no 'kind'; add it.")
    )
    root.mapping(f"a profile of kind {kind}", (*_SHARED, *_OWN[kind]), ("description", *_NEEDED[kind]))
    packages, wheel = choice["libraries"], f"{folder.rstrip('/')}/lib/{_wheel_name()}"
    task, run = _render(kind, entries=entries, cloud=cloud, packages=packages, wheel=wheel)
    return Compute(
        task=task,
        run=run,
        tags=choice["tags"],
        polling_seconds=_whole_number(entries, "polling_seconds", 15),
        timeout_seconds=_whole_number(entries, "timeout_seconds", 0),
        max_concurrent_runs=_whole_number(entries, "max_concurrent_runs", 8),
    )


def _render(
    kind: str, entries: Mapping[str, Node], cloud: str, packages: list[str], wheel: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields of the task and those of the run."""
    if kind == "serverless":
        spec = {
            "environment_version": entries["environment_version"].string("environment_version"),
            "dependencies": [*packages, wheel],
        }
        run: dict[str, Any] = {"environments": [{"environment_key": ENVIRONMENT, "spec": spec}]}
        if "budget_policy_id" in entries:
            run["budget_policy_id"] = entries["budget_policy_id"].string("budget_policy_id")
        return {"environment_key": ENVIRONMENT}, run
    libraries = [*({"pypi": {"package": package}} for package in packages), {"whl": wheel}]
    if kind == "existing_cluster":
        return {"existing_cluster_id": entries["cluster_id"].string("cluster_id"), "libraries": libraries}, {}
    return {"new_cluster": _cluster(entries, cloud), "libraries": libraries}, {}


def _cluster(entries: Mapping[str, Node], cloud: str) -> dict[str, Any]:
    types = entries["node_types"].mapping("node_types", CLOUDS)
    if cloud not in types:
        entries["node_types"].fail(f"node_types says nothing for {cloud}; add the node type to use there.")
    photon = "photon" in entries and entries["photon"].expect(bool, "photon")
    spot = "spot" in entries and entries["spot"].expect(bool, "spot")
    return {
        **_plain_value(entries["new_cluster"], "new_cluster"),
        "node_type_id": types[cloud].string("node type"),
        "runtime_engine": "PHOTON" if photon else "STANDARD",
        **(SPOT[cloud] if spot else {}),
    }


def _choice(include: Path) -> dict[str, Any]:
    path = include / CHOICE
    root = read_document(path, file_label(path, include))
    needed = ("default", "jobs", "tags", "libraries")
    entries = root.mapping("the choice", (*needed, "shared"), needed)
    profiles = profile_names(include)
    return {
        "default": entries["default"].choice("profile", profiles),
        "jobs": _profiles_of(entries["jobs"], "job", include.parent / "spark_jobs", profiles),
        "shared": _profiles_of(entries["shared"], "DAG", include.parent / "dags", profiles)
        if "shared" in entries
        else {},
        "tags": {key: node.string(f"tag {key}") for key, node in entries["tags"].expect(dict, "tags").items()},
        "libraries": [node.string("package") for node in entries["libraries"].items("libraries")],
    }


def _profiles_of(node: Node, what: str, folder: Path, profiles: list[str]) -> dict[str, str]:
    """Return the profile of each job or DAG, all of which are files of a folder (where there is one)."""
    files = {file.stem for file in folder.glob("*.py")}
    chosen = node.expect(dict, f"the choice by {what}")
    for name, profile in chosen.items():
        if files and name not in files:
            profile.fail(f"there is no {what} '{name}'; {did_you_mean(name, files)}")
    return {name: profile.choice("profile", profiles) for name, profile in chosen.items()}


def _whole_number(entries: Mapping[str, Node], key: str, default: int) -> int:
    number: int = entries[key].expect(int, key) if key in entries else default
    return number if number >= 0 else entries[key].fail(f"{key} is {number}; give zero or more.")


def _plain_value(node: Node, what: str) -> Any:
    """Return the value without its positions in the file; nothing in it may be empty."""
    if node.value is None:
        return node.fail(f"{what} is empty; give it a value or delete the line.")
    if isinstance(node.value, dict):
        return {key: _plain_value(value, f"{what}.{key}") for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [_plain_value(value, what) for value in node.value]
    return node.value
