"""What a Databricks run is computed on: the profiles in `include/compute/`, chosen per job in `include/jobs.yaml`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from basketry.config.catalogs import file_label
from basketry.config.documents import read_document
from basketry.config.locator import load_document, parse_document
from basketry.databricks.compute import CLOUDS, PROFILES, ComputeChoice
from basketry.errors import BadInputError
from basketry.jobs import all_jobs

ANY_WHEEL = "/Workspace/basketry/prod/artifacts/.internal/basketry.whl"
"""Stands for the library where only the profile is looked at."""

CHOICE = "jobs.yaml"

_REFERENCE = re.compile(r"\{\{\s*secrets/[^{}]*\}\}")
"""A secret as Databricks puts it into a cluster's variables and settings."""


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

    def python_task(self, script: str, parameters: object, tags: Mapping[str, str]) -> dict[str, Any]:
        """Return the one task of a run: the same for a DAG, and for the trial of `make deploy-check`.

        Args:
            script: The workspace path of the script.
            parameters: A list of words, or what Airflow renders to one.
            tags: Cost tags of this run.
        """
        return {
            "task_key": "main",
            "spark_python_task": {"python_file": script, "parameters": parameters},
            **self.task_fields(tags),
        }


def profile_names(include: Path) -> list[str]:
    """Return the names of all profiles, sorted."""
    return sorted(path.stem for path in (include / "compute").glob("*.yaml"))


def configured_cloud() -> str:
    """Return the cloud that BASKETRY_CLOUD names, aws without it."""
    cloud = os.environ.get("BASKETRY_CLOUD") or "aws"
    if cloud not in CLOUDS:
        raise BadInputError(f"BASKETRY_CLOUD is '{cloud}'; set it to one of: {', '.join(CLOUDS)}.")
    return cloud


def load_compute(
    include: Path, job: str, *, cloud: str = "aws", wheel: str = ANY_WHEEL, packages: Sequence[str] = ()
) -> Compute:
    """Read the compute of a job.

    Args:
        include: The include folder.
        job: The name of the job's script.
        cloud: One of CLOUDS.
        wheel: Where `make deploy` put the library's wheel.
        packages: What is installed beside what the job imports.

    Raises:
        BadInputError: A file is wrong; names file and line.
    """
    choice = _choice(include)
    name = choice.jobs.get(job, choice.default)
    return load_profile(include, name, cloud=cloud, wheel=wheel, packages=(*_packages(job), *packages))


def load_shared(
    include: Path, dag_id: str, job: str, *, cloud: str = "aws", wheel: str = ANY_WHEEL, packages: Sequence[str] = ()
) -> Compute | None:
    """Read the compute that the tasks of a DAG share, with the libraries of one of its jobs; None where each has its own.

    The arguments are those of `load_compute`.

    Raises:
        BadInputError: The shared profile has no cluster of its own.
    """
    name = _choice(include).shared.get(dag_id)
    if name is None:
        return None
    compute = load_profile(include, name, cloud=cloud, wheel=wheel, packages=(*_packages(job), *packages))
    if "new_cluster" not in compute.task:
        raise BadInputError(f"{CHOICE}: {dag_id} cannot share profile '{name}': choose one of kind job_cluster.")
    return compute


def load_profile(
    include: Path, name: str, *, cloud: str, wheel: str = ANY_WHEEL, packages: Sequence[str] = ()
) -> Compute:
    """Read one profile, rendered for a cloud, with a wheel and packages to install."""
    choice = _choice(include)
    path = include / "compute" / f"{name}.yaml"
    root = read_document(path, file_label(path, include))
    entries = root.expect(dict, "the profile")
    if "kind" not in entries:
        root.fail("the profile has no 'kind'; add it.")
    profile = parse_document(PROFILES[entries["kind"].choice("kind", PROFILES)], root, {"cloud": cloud})
    task, run = profile.render(cloud, wheel, packages)
    return Compute(
        task=_keep_references(task),
        run=_keep_references(run),
        tags=choice.tags,
        polling_seconds=profile.polling_seconds,
        timeout_seconds=profile.timeout_seconds,
        max_concurrent_runs=profile.max_concurrent_runs,
    )


def _packages(job: str) -> Sequence[str]:
    """Return what a job imports beside the wheel; one that is not declared here is of somebody else's DAG."""
    return all_jobs()[job].libraries if job in all_jobs() else ()


def _keep_references(value: Any) -> Any:
    """Return a profile's value with its references to secrets as they are, which Airflow would take for templates."""
    if isinstance(value, Mapping):
        return {name: _keep_references(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_keep_references(part) for part in value]
    return _REFERENCE.sub(r"{% raw %}\g<0>{% endraw %}", value) if isinstance(value, str) else value


def _choice(include: Path) -> ComputeChoice:
    path = include / CHOICE
    dags = {file.stem for file in (include.parent / "dags").glob("*.py")}
    context = {"profiles": profile_names(include), "jobs": set(all_jobs()), "shared": dags}
    return load_document(ComputeChoice, path, file_label(path, include), context)
