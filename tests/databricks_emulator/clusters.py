"""The clusters of the emulated workspace: each takes its time to start, may not start at all, and may be lost."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.databricks_emulator.errors import ApiError
from tests.databricks_emulator.faults import FaultKind, Faults
from tests.databricks_emulator.runs import CLUSTER_ID, CREATOR, now_millis

ALWAYS_UP = (CLUSTER_ID, "c-1")
"""Clusters that somebody made by hand and that run already."""


@dataclass(kw_only=True)
class Cluster:
    """A cluster; ready while it runs, gone from the end of its present life on."""

    cluster_id: str
    spec: Mapping[str, Any]
    source: str = "API"
    state: str = "TERMINATED"
    reason: str = ""
    started: int = 0
    ready: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)

    def as_dict(self) -> dict[str, Any]:
        """A `ClusterDetails` of the Clusters API."""
        body = {
            **self.spec,
            "cluster_id": self.cluster_id,
            "cluster_source": self.source,
            "creator_user_name": CREATOR,
            "state": self.state,
            "start_time": self.started,
        }
        return body | ({"termination_reason": {"code": self.reason}} if self.reason else {})


class Clusters:
    """All of them. `starts` names each cold start in order: a cluster's id, or `job` for one that a task has for itself."""

    def __init__(self, faults: Faults) -> None:
        """start_seconds: what every cold start takes; change it at will."""
        self.start_seconds = 0.0
        self.starts: list[str] = []
        self._faults = faults
        self._clusters = {name: Cluster(cluster_id=name, spec={}, source="UI") for name in ALWAYS_UP}
        for cluster in self._clusters.values():
            _live(cluster)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Cluster]:
        """In order of creation."""
        return iter(list(self._clusters.values()))

    def find(self, cluster_id: str) -> Cluster:
        """The cluster; ApiError when there is none."""
        if cluster_id not in self._clusters:
            raise ApiError(400, "INVALID_PARAMETER_VALUE", f"Cluster {cluster_id} does not exist")
        return self._clusters[cluster_id]

    def create(self, spec: Mapping[str, Any]) -> Cluster:
        """A new one, which begins to start."""
        with self._lock:
            cluster = Cluster(cluster_id=f"1121-{next(self._numbers):06d}-emulated", spec=dict(spec))
            self._clusters[cluster.cluster_id] = cluster
        self.start(cluster)
        return cluster

    def of_task(self, settings: Mapping[str, Any]) -> Cluster:
        """What a task runs on: a terminated all-purpose cluster starts for it, serverless compute is just there."""
        if existing := settings.get("existing_cluster_id"):
            cluster = self.find(existing)
            self.start(cluster)
            return cluster
        own = Cluster(cluster_id="job", spec=settings.get("new_cluster", {}), source="JOB")
        if "new_cluster" in settings:
            self.start(own)
        else:
            _live(own)
        return own

    def start(self, cluster: Cluster) -> None:
        """Begin a cold start of a terminated one."""
        with self._lock:
            if cluster.state != "TERMINATED":
                return
            cluster.state, cluster.reason, cluster.started = "PENDING", "", now_millis()
            cluster.gone = threading.Event()
            self.starts.append(cluster.cluster_id)
        fails = cluster.source == "API" and self._faults.take(FaultKind.CLUSTER_FAILURE) is not None
        timer = threading.Timer(self.start_seconds, self._end_of_start, (cluster, cluster.gone, fails))
        timer.daemon = True
        timer.start()

    def _end_of_start(self, cluster: Cluster, life: threading.Event, fails: bool) -> None:
        if fails:
            self.terminate(cluster, "CLOUD_PROVIDER_LAUNCH_FAILURE")
        with self._lock:
            if not life.is_set():
                _live(cluster)

    def terminate(self, cluster: Cluster, reason: str = "USER_REQUEST") -> None:
        """End its life; what runs on it is lost. reason: a TerminationReasonCode."""
        with self._lock:
            if cluster.state != "TERMINATED":
                cluster.state, cluster.reason = "TERMINATED", reason
                cluster.ready.clear()
                cluster.gone.set()


def _live(cluster: Cluster) -> None:
    cluster.state = "RUNNING"
    cluster.ready.set()
