"""The same DAGs, the same arguments, both runtimes: the tables are equal row for row.

In the workspace jobs run as a cluster runs them: `make deploy` put scripts and wheel there, tables have three-part names in a
metastore, files lie in volumes, and the target places the retailer behind a prefix in a catalog of another name.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from basketry.config.targets import NOBODY, load_target
from basketry.tables import FILES, GRAINS, JOB_RUNS, ORDER_LINES, QUARANTINE, SALES, SALES_ROLLUP, Table
from basketry.warehouse import local_delta
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.databricks_emulator.metastore import CATALOG as METASTORE
from tests.databricks_emulator.principals_api import SERVICE_PRINCIPAL
from tests.kit.dags import run_dag, task_states
from tests.kit.deployed import deploy
from tests.kit.documents import copy_include

pytestmark = pytest.mark.system

CHECKOUT = Path(__file__).resolve().parents[2]
SAMPLES = CHECKOUT / "tests" / "samples" / "sales_project"
FEEDS = {"order_lines": ("sales_orders_2026-11-20.csv", "sales_orders_2026-11-21.csv")}
CATALOG = "sales_project"
PLACE = f"unity: {{{CATALOG}: {{catalog: {METASTORE}, schema_prefix: dg_}}}}\ncatalog: {CATALOG}"
COMPARED = (
    ORDER_LINES,
    QUARANTINE,
    FILES,
    *(SALES[grain] for grain in GRAINS),
    *(SALES_ROLLUP[grain] for grain in GRAINS),
)
OWN = {"run_id", "delivered_at", "_delivered_at", "ordering_time", "_ordering_time"}
"""Columns that name the run, or the moment at which a test copied the file."""


def deliver(landing: Path) -> None:
    """Copy the samples into the folders of their feeds, with their times."""
    for feed, names in FEEDS.items():
        folder = landing / feed
        folder.mkdir(parents=True, exist_ok=True)  # the deployment has made it
        for name in names:
            shutil.copy2(SAMPLES / name, folder)


def run(dag_id: str, **form: Any) -> None:
    """A run of a DAG to its end, every task a success."""
    states = task_states(run_dag(dag_id, {"catalog": CATALOG, **form}))
    assert states.pop("record_refusals", "skipped") == "skipped"  # every file was good
    assert set(states.values()) == {"success"}, states


def rows(folder: Path, table: Table) -> list[dict[str, Any]]:
    """A table's rows without what is the run's own, sorted."""
    read = DeltaTable(folder).to_pyarrow_table().to_pylist()
    kept = [{name: _unordered(value) for name, value in row.items() if name not in OWN} for row in read]
    return sorted(kept, key=lambda row: [str(row[name]) for name in table.key])


def _unordered(value: Any) -> Any:
    """A value as it compares: the entries of a map have no order."""
    is_map = isinstance(value, list) and value and all(isinstance(entry, tuple) for entry in value)
    return sorted(value) if is_map else value


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabricksEmulator]:
    """The workspace that Airflow and a target lead to, after `make deploy`."""
    include = copy_include(tmp_path, {"targets/prod.yaml": {"catalog: demo": PLACE, NOBODY: SERVICE_PRINCIPAL}})
    with DatabricksEmulator(tmp_path / "nothing", tmp_path / "databricks-home") as emulator:
        deploy(emulator, load_target("prod", include))
        monkeypatch.setenv("AIRFLOW_CONN_DATABRICKS_DEFAULT", emulator.connection)
        monkeypatch.setenv("BASKETRY_WAREHOUSE_ID", emulator.warehouse_id)
        monkeypatch.setenv("BASKETRY_POLLING_SECONDS", "1")
        monkeypatch.setenv("BASKETRY_INCLUDE", str(include))
        monkeypatch.setenv("BASKETRY_TARGET", "prod")
        yield emulator


def test_the_tables_are_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workspace: DatabricksEmulator) -> None:
    """ingest, then daily_sales: by spark-submit, and as runs of a Databricks workspace."""
    from airflow.utils.db import initdb

    initdb()
    monkeypatch.setattr("airflow.models.dagrun.DagRun.execute_dag_callbacks", lambda *arguments, **named: None)
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path / "local-home"))
    lakes = {"local": tmp_path / "local-home" / "lake" / CATALOG, "databricks": workspace.home / "lake" / METASTORE}
    deliver(tmp_path / "local-home" / "landing" / CATALOG)
    deliver(workspace.home / "Volumes" / METASTORE / "dg_landing" / "files")
    for runtime in lakes:
        monkeypatch.setenv("BASKETRY_RUNTIME", runtime)
        for feed in FEEDS:
            run("ingest", feed=feed, delivered_by="tests")
        run("daily_sales", as_of="2026-11-20")
    assert len(workspace.runs) == 2
    for table in (*COMPARED, JOB_RUNS):
        here, there = (
            lakes["local"] / table.schema / table.name,
            lakes["databricks"] / f"dg_{table.schema}" / table.name,
        )
        assert local_delta.columns(here) == local_delta.columns(there), table.full_name
        assert local_delta.required_columns(here) == local_delta.required_columns(there), table.full_name
        if table is not JOB_RUNS:  # whose rows say which run it was, when and how long
            found = rows(here, table)
            assert found, f"{table.full_name} is empty in both"
            assert found == rows(there, table), table.full_name
