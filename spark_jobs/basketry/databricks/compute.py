"""The documents of Databricks' compute: profiles in `include/compute/`, and which job gets which in `include/jobs.yaml`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, model_validator

from basketry.config.documents import Node, did_you_mean
from basketry.config.model import Document, Fix, Label, Mistake, Reads, Text, context_of, one_of_context

CLOUDS = ("aws", "azure", "gcp")
ENVIRONMENT = "default"
"""The key of the one environment that a serverless run has."""

SPOT: Mapping[str, Mapping[str, Any]] = {
    "aws": {"aws_attributes": {"availability": "SPOT_WITH_FALLBACK", "first_on_demand": 1}},
    "azure": {"azure_attributes": {"availability": "SPOT_WITH_FALLBACK_AZURE", "first_on_demand": 1}},
    "gcp": {"gcp_attributes": {"availability": "PREEMPTIBLE_WITH_FALLBACK_GCP"}},
}
"""Workers on spot instances, on demand where there are none; the first node, the driver, never."""

Fields = dict[str, Any]
"""Fields of a task or of a run, as the Jobs API wants them."""

_Natural = Annotated[int, Field(ge=0), Fix("give zero or more")]
_Profile = Annotated[str, one_of_context("profiles"), Label("profile")]


def _plain_mapping(node: Node) -> Any:
    fields = _plain_value(node, "new_cluster")
    node.expect(dict, "new_cluster")
    return fields


def _plain_value(node: Node, what: str) -> Any:
    """Return the value without its positions in the file; nothing in it may be empty."""
    if node.value is None:
        return node.fail(f"{what} is empty; give it a value or delete the line.")
    if isinstance(node.value, dict):
        return {key: _plain_value(value, f"{what}.{key}") for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [_plain_value(value, what) for value in node.value]
    return node.value


class ComputeProfile(Document):
    """What every profile says.

    Attributes:
        description: For what it is.
        kind: Where its runs are computed.
        max_concurrent_runs: Runs of one task at a time, at most.
        polling_seconds: Seconds between two looks at a run.
        timeout_seconds: Seconds after which a run is ended; 0 for never.
    """

    description: str
    kind: str
    max_concurrent_runs: _Natural = 8
    polling_seconds: _Natural = 15
    timeout_seconds: _Natural = 0

    @abstractmethod
    def render(self, cloud: str, wheel: str, packages: Sequence[str] = ()) -> tuple[Fields, Fields]:
        """Return the fields of the task and those of the run.

        Args:
            cloud: One of CLOUDS.
            wheel: The library's wheel, whose own metadata name what every job imports.
            packages: What the job imports beside that, as pip takes it.
        """


class NodeTypes(Document):
    """The type of a cluster's nodes on each cloud."""

    aws: Annotated[Text, Label("node type")] | None = None
    azure: Annotated[Text, Label("node type")] | None = None
    gcp: Annotated[Text, Label("node type")] | None = None


class JobClusterProfile(ComputeProfile, title="a profile of kind job_cluster"):
    """A cluster of the run's own."""

    kind: Literal["job_cluster"]
    node_types: NodeTypes
    new_cluster: Annotated[Mapping[str, Any], Reads(_plain_mapping)]
    photon: bool = False
    spot: bool = False

    @model_validator(mode="after")
    def _check_cloud(self, info: ValidationInfo) -> Self:
        cloud = context_of(info)["cloud"]
        if getattr(self.node_types, cloud) is None:
            sentence = "node_types says nothing for {cloud}; add the node type to use there."
            raise Mistake(sentence, "node_types", cloud=cloud)
        return self

    def render(self, cloud: str, wheel: str, packages: Sequence[str] = ()) -> tuple[Fields, Fields]:
        """Return a new cluster with its libraries."""
        cluster = {
            **self.new_cluster,
            "node_type_id": getattr(self.node_types, cloud),
            "runtime_engine": "PHOTON" if self.photon else "STANDARD",
            **(SPOT[cloud] if self.spot else {}),
        }
        return {"new_cluster": cluster, "libraries": _libraries(wheel, packages)}, {}


class ExistingClusterProfile(ComputeProfile, title="a profile of kind existing_cluster"):
    """A cluster that is there."""

    kind: Literal["existing_cluster"]
    cluster_id: Text

    def render(self, cloud: str, wheel: str, packages: Sequence[str] = ()) -> tuple[Fields, Fields]:
        """Return the cluster with its libraries."""
        return {"existing_cluster_id": self.cluster_id, "libraries": _libraries(wheel, packages)}, {}


class ServerlessProfile(ComputeProfile, title="a profile of kind serverless"):
    """No cluster: wheel and packages come through the environment of the run."""

    kind: Literal["serverless"]
    environment_version: Text
    budget_policy_id: Text | None = None

    def render(self, cloud: str, wheel: str, packages: Sequence[str] = ()) -> tuple[Fields, Fields]:
        """Return the environment's name, and the environment."""
        spec = {"environment_version": self.environment_version, "dependencies": [wheel, *packages]}
        run: Fields = {"environments": [{"environment_key": ENVIRONMENT, "spec": spec}]}
        if self.budget_policy_id is not None:
            run["budget_policy_id"] = self.budget_policy_id
        return {"environment_key": ENVIRONMENT}, run


def _libraries(wheel: str, packages: Sequence[str]) -> list[Fields]:
    return [{"whl": wheel}, *({"pypi": {"package": package}} for package in packages)]


PROFILES: Mapping[str, type[ComputeProfile]] = {
    "job_cluster": JobClusterProfile,
    "existing_cluster": ExistingClusterProfile,
    "serverless": ServerlessProfile,
}


class ComputeChoice(Document, title="the choice"):
    """Which profile each job gets, and what all jobs share.

    Attributes:
        default: The profile of a job that is not named.
        jobs: Profiles by job.
        shared: Profiles by DAG, of DAGs whose tasks share one cluster.
        tags: The cost tags of all jobs.
    """

    default: _Profile
    jobs: Annotated[Mapping[str, _Profile], Label("the choice by job")]
    shared: Annotated[Mapping[str, _Profile], Label("the choice by DAG")] = {}
    tags: Mapping[str, Annotated[Text, Label("tag {0}")]]

    @model_validator(mode="after")
    def _check_names(self, info: ValidationInfo) -> Self:
        """Refuse a job that is not declared, and a DAG that is no file of its folder (where there is one)."""
        for section, what, names in (("jobs", "job", self.jobs), ("shared", "DAG", self.shared)):
            right_names = context_of(info)[section]
            for name in names:
                if right_names and name not in right_names:
                    sentence = "there is no {kind} '{0}'; {hint}"
                    raise Mistake(sentence, section, name, kind=what, hint=did_you_mean(name, right_names))
        return self
