"""The plugin costs Airflow nothing until somebody opens a page."""

from __future__ import annotations

import json
import subprocess
import sys

from tools.environment import CHECKOUT

HEAVY = (
    "duckdb",
    "deltalake",
    "pyarrow",
    "fastapi",
    "jinja2",
    "sqlglot",
    "pandas",
    "basketry.tables",
    "basketry.warehouse",
)
PROGRAM = """
import json, sys, time
import airflow.plugins_manager
before = set(sys.modules)
start = time.process_time()
import basketry_console
seconds = time.process_time() - start
print(json.dumps({"seconds": seconds, "new": sorted(set(sys.modules) - before)}))
"""


def test_loading_the_plugin_loads_nothing_else() -> None:
    """What every process of Airflow imports, DAG parsing included, is two small modules; pages come with the first request."""
    folders = [str(CHECKOUT / name) for name in ("spark_jobs", "plugins")]
    program = f"import sys; sys.path[:0] = {folders!r}\n{PROGRAM}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["seconds"] < 0.5
    assert not [name for name in told["new"] if name.startswith(HEAVY)]
    assert {name for name in told["new"] if name.startswith("basketry")} == {
        "basketry_airflow",
        "basketry_airflow.console",
        "basketry_airflow.console.mount",
        "basketry_console",
    }
