"""Clusters as databricks-sdk sees them, and what runs on them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue
from databricks.sdk.service.compute import ClusterSource, ListClustersFilterBy, State

from tests.databricks_emulator.conftest import python_task, sdk_tasks
from tests.databricks_emulator.emulator import DatabricksEmulator

SPEC: dict[str, Any] = {"spark_version": "18.x-scala2.13", "node_type_id": "m5d.large", "num_workers": 0}


def created(client: WorkspaceClient, **more: Any) -> str:
    """The id of a new cluster."""
    return str(client.api_client.do("POST", "/api/2.1/clusters/create", body={**SPEC, **more})["cluster_id"])


def on_own_cluster(script: str) -> dict[str, Any]:
    """A task with a cluster for itself."""
    task = python_task(script, new_cluster=SPEC)
    del task["existing_cluster_id"]
    return task


def test_a_cluster_lives_and_dies(emulator: DatabricksEmulator, client: WorkspaceClient) -> None:
    """PENDING for as long as a start takes, RUNNING, TERMINATED with a reason, and again by a start."""
    emulator.clusters.start_seconds = 0.2
    cluster_id = created(client)
    assert client.clusters.get(cluster_id).state is State.PENDING
    time.sleep(0.4)
    assert client.clusters.get(cluster_id).state is State.RUNNING
    client.clusters.delete(cluster_id)
    seen = client.clusters.get(cluster_id)
    assert seen.state is State.TERMINATED and seen.termination_reason
    client.clusters.start(cluster_id)
    assert emulator.clusters.starts == [cluster_id] * 2


def test_a_list_tells_who_made_a_cluster(client: WorkspaceClient) -> None:
    """What programs made, apart from what people made."""
    cluster_id = created(client)
    of_programs = ListClustersFilterBy(cluster_sources=[ClusterSource.API])
    assert [one.cluster_id for one in client.clusters.list(filter_by=of_programs)] == [cluster_id]
    assert len(list(client.clusters.list())) > 1


@pytest.mark.parametrize(
    ("body", "named"),
    [({"auto_termination": 10}, "cluster.auto_termination"), ({"autotermination_minutes": 5}, "at least 10")],
)
def test_a_mistyped_field_is_refused(client: WorkspaceClient, body: dict[str, Any], named: str) -> None:
    """The service would drop it, and the cluster would run on."""
    with pytest.raises(InvalidParameterValue, match=named):
        created(client, **body)


def test_a_run_on_no_cluster_is_refused(emulator: DatabricksEmulator, client: WorkspaceClient) -> None:
    """An id that means nothing starts nothing."""
    with pytest.raises(InvalidParameterValue, match="Cluster c-2 does not exist"):
        client.jobs.submit(run_name="x", tasks=sdk_tasks(python_task("succeed.py", existing_cluster_id="c-2")))
    assert len(emulator.runs) == 0


def test_a_run_waits_for_its_cluster(emulator: DatabricksEmulator, client: WorkspaceClient) -> None:
    """A cold start each for runs with their own; a terminated all-purpose cluster starts for whom it is asked for."""
    emulator.clusters.start_seconds = 0.2
    cluster_id = created(client)
    client.clusters.delete(cluster_id)
    for task in (on_own_cluster("succeed.py"), python_task("succeed.py", existing_cluster_id=cluster_id)):
        run = emulator.wait(client.jobs.submit(run_name="x", tasks=sdk_tasks(task)).response.run_id)
        assert run.state.result == "SUCCESS" and run.ended - run.started >= 200
    assert emulator.clusters.starts == [cluster_id, "job", cluster_id]


def test_a_run_is_cancelled_while_it_waits(emulator: DatabricksEmulator, client: WorkspaceClient) -> None:
    """Nobody waits for a start that takes minutes."""
    emulator.clusters.start_seconds = 60
    run_id = client.jobs.submit(run_name="x", tasks=sdk_tasks(on_own_cluster("succeed.py"))).response.run_id
    client.jobs.cancel_run(run_id)
    assert emulator.wait(run_id, 5).state.result == "CANCELED"
