"""A DAG file is read every 30 seconds: it must be light, and must ask nobody. `make bench ARGS=imports` has the seconds."""

from __future__ import annotations

import sys

import pytest

from benchmarks.imports import DAG_FILES, OPERATORS, read_dag_files

pytestmark = pytest.mark.slow

HEAVY = ("pandas", "numpy", "pyarrow", "pyspark", "mlflow", "deltalake", "duckdb", "databricks.sdk", "sqlglot")
OTHERS = {"airflow", "asgiref", "pydantic"}
"""Whose modules a DAG file may bring besides the standard library's and ours: Airflow's own, and what that needs."""
LIBRARY = {
    "basketry",
    "basketry.config",
    "basketry.databricks",
    "basketry.errors",
    "basketry.jobs",
    "basketry.registry",
    "basketry.tables",
}
"""The packages of the library that the DAG files need when they are read."""


@pytest.mark.parametrize("runtime", OPERATORS)
def test_a_dag_file_is_light_and_asks_nobody(runtime: str) -> None:
    """No database, no connection, no heavy module: what all files together bring is a short list of packages."""
    readings = read_dag_files(runtime)
    assert len(readings) == len(DAG_FILES) >= 3
    brought = {name for reading in readings for name in reading.modules}
    assert not [name for name in brought if any(name == heavy or name.startswith(f"{heavy}.") for heavy in HEAVY)]
    packages = {name.partition(".")[0] for name in brought} - sys.stdlib_module_names
    assert packages - OTHERS == {"basketry", "basketry_airflow"}
    assert {".".join(name.split(".")[:2]) for name in brought if name.split(".")[0] == "basketry"} == LIBRARY
