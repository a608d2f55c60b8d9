"""What Airflow pays again and again: reading a DAG file, and loading the plugin of the console. CPU seconds of whole imports.

tests/dags/test_import.py and tests/plugins/console/test_mount.py look at the modules that the same imports bring.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Figure

CHECKOUT = Path(__file__).resolve().parents[1]
DAG_FILES = sorted((CHECKOUT / "dags").glob("*.py"))
OPERATORS = {
    "local": "airflow.providers.apache.spark.operators.spark_submit",
    "databricks": "airflow.providers.databricks.operators.databricks",
}
"""By runtime: the operator's module, which Airflow has loaded before it reads the first file."""

BUDGET = 0.5
"""CPU seconds that one import may take: a DAG file is read every 30 seconds, the plugin by every process of Airflow."""

REPEATS = 3
"""Each file is read so often, the fastest counts."""

# Like Airflow's DAG processor: Airflow is loaded once, then each file is read in a process of its own, forked from it.
_READ_DAG_FILES = """
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
    print(json.dumps({"name": path, "seconds": seconds, "modules": sorted(set(sys.modules) - already)}), flush=True)

failed = False
for path in sys.argv[2:]:
    child = os.fork()
    if not child:
        read(path)
        os._exit(0)
    failed |= os.waitpid(child, 0)[1] != 0
sys.exit(failed)
"""
_LOAD_PLUGIN = """
import json, sys, time
import airflow.plugins_manager
before = set(sys.modules)
start = time.process_time()
import basketry_console
seconds = time.process_time() - start
print(json.dumps({"name": "basketry_console", "seconds": seconds, "modules": sorted(set(sys.modules) - before)}))
"""


@dataclass(frozen=True)
class Import:
    """One import in a fresh process.

    Attributes:
        name: The path of the file, or the name of the module.
        seconds: CPU seconds.
        modules: The modules that were not there before.
    """

    name: str
    seconds: float
    modules: frozenset[str]


def read_dag_files(runtime: str, repeats: int = 1) -> list[Import]:
    """Read every DAG file in a fresh process without connections; a RuntimeError when one asks for any."""
    files = [str(path) for path in DAG_FILES] * repeats
    return _imports([_READ_DAG_FILES, OPERATORS[runtime], *files], BASKETRY_RUNTIME=runtime)


def load_plugin(repeats: int = 1) -> list[Import]:
    """Load the console's plugin in a fresh process."""
    return [loaded for _ in range(repeats) for loaded in _imports([_LOAD_PLUGIN])]


def _imports(program: list[str], **environment: str) -> list[Import]:
    command = [sys.executable, "-c", *program]
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, timeout=300, env={**os.environ, **environment}
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return [Import(line["name"], line["seconds"], frozenset(line["modules"])) for line in lines]


def imports(folder: Path) -> list[Figure]:
    """Measure the slowest DAG file of each runtime, and the plugin, against the budget of one import."""
    figures = [_figure(f"reading a DAG file ({runtime})", read_dag_files(runtime, REPEATS)) for runtime in OPERATORS]
    return [*figures, _figure("loading the console's plugin", load_plugin(REPEATS))]


def _figure(what: str, measured_imports: list[Import]) -> Figure:
    best: dict[str, float] = {}
    for loaded in measured_imports:
        best[loaded.name] = min(loaded.seconds, best.get(loaded.name, loaded.seconds))
    slowest = max(best, key=lambda name: best[name])
    measured = f"{best[slowest]:.2f} s against {BUDGET} s"
    return Figure(
        what=f"{what} / its budget of CPU seconds",
        measured=measured,
        ratio=best[slowest] / BUDGET,
        goal=1.0,
        note=Path(slowest).name,
    )
