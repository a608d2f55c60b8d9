"""Parses every DAG of a git bundle and prints what came of it as JSON; runs with the other Airflow's own Python."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag
from airflow.settings import prepare_syspath_for_config_and_plugins


def described(task: Any) -> dict[str, Any]:
    """What an operator of a job will start, and the one argument that names its edition."""
    if hasattr(task, "application"):
        return {"script": task.application, "edition": _edition(task.application_args)}
    (only,) = task.tasks
    job = only["spark_python_task"]
    return {"script": job["python_file"], "edition": _edition(job["parameters"]), "libraries": only["libraries"]}


def _edition(arguments: Any) -> str:
    (word,) = type(arguments)({"edition": arguments.arguments["edition"]}).resolve({})
    return str(word)


def main() -> None:
    """Fetch the bundle, parse it as the DAG processor does, and say which files of which checkout were loaded."""
    prepare_syspath_for_config_and_plugins()
    (bundle,) = DagBundlesManager().get_all_dag_bundles()
    bundle.initialize()
    bag = DagBag(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
    jobs = {
        f"{dag_id}.{task.task_id}": described(task)
        for dag_id, dag in bag.dags.items()
        for task in dag.tasks
        if type(task).__name__ in ("SparkSubmitOperator", "DatabricksSubmitRunOperator")
    }
    report = {
        "version": bundle.get_current_version().version,
        "path": str(bundle.path),
        "errors": bag.import_errors,
        "dags": {dag_id: dag.doc_md for dag_id, dag in bag.dags.items()},
        "jobs": jobs,
        "files": sorted(str(Path(m.__file__)) for m in list(sys.modules.values()) if getattr(m, "__file__", None)),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
