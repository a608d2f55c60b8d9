"""A DAG file is read every 30 seconds: it must be light, and must ask nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
FILES = sorted((CHECKOUT / "dags").glob("*.py"))
SECONDS = 0.5
HEAVY = ("pandas", "numpy", "pyarrow", "pyspark", "mlflow", "deltalake", "duckdb", "databricks.sdk", "sqlglot")
OPERATORS = {
    "local": "airflow.providers.apache.spark.operators.spark_submit",
    "databricks": "airflow.providers.databricks.operators.databricks",
}

# Like Airflow's DAG processor: Airflow is loaded once, then each file is read in a process of its own, forked from it.
PROBE = """
import importlib, importlib.util, json, os, socket, sqlite3, sys, time

import airflow.sdk
from airflow.sdk import DAG, Asset, AssetAlias, BaseNotifier, CronTriggerTimetable, Param, RetryPolicy, task

importlib.import_module(sys.argv[1])
already = set(sys.modules)

def refuse(*arguments, **named):
    raise AssertionError("a DAG file asked a service when it was imported")

socket.socket.connect = sqlite3.connect = refuse
airflow.sdk.Connection.get = airflow.sdk.Variable.get = refuse

def read(path):
    spec = importlib.util.spec_from_file_location("dag_file", path)
    start = time.process_time()
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    seconds = time.process_time() - start
    print(json.dumps({"path": path, "seconds": seconds, "new": sorted(set(sys.modules) - already)}), flush=True)

failed = False
for path in sys.argv[2:] * 3:
    child = os.fork()
    if not child:
        read(path)
        os._exit(0)
    failed |= os.waitpid(child, 0)[1] != 0
sys.exit(failed)
"""


def probe(runtime: str) -> list[dict[str, Any]]:
    """Every DAG file read three times, each in a fresh process without connections: seconds and modules brought."""
    command = [sys.executable, "-c", PROBE, OPERATORS[runtime], *map(str, FILES)]
    environment = {**os.environ, "BASKETRY_RUNTIME": runtime}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("runtime", OPERATORS)
def test_a_dag_file_is_light_and_asks_nobody(runtime: str) -> None:
    """No database, no connection, no heavy module, and under half a second of CPU (best of three)."""
    readings = probe(runtime)
    assert len(readings) == 3 * len(FILES) >= 9
    brought = {name for reading in readings for name in reading["new"]}
    assert not [name for name in brought if any(name == heavy or name.startswith(f"{heavy}.") for heavy in HEAVY)]
    best = {str(path): min(read["seconds"] for read in readings if read["path"] == str(path)) for path in FILES}
    assert max(best.values()) < SECONDS, best
