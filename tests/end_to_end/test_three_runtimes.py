"""The same DAGs, the same arguments, here, on clusters and on serverless compute: the tables are equal row for row.

In a workspace jobs run as it runs them: `make deploy` put scripts and wheel there, tables have three-part names in a metastore,
files lie in volumes, and the target places the retailer behind a prefix in a catalog of another name. On serverless compute
a job is a client of Spark Connect that has neither py4j nor a JVM, and the server's door refuses what serverless compute does.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from basketry.config.targets import NOBODY, load_target
from basketry.databricks.bundle_paths import ROOT, scripts_folder
from basketry.lake.unity_lake import SCRATCH
from basketry.tables import FILES, GRAINS, JOB_RUNS, ORDER_LINES, QUARANTINE, SALES, SALES_ROLLUP, Table
from basketry.warehouse import local_delta
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.databricks_emulator.metastore import CATALOG as METASTORE
from tests.databricks_emulator.principals_api import SERVICE_PRINCIPAL
from tests.kit.dags import run_dag, task_states
from tests.kit.deployed import deploy
from tests.kit.documents import copy_include
from tests.kit.workspace_runs import run_on

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
ATTEMPTS = Path(__file__).with_name("serverless_attempts.py")
ANALYSIS = "pyspark.errors.exceptions.connect.AnalysisException: "
NOT_SUPPORTED = f"{ANALYSIS}[NOT_SUPPORTED_WITH_SERVERLESS] "
ENDLESS = f"{ANALYSIS}[INFINITE_STREAMING_TRIGGER_NOT_SUPPORTED] Trigger type ProcessingTime is not supported"
REFUSED = {
    "conf.set": f"{ANALYSIS}[CONFIG_NOT_AVAILABLE] Configuration spark.sql.execution.arrow.maxRecordsPerBatch is not",
    "SET": f"{ANALYSIS}[CONFIG_NOT_AVAILABLE] Configuration spark.databricks.delta.retentionDurationCheck.enabled is not",
    "cache": f"{NOT_SUPPORTED}PERSIST TABLE is not supported on serverless compute. SQLSTATE: 0A000",
    "persist": f"{NOT_SUPPORTED}PERSIST TABLE is not supported on serverless compute. SQLSTATE: 0A000",
    "localCheckpoint": f"{NOT_SUPPORTED}LOCAL CHECKPOINT is not supported",
    "global view": f"{NOT_SUPPORTED}GLOBAL TEMPORARY VIEW is not supported",
    "no trigger": ENDLESS,
    "processingTime": ENDLESS,
    "foreachBatch": "STREAMING_CONNECT_SERIALIZATION_ERROR",
    "sparkContext": "JVM_ATTRIBUTE_NOT_SUPPORTED",
    "rdd": "JVM_ATTRIBUTE_NOT_SUPPORTED",
    "_jvm": "JVM_ATTRIBUTE_NOT_SUPPORTED",
    "analysis": f"{ANALYSIS}[UNRESOLVED_COLUMN",
}
"""How each attempt of ATTEMPTS ends."""
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


@dataclass(frozen=True)
class Runtime:
    """Where DAGs are run, and how they find it.

    Attributes:
        variables: Airflow's environment.
        lake: The folder of the schemas.
        prefix: How schemas are called before their layer.
        landing: The folder of the feeds.
        emulator: The workspace, where it is one.
    """

    variables: dict[str, str]
    lake: Path
    prefix: str
    landing: Path
    emulator: DatabricksEmulator | None = None

    def folder(self, table: Table) -> Path:
        """The folder of a table."""
        return self.lake / f"{self.prefix}{table.schema}" / table.name


def local(home: Path) -> Runtime:
    """Jobs by spark-submit on this machine."""
    variables = {"BASKETRY_RUNTIME": "local", "BASKETRY_HOME": str(home)}
    return Runtime(variables, home / "lake" / CATALOG, "", home / "landing" / CATALOG)


@contextmanager
def workspace(home: Path, profile: str) -> Iterator[Runtime]:
    """A workspace that Airflow and a target lead to, after `make deploy`; every job runs on a profile of include/compute."""
    include = copy_include(
        home,
        {
            "targets/prod.yaml": {"catalog: demo": PLACE, NOBODY: SERVICE_PRINCIPAL},
            "jobs.yaml": {"default: small": f"default: {profile}"},
        },
    )
    with DatabricksEmulator(home / "nothing", home / "databricks-home") as emulator:
        deploy(emulator, load_target("prod", include))
        variables = {
            "AIRFLOW_CONN_DATABRICKS_DEFAULT": emulator.connection,
            "BASKETRY_HOME": str(home),
            "BASKETRY_INCLUDE": str(include),
            "BASKETRY_POLLING_SECONDS": "1",
            "BASKETRY_RUNTIME": "databricks",
            "BASKETRY_TARGET": "prod",
            "BASKETRY_WAREHOUSE_ID": emulator.warehouse_id,
        }
        landing = emulator.home / "Volumes" / METASTORE / "dg_landing" / "files"
        yield Runtime(variables, emulator.home / "lake" / METASTORE, "dg_", landing, emulator)


def daily_flow(runtime: Runtime) -> None:
    """ingest, then daily_sales."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("airflow.models.dagrun.DagRun.execute_dag_callbacks", lambda *arguments, **named: None)
        for name, value in runtime.variables.items():
            patch.setenv(name, value)
        for feed in FEEDS:
            run("ingest", feed=feed, delivered_by="tests")
        run("daily_sales", as_of="2026-11-20")


@pytest.fixture(scope="module")
def runtimes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Runtime]]:
    """All three after the daily flow."""
    from airflow.utils.db import initdb

    initdb()
    homes = {name: tmp_path_factory.mktemp(name) for name in ("here", "clusters", "serverless")}
    with workspace(homes["clusters"], "small") as clusters, workspace(homes["serverless"], "serverless") as serverless:
        by_name = {"here": local(homes["here"]), "clusters": clusters, "serverless": serverless}
        for runtime in by_name.values():
            deliver(runtime.landing)
            daily_flow(runtime)
        yield by_name


def test_the_tables_are_equal(runtimes: dict[str, Runtime]) -> None:
    """By spark-submit, as runs on a cluster, and as runs over Spark Connect."""
    here = runtimes["here"]
    for there in (runtimes["clusters"], runtimes["serverless"]):
        assert there.emulator is not None and len(there.emulator.runs) == 2
        for table in (*COMPARED, JOB_RUNS):
            ours, theirs = here.folder(table), there.folder(table)
            assert local_delta.columns(ours) == local_delta.columns(theirs), table.full_name
            assert local_delta.required_columns(ours) == local_delta.required_columns(theirs), table.full_name
            if table is not JOB_RUNS:  # whose rows say which run it was, when and how long
                found = rows(ours, table)
                assert found, f"{table.full_name} is empty in both"
                assert found == rows(theirs, table), table.full_name


def test_serverless_compute_refused_nothing_and_holds_no_scratch(runtimes: dict[str, Runtime]) -> None:
    """Jobs do not even try what they may not; the tables that held their rows meanwhile are gone."""
    serverless = runtimes["serverless"]
    assert serverless.emulator is not None
    assert serverless.emulator.connect.refused == []
    assert not list((serverless.lake.parent.parent / "metastore" / "warehouse").glob("*/scratch_*"))
    assert not list(serverless.lake.glob(f"*/{SCRATCH}*"))


def test_serverless_compute_refuses_in_its_own_words(runtimes: dict[str, Runtime]) -> None:
    """What open-source Connect would do, the door refuses; what needs a JVM, the client itself. Errors are the client's types."""
    emulator = runtimes["serverless"].emulator
    assert emulator is not None
    emulator.tree.write(f"{scripts_folder(ROOT)}/attempts.py", ATTEMPTS.read_bytes(), overwrite=True)
    (wheel, *_) = next(iter(emulator.runs)).tasks[0].settings.dependencies or ()
    before = len(emulator.connect.refused)
    ended = run_on(emulator, "serverless", ROOT, wheel, "attempts")
    assert ended.state.result == "SUCCESS", ended.tasks[0].log("stderr")
    report = json.loads(ended.tasks[0].log().splitlines()[-1])
    for name, words in REFUSED.items():
        assert words in report.pop(name), name
    assert report == {
        "told to the builder": "10485760b",
        "modules": "basketry",
        "variables": "SPARK_REMOTE",
        "jars": "",
    }
    assert len(emulator.connect.refused) - before == 8
