"""The job factory: one function that turns a declared job into the standard operator of the runtime."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import TriggerRule

from basketry.config import edition
from basketry.config.run_settings import OF_EVERY_JOB
from basketry.config.settings import Settings
from basketry.databricks.bundle_paths import ROOT, scripts_folder, wheel_path
from basketry.jobs import Job
from basketry.jobs.declare import A, P
from basketry.jobs.libraries import OF_LINEAGE
from basketry_airflow.checkout import checkout_of, script_of, wheel_of
from basketry_airflow.compute import Compute, configured_cloud, load_compute, load_shared
from basketry_airflow.script_arguments import (
    CATALOG,
    RUN_ID,
    EditionOf,
    ScriptArguments,
    SettingsOf,
    UnityNamesOf,
    check_arguments,
)

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

SPARK_CONNECTION = "spark_local"
"""Give it as JSON, AIRFLOW_CONN_SPARK_LOCAL='{"conn_type":"spark","host":"local[2]"}': the URI form becomes YARN."""

DATABRICKS_CONNECTION = "databricks_default"

TOKEN = (
    "{{ macros.uuid.uuid5(macros.uuid.NAMESPACE_URL,"  # noqa: S105 it is no secret
    " dag.dag_id ~ '|' ~ run_id ~ '|' ~ ti.task_id ~ '|' ~ ti.map_index ~ '|' ~ ti.try_number) }}"
)
"""One try, one run: a submit that is repeated finds its run; a new try must get a new one, so the try is part of it."""


def spark_job(
    job: Job[P, A],
    *,
    task_id: str | None = None,
    trigger_rule: TriggerRule = TriggerRule.ALL_SUCCESS,
    before: Callable[[Context], None] | None = None,
) -> Callable[P, BaseOperator]:
    """Return what makes the task of a job from the job's arguments, as declared: `spark_job(SALES)(catalog=CATALOG, …)`.

    The task runs the job's script where BASKETRY_RUNTIME says, with the same arguments everywhere. An argument that the
    job does not declare is an error of types, and bad input when the DAG is read. `run_id` is always that of the try.

    Args:
        job: The job.
        task_id: By default the job's name.
        trigger_rule: Airflow's trigger rule.
        before: Called on the worker before the job starts; it may skip the task, with a reason that stands in the log.
    """
    operator_arguments = {"task_id": task_id or job.name, "trigger_rule": trigger_rule, "pre_execute": before}

    def make_task(*_: P.args, **arguments: P.kwargs) -> BaseOperator:
        """Make the task; arguments are values, templates and fields of the form."""
        check_arguments(job, arguments)
        settings = Settings.from_environment()
        checkout = _current_checkout()
        words: dict[str, Any] = {"catalog": CATALOG, "run_id": RUN_ID, "edition": EditionOf(checkout), **arguments}
        if settings.runtime == "databricks":  # where no variable of this process reaches a job
            words["settings"] = SettingsOf((*OF_EVERY_JOB, *job.reads))
            if settings.target:
                words["unity_names"] = UnityNamesOf(settings)
        as_of: Any = arguments.get("as_of")
        script = _Script(name=job.name, checkout=checkout, arguments=ScriptArguments(words), as_of=as_of)
        make_operator = _databricks if settings.runtime == "databricks" else _local
        return make_operator(settings, script, operator_arguments)

    return make_task


@dataclass(frozen=True)
class _Script:
    """What is run: the script's name, the checkout that holds it, and what it is told."""

    name: str
    checkout: Path
    arguments: ScriptArguments
    as_of: str | None


def _current_checkout() -> Path:
    """Return the checkout of the DAG that is being declared."""
    from airflow.sdk.definitions._internal.contextmanager import DagContext

    dag = DagContext.get_current()
    return checkout_of(str(dag.fileloc)) if dag else edition.CHECKOUT


def _local(settings: Settings, script: _Script, operator_arguments: Mapping[str, Any]) -> BaseOperator:
    from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

    # The process's environment (JAVA_HOME, SPARK_CONF_DIR, BASKETRY_*) reaches spark-submit as it is.
    operator: BaseOperator = SparkSubmitOperator(
        conn_id=SPARK_CONNECTION,
        application=script_of(script.checkout, script.name),
        application_args=script.arguments,  # type: ignore[arg-type]  # a list once it is rendered
        name=f"basketry-{script.name}",
        **operator_arguments,
    )
    return operator


def _databricks(settings: Settings, script: _Script, operator_arguments: Mapping[str, Any]) -> BaseOperator:
    from airflow.providers.databricks.operators.databricks import DatabricksSubmitRunOperator

    root = (os.environ.get("BASKETRY_WORKSPACE_ROOT") or ROOT).rstrip("/")
    cloud, wheel = configured_cloud(), wheel_path(root, wheel_of(script.checkout))
    packages = OF_LINEAGE if settings.lineage_url else ()
    compute = load_compute(settings.include, script.name, cloud=cloud, wheel=wheel, packages=packages)
    polling = _polling_seconds(compute)
    # Synchronous and durable: after a worker's death the next try reconnects to the run; deferred, a 403 on the first
    # look starts a second one.
    operator: BaseOperator = DatabricksSubmitRunOperator(
        databricks_conn_id=DATABRICKS_CONNECTION,
        run_name="basketry {{ dag.dag_id }}.{{ ti.task_id }} {{ params.catalog }}",
        tasks=[_python_task(compute, root, script)],
        json=dict(compute.run),
        idempotency_token=TOKEN,
        timeout_seconds=compute.timeout_seconds,
        polling_period_seconds=polling,  # type: ignore[arg-type]  # a part of a second will do
        deferrable=False,
        durable=True,
        **operator_arguments,
    )
    limits = (operator.max_active_tis_per_dag, compute.max_concurrent_runs)
    operator.max_active_tis_per_dag = min(filter(None, limits), default=None)
    shared = load_shared(settings.include, operator.dag_id, script.name, cloud=cloud, wheel=wheel, packages=packages)
    # Airflow wants what follows a setup to follow its success; a job that also runs after a failure has its own cluster.
    if shared and operator.trigger_rule == TriggerRule.ALL_SUCCESS:
        from basketry_airflow.shared_cluster import join_cluster

        join_cluster(operator, shared, polling)
    return operator


def _polling_seconds(compute: Compute) -> float:
    return float(os.environ.get("BASKETRY_POLLING_SECONDS") or compute.polling_seconds)


def _python_task(compute: Compute, root: str, script: _Script) -> dict[str, Any]:
    tags = {
        "dag": "{{ dag.dag_id }}",
        "task": "{{ ti.task_id }}",
        "catalog": "{{ params.catalog }}",
        "as_of": script.as_of or "none",
    }
    return compute.python_task(f"{scripts_folder(root)}/{script.name}.py", script.arguments, tags)
