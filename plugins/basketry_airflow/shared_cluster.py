"""One cluster for all tasks of a DAG's run: a first task makes it, a last one takes it away, whatever became of the others.

Each task remains a run of its own on that cluster, so that it is tried again, cancelled, found again and reported as ever.
One run of several tasks would not do: `runs/submit` has no job cluster that its tasks share, and a task of the provider's
workflow group that is tried again only looks at the run that has failed. A job that runs also after a failure (the gate's
promotion, the record of refused files) keeps a cluster of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from basketry_airflow.compute import Compute

if TYPE_CHECKING:
    from airflow.sdk import Context
    from databricks.sdk.service.compute import ClusterDetails, ClustersAPI

START, STOP = "start_cluster", "stop_cluster"
IDLE_MINUTES = 10
"""The least that Databricks allows: a cluster that no task took away is gone after it, and starts again for the next job."""

RUN_TAG = "run"
RUN = "{{ macros.uuid.uuid5(macros.uuid.NAMESPACE_URL, dag.dag_id ~ '|' ~ run_id) }}"
"""The tag by which a run's cluster is recognised when its id is lost."""


class ClusterError(RuntimeError):
    """The cluster did not start; says what Databricks gives as reason."""


def join_cluster(operator: Any, shared: Compute, polling_seconds: float) -> None:
    """Let a task use the cluster of its DAG's run, which is added to the DAG where it is missing.

    Args:
        operator: A Databricks run of one task.
        shared: The profile of the cluster.
        polling_seconds: Seconds between two looks at the cluster.
    """
    dag = operator.dag
    if not dag.has_task(START):
        placement: dict[str, Any] = {"dag": dag, "task_group": dag.task_group}
        start = StartCluster(task_id=START, spec=_specification(shared), polling_seconds=polling_seconds, **placement)
        StopCluster(task_id=STOP, run=RUN, **placement).as_teardown(setups=start)
    (task,) = operator.tasks
    task_fields = {name: task[name] for name in ("task_key", "spark_python_task")}
    cluster_id = f"{{{{ ti.xcom_pull(task_ids='{START}') }}}}"
    operator.tasks = [{**task_fields, "existing_cluster_id": cluster_id, "libraries": shared.task["libraries"]}]
    operator.json = {}
    dag.get_task(START) >> operator >> dag.get_task(STOP)


def _specification(shared: Compute) -> dict[str, Any]:
    tags = {"dag": "{{ dag.dag_id }}", "task": "shared", "catalog": "{{ params.catalog }}", RUN_TAG: RUN}
    return {
        **shared.task_fields(tags)["new_cluster"],
        "cluster_name": "basketry {{ dag.dag_id }} {{ run_id }}",
        "autotermination_minutes": IDLE_MINUTES,
    }


class StartCluster(BaseOperator):
    """Makes the run's cluster, or finds the one that an earlier try has made; returns its id once it runs."""

    template_fields = ("spec",)

    def __init__(self, *, spec: Mapping[str, Any], polling_seconds: float, **named: Any) -> None:
        """Make the task.

        Args:
            spec: The body of clusters/create, a template; its RUN_TAG names the run.
            polling_seconds: Seconds between two looks at the cluster.
            named: Arguments of Airflow's operator.
        """
        super().__init__(**named)
        self.spec = dict(spec)
        self.polling_seconds = polling_seconds

    def execute(self, context: Context) -> str:
        """Return the cluster's id; ClusterError when it does not start."""
        from basketry_airflow.workspace import workspace

        client = workspace()
        existing = next(_of_run(client.clusters, self.spec["custom_tags"][RUN_TAG]), None)
        if existing is not None:
            cluster_id = str(existing.cluster_id)
        else:
            cluster_id = str(client.api_client.do("POST", "/api/2.1/clusters/create", body=self.spec)["cluster_id"])
        self.log.info("cluster %s", cluster_id)
        self._await(client.clusters, cluster_id, may_start=existing is not None)
        return cluster_id

    def on_kill(self) -> None:
        """Stop the cluster: nobody pays for one that no task waits for."""
        _stop(self.spec["custom_tags"][RUN_TAG])

    def _await(self, clusters: ClustersAPI, cluster_id: str, *, may_start: bool) -> None:
        from databricks.sdk.service.compute import State

        while (cluster := clusters.get(cluster_id)).state not in (State.RUNNING, State.RESIZING):
            if cluster.state in (State.TERMINATED, State.ERROR, State.UNKNOWN):
                if not may_start:
                    reason = cluster.termination_reason.code if cluster.termination_reason else None
                    raise ClusterError(f"no cluster could be started: {reason.value if reason else 'no reason given'}.")
                clusters.start(cluster_id)
                may_start = False
            time.sleep(self.polling_seconds)


class StopCluster(BaseOperator):
    """Takes away what the run has started, also a second cluster that a lost answer has left."""

    template_fields = ("run",)

    def __init__(self, *, run: str, **named: Any) -> None:
        """Make the task.

        Args:
            run: The value of RUN_TAG, a template.
            named: Arguments of Airflow's operator.
        """
        super().__init__(**named)
        self.run = run

    def execute(self, context: Context) -> None:
        """Terminate; Databricks keeps the cluster's page and logs for thirty days."""
        _stop(self.run)


def _stop(run: str) -> None:
    from basketry_airflow.workspace import workspace

    clusters = workspace().clusters
    for cluster in _of_run(clusters, run):
        clusters.delete(str(cluster.cluster_id))


def _of_run(clusters: ClustersAPI, run: str) -> Iterator[ClusterDetails]:
    from databricks.sdk.service.compute import ClusterSource, ListClustersFilterBy

    of_programs = ListClustersFilterBy(cluster_sources=[ClusterSource.API])
    return (
        cluster for cluster in clusters.list(filter_by=of_programs) if (cluster.custom_tags or {}).get(RUN_TAG) == run
    )
