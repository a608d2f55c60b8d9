"""Of a task's log the kit tells our lines from those of strangers."""

from __future__ import annotations

import json
from pathlib import Path

from tests.kit.task_logs import foreign_lines, task_logs

HOOK = "airflow.task.hooks.airflow.providers.apache.spark.hooks.spark_submit.SparkSubmitHook"
OURS = (
    ("info", "task", "::group::Pre Execute"),
    ("info", "basketry_airflow.gate", "demo.gold.rfm: version 1 instead of none?\nAll 5 checks hold."),
    ("info", "airflow.task.operators.airflow.providers.standard.decorators.python", "Done. Returned value was: 1"),
    ("info", "airflow.dag_processing.dagbag.BundleDagBag", "Filling up the DagBag from dags/ingest.py"),
    ("info", HOOK, "Spark-Submit cmd: spark-submit --master local[2] sales.py"),
    ("info", HOOK, "sales: 10 rows read, 2 written in 1.0 s"),
    ("info", HOOK, "waiting: another run works on 'demo sales'"),
    ("info", HOOK, "basketry.errors.BadInputError: BAD_INPUT: no such feed."),
    ("info", "task.stdout", "promote: 1 row written in 0.2 s"),
    ("error", "task", "Task failed with exception"),
)
STRANGE = (
    ("warning", "py.warnings", "GitWildMatchPattern is deprecated"),
    ("info", HOOK, "10:00:00 WARN WindowExec: No Partition Defined"),
    ("info", HOOK, "2026/11/30 10:00:00 INFO mlflow.tracking: hello"),
    ("info", "airflow.settings", "hello"),
    ("info", "task.stderr", "UserWarning: beware"),
)


def test_strangers_are_told_from_us(tmp_path: Path) -> None:
    """By the logger, and in what a job printed by how the line begins; a line that is no JSON is a stranger's."""
    log = tmp_path / "logs" / "tasks" / "dag_id=sales" / "attempt=1.log"
    log.parent.mkdir(parents=True)
    entries = [{"level": level, "logger": logger, "event": event} for level, logger, event in (*OURS, *STRANGE)]
    log.write_text("\n".join([*map(json.dumps, entries), "Segmentation fault"]))
    assert task_logs(tmp_path) == [log]
    assert foreign_lines(log) == [*(event for _, _, event in STRANGE), "Segmentation fault"]
