"""The job factory: one function that turns a job's name into the standard operator of the runtime."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from basketry.settings import CHECKOUT, Settings
from basketry_airflow.compute import Compute, cloud_of_environment, load_compute
from basketry_airflow.script_arguments import RUN_ID, Argument, ScriptArguments

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

SPARK_CONNECTION = "spark_local"
"""Give it as JSON, AIRFLOW_CONN_SPARK_LOCAL='{"conn_type":"spark","host":"local[2]"}': the URI form becomes YARN."""

DATABRICKS_CONNECTION = "databricks_default"
WORKSPACE_ROOT = "/Workspace/Shared/basketry/spark_jobs"

TOKEN = (
    "{{ macros.uuid.uuid5(macros.uuid.NAMESPACE_URL,"  # noqa: S105 it is no secret
    " dag.dag_id ~ '|' ~ run_id ~ '|' ~ ti.task_id ~ '|' ~ ti.map_index ~ '|' ~ ti.try_number) }}"
)
"""One try, one run: a submit that is repeated finds its run; a new try must get a new one, so the try is part of it."""


def spark_job(
    name: str, *, task_id: str | None = None, as_of: str | None = None, **arguments: Argument
) -> BaseOperator:
    """A task that runs `spark_jobs/<name>.py` where BASKETRY_RUNTIME says, with the same arguments everywhere.

    task_id: default the job's name. as_of: template of the as-of date, for dated jobs.
    arguments: further arguments of the script; `catalog` is the form's unless given, `run_id` is always added.
    """
    settings = Settings.from_environment()
    script: dict[str, Argument] = {"catalog": "{{ params.catalog }}", "run_id": RUN_ID, "as_of": as_of}
    script_arguments = ScriptArguments({**script, **arguments})
    factory = _databricks if settings.runtime == "databricks" else _local
    return factory(settings, name, task_id or name, script_arguments, as_of)


def _local(settings: Settings, name: str, task_id: str, arguments: ScriptArguments, as_of: str | None) -> BaseOperator:
    from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

    # The process's environment (JAVA_HOME, SPARK_CONF_DIR, PYTHONPATH, BASKETRY_*) reaches spark-submit as it is.
    operator: BaseOperator = SparkSubmitOperator(
        task_id=task_id,
        conn_id=SPARK_CONNECTION,
        application=str(CHECKOUT / "spark_jobs" / f"{name}.py"),
        application_args=arguments,
        name=f"basketry-{name}",
    )
    return operator


def _databricks(
    settings: Settings, name: str, task_id: str, arguments: ScriptArguments, as_of: str | None
) -> BaseOperator:
    from airflow.providers.databricks.operators.databricks import DatabricksSubmitRunOperator

    root = (os.environ.get("BASKETRY_WORKSPACE_ROOT") or WORKSPACE_ROOT).rstrip("/")
    compute = load_compute(settings.include, name, cloud=cloud_of_environment(), folder=root.rpartition("/")[0])
    polling = os.environ.get("BASKETRY_POLLING_SECONDS")
    # Synchronous and durable: after a worker's death the next try reconnects to the run; deferred, a 403 on the first
    # look starts a second one.
    operator: BaseOperator = DatabricksSubmitRunOperator(
        task_id=task_id,
        databricks_conn_id=DATABRICKS_CONNECTION,
        run_name="basketry {{ dag.dag_id }}.{{ ti.task_id }} {{ params.catalog }}",
        tasks=[_python_task(compute, f"{root}/{name}.py", arguments, as_of)],
        json=dict(compute.run),
        idempotency_token=TOKEN,
        timeout_seconds=compute.timeout_seconds,
        polling_period_seconds=float(polling) if polling else compute.polling_seconds,
        max_active_tis_per_dag=compute.max_concurrent_runs or None,
        deferrable=False,
        durable=True,
    )
    return operator


def _python_task(compute: Compute, script: str, arguments: ScriptArguments, as_of: str | None) -> dict[str, Any]:
    tags = {
        "dag": "{{ dag.dag_id }}",
        "task": "{{ ti.task_id }}",
        "catalog": "{{ params.catalog }}",
        "as_of": as_of or "none",
    }
    return {
        "task_key": "main",
        "spark_python_task": {"python_file": script, "parameters": arguments},
        **compute.task_fields(tags),
    }
