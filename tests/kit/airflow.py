"""A private Airflow for tests: own home, own SQLite database, our DAGs and plugins. Import it before Airflow."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
HOME = Path(tempfile.mkdtemp(prefix="basketry-airflow-"))

assert "airflow" not in sys.modules, "Airflow reads its settings once: import tests.kit.airflow before it"
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

SETTINGS = {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME / 'airflow.db'}",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(HOME / "logs"),
    "AIRFLOW__API__BASE_URL": "http://airflow.example:8080",
    "AIRFLOW_CONN_SPARK_LOCAL": '{"conn_type": "spark", "host": "local[1]"}',
}
os.environ.update(SETTINGS)
for leftover in ("BASKETRY_RUNTIME", "BASKETRY_CATALOG", "BASKETRY_INCLUDE", "BASKETRY_DOCS_URL"):
    os.environ.pop(leftover, None)
