"""The same DAGs, the same arguments, both runtimes: the tables are equal row for row."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from basketry.tables import FILES, GRAINS, ORDER_LINES, QUARANTINE, SALES, SALES_ROLLUP, Table
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.kit.dags import run_dag, task_states

CHECKOUT = Path(__file__).resolve().parents[2]
SAMPLES = CHECKOUT / "tests" / "samples" / "sales_project"
FEEDS = {"order_lines": ("sales_orders_2026-11-20.csv", "sales_orders_2026-11-21.csv")}
CATALOG = "sales_project"
COMPARED = (
    ORDER_LINES,
    QUARANTINE,
    FILES,
    *(SALES[grain] for grain in GRAINS),
    *(SALES_ROLLUP[grain] for grain in GRAINS),
)
OWN = {"run_id", "delivered_at", "_delivered_at", "ordering_time", "_ordering_time"}
"""Columns that name the run, or the moment at which a test copied the file."""


def deliver(home: Path) -> None:
    """Copy the samples into the landing folders of a home, with their times."""
    for feed, names in FEEDS.items():
        folder = home / "landing" / CATALOG / feed
        folder.mkdir(parents=True)
        for name in names:
            shutil.copy2(SAMPLES / name, folder)


def run(dag_id: str, **form: Any) -> None:
    """A run of a DAG to its end, every task a success."""
    states = task_states(run_dag(dag_id, {"catalog": CATALOG, **form}))
    assert states.pop("record_refusals", "skipped") == "skipped"  # every file was good
    assert set(states.values()) == {"success"}, states


def rows(home: Path, table: Table) -> list[dict[str, Any]]:
    """A table's rows without what is the run's own, sorted."""
    read = DeltaTable(str(home / "lake" / CATALOG / table.schema / table.name)).to_pyarrow_table().to_pylist()
    kept = [{name: value for name, value in row.items() if name not in OWN} for row in read]
    return sorted(kept, key=lambda row: [str(row[name]) for name in table.key])


def test_the_tables_are_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, databricks_emulator: DatabricksEmulator
) -> None:
    """ingest, then daily_sales: by spark-submit, and as runs of a Databricks workspace."""
    from airflow.utils.db import initdb

    initdb()
    monkeypatch.setattr("airflow.models.dagrun.DagRun.execute_dag_callbacks", lambda *arguments, **named: None)
    monkeypatch.setenv("BASKETRY_WAREHOUSE_ID", databricks_emulator.warehouse_id)
    monkeypatch.setenv("BASKETRY_POLLING_SECONDS", "1")
    homes = {"local": tmp_path / "local-home", "databricks": Path(databricks_emulator.home)}
    for runtime, home in homes.items():
        deliver(home)
        monkeypatch.setenv("BASKETRY_HOME", str(home))
        monkeypatch.setenv("BASKETRY_RUNTIME", runtime)
        for feed in FEEDS:
            run("ingest", feed=feed, delivered_by="tests")
        run("daily_sales", as_of="2026-11-20")
    assert len(databricks_emulator.runs) == 2
    for table in COMPARED:
        here = rows(homes["local"], table)
        assert here == rows(homes["databricks"], table), table.full_name
        assert here, f"{table.full_name} is empty in both"
