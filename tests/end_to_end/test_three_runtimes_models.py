"""Features, scores, segments, forecasts, decisions and the audience of a day: here, on clusters and on serverless compute alike.

On serverless compute files are loaded, and models trained, judged and promoted. Those tables and versions are handed on to the
other two; then each makes the day's rows anew from them, by the same version of each model.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
import pytest
from deltalake import DeltaTable

from basketry.config.settings import CHECKOUT, Settings
from basketry.config.targets import NOBODY, load_target
from basketry.config.unity_names import UnityNames
from basketry.databricks.bundle_paths import ROOT, scripts_folder
from basketry.lake.opening import open_lake
from basketry.registry import CHAMPION
from basketry.tables import PROMOTIONS, TABLES, Table
from basketry.warehouse import local_delta
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.databricks_emulator.metastore import CATALOG as METASTORE
from tests.databricks_emulator.principals_api import SERVICE_PRINCIPAL
from tests.kit.bundle import put_code
from tests.kit.deployed import deploy
from tests.kit.documents import copy_include
from tests.kit.jobs import run_script
from tests.kit.plumbing import include_of_plumbing
from tests.kit.registry import registry_at
from tests.kit.workspace_runs import run_on
from tools.demo import deliver

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.full, pytest.mark.timeout(2400)]

END = date(2026, 11, 20)
DAY = f"--as-of={END}"
SCRIPT = Path(__file__).with_name("jobs_in_turn.py")
SERVERLESS, CLUSTERS = "one_", "two_"
"""How the schemas of each begin."""
KINDS = {"train_propensity": "propensity", "rfm": "rfm", "train_forecast": "forecast"}
FILES_LOADED = [("ingest", f"--feed={feed}") for feed in ("products", "order_lines", "customers")]
FEATURES_MADE = [("features", DAY, "--training", "--only-missing", "--choose-categories"), ("features", DAY)]
TRAINED = [("train_propensity", DAY), ("rfm", DAY, "--fit"), ("train_forecast", DAY)]
PROMOTED = [(job, f"--model={kind}") for kind in KINDS.values() for job in ("judge", "promote")]
OF_THE_DAY = [(job, DAY) for job in ("features", "score_propensity", "rfm", "forecast", "decide_products", "audience")]
MADE = {
    "customer_features", "propensity_scores", "rfm_segments", "product_forecasts", "product_decisions", "marketing_audience",
}  # fmt: skip
OWN = {"run_id", "delivered_at", "ordering_time"}


def names(prefix: str) -> UnityNames:
    """Where a runtime's tables lie."""
    return UnityNames(catalog=METASTORE, schema_prefix=prefix)


@dataclass(frozen=True)
class Workspace:
    """The workspace after `make deploy`; jobs run in it by the same script.

    Attributes:
        emulator: The workspace.
        wheel: The library, a path of it.
    """

    emulator: DatabricksEmulator
    wheel: str

    @property
    def lake(self) -> Path:
        """The folder of the schemas."""
        return self.emulator.home / "lake" / METASTORE

    def run(self, profile: str, prefix: str, jobs: Sequence[Sequence[str]]) -> None:
        """Run jobs one after another on a profile; each must succeed."""
        common = ("--catalog=demo", f"--unity-names={names(prefix).as_argument()}")
        lines = json.dumps([(job, *common, *arguments) for job, *arguments in jobs])
        ended = run_on(self.emulator, profile, ROOT, self.wheel, SCRIPT.stem, [lines])
        assert ended.state.result == "SUCCESS", ended.tasks[0].log() + ended.tasks[0].log("stderr")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, include: Path) -> Iterator[Workspace]:
    """With MLflow, the delivered files of a small shop, and schemas for two runtimes; this process asks its registry too."""
    home = tmp_path_factory.mktemp("workspace")
    place = f"unity: {{demo: {names(SERVERLESS).as_argument()}}}\ncatalog: demo"
    targets = copy_include(home, {"targets/prod.yaml": {"catalog: demo": place, NOBODY: SERVICE_PRINCIPAL}})
    variables = {"BASKETRY_INCLUDE": str(include), "BASKETRY_WAREHOUSE_ID": "emulator"}
    emulator = DatabricksEmulator(home / "nothing", home / "home", with_tracking=True, environment=variables)
    with emulator, registry_at("databricks"), pytest.MonkeyPatch.context() as patch:
        for name, value in {"HOST": emulator.url, "TOKEN": emulator.token}.items():
            patch.setenv(f"DATABRICKS_{name}", value)
        patch.setenv("MLFLOW_REGISTRY_URI", "databricks-uc")
        target = load_target("prod", targets)
        deploy(emulator, target)
        emulator.tree.write(f"{scripts_folder(ROOT)}/{SCRIPT.name}", SCRIPT.read_bytes(), overwrite=True)
        for layer in ("silver", "gold", "ops"):
            (emulator.home / "lake" / METASTORE / f"{CLUSTERS}{layer}").mkdir()
        (emulator.home / "lake" / "demo" / "gold").mkdir(parents=True)
        deliver(emulator.home / "Volumes" / METASTORE / f"{SERVERLESS}landing" / "files", END, scale=0.05)
        yield Workspace(emulator, put_code(emulator.tree, CHECKOUT, target))


@pytest.fixture(scope="module")
def include(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings with which trainings take seconds."""
    return include_of_plumbing(tmp_path_factory.mktemp("plumbing"))


def hand_on(lake: Path, to: Path, prefix: str, catalog: str) -> None:
    """Copy the tables of serverless compute, and register its versions for another runtime, promoted as they were."""
    for log in sorted(lake.glob(f"{SERVERLESS}*/*/_delta_log")):
        schema = prefix + log.parent.parent.name.removeprefix(SERVERLESS)
        shutil.copytree(log.parent, to / schema / log.parent.name)
    renamed = {f"{METASTORE}.{SERVERLESS}gold.{kind}": f"{catalog}.{prefix}gold.{kind}" for kind in KINDS.values()}
    client = mlflow.MlflowClient()
    for ours, theirs in renamed.items():
        client.create_registered_model(theirs)
        made = client.get_model_version(ours, "1")
        client.create_model_version(theirs, made.source, run_id=made.run_id)
        client.set_registered_model_alias(theirs, CHAMPION, "1")
    folder = to / f"{prefix}ops" / PROMOTIONS.name
    decisions = DeltaTable(folder).to_pyarrow_table().to_pylist()
    rows = [[{**row, "model": renamed[row["model"]]}[name] for name in PROMOTIONS.column_names] for row in decisions]
    local_delta.replace_rows(folder, PROMOTIONS.column_names, rows, "true")


@pytest.fixture(scope="module")
def lakes(
    spark: SparkSession, workspace: Workspace, include: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Path, str]]:
    """The folder of each runtime's schemas and how they begin, after the day's jobs."""
    home = tmp_path_factory.mktemp("here")
    workspace.run("serverless", SERVERLESS, [*FILES_LOADED, *FEATURES_MADE, *TRAINED, *PROMOTED])
    hand_on(workspace.lake, workspace.lake, CLUSTERS, METASTORE)
    hand_on(workspace.lake, home / "lake" / "demo", "", "demo")
    workspace.run("serverless", SERVERLESS, OF_THE_DAY)
    workspace.run("small", CLUSTERS, OF_THE_DAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BASKETRY_HOME", str(home))
        patch.setenv("BASKETRY_INCLUDE", str(include))
        lake = open_lake(spark, "demo", Settings.from_environment())
        for job, *arguments in OF_THE_DAY:
            run_script(lake, job, ["--catalog=demo", *arguments])
    return {
        "here": (home / "lake" / "demo", ""),
        "clusters": (workspace.lake, CLUSTERS),
        "serverless": (workspace.lake, SERVERLESS),
    }


def rows(lake: tuple[Path, str], table: Table) -> list[dict[str, Any]]:
    """A table's rows without what is the run's own, sorted."""
    folder, prefix = lake
    read = DeltaTable(folder / f"{prefix}{table.schema}" / table.name).to_pyarrow_table().to_pylist()
    kept = [{name: value for name, value in row.items() if name not in OWN} for row in read]
    return sorted(kept, key=lambda row: [str(row[name]) for name in table.key])


def alike(ours: Any, theirs: Any) -> bool:
    """Whether two values are equal; numbers of floating point within 1e-9."""
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9) or (math.isnan(ours) and math.isnan(theirs))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(alike(ours[name], theirs[name]) for name in ours)
    if isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        pairs = zip(_in_order(ours), _in_order(theirs), strict=True)
        return len(ours) == len(theirs) and all(alike(one, other) for one, other in pairs)
    return bool(ours == theirs)


def _in_order(values: Any) -> Any:
    """A list as it compares: the entries of a map have no order."""
    is_map = isinstance(values, list) and values and all(isinstance(entry, tuple) for entry in values)
    return sorted(values, key=lambda entry: str(entry[0])) if is_map else values


@pytest.mark.parametrize("runtime", ["clusters", "serverless"])
def test_the_days_rows_are_alike(lakes: dict[str, tuple[Path, str]], runtime: str) -> None:
    """Every table of gold, row for row."""
    folder, prefix = lakes["here"]
    tables = [table for table in TABLES if (folder / f"{prefix}{table.schema}" / table.name / "_delta_log").exists()]
    of_the_day = [table for table in tables if table.schema == "gold"]
    assert {table.name for table in of_the_day} >= MADE
    for table in of_the_day:
        ours, theirs = rows(lakes["here"], table), rows(lakes[runtime], table)
        assert ours and len(ours) == len(theirs), table.full_name
        for one, other in zip(ours, theirs, strict=True):
            assert alike(one, other), f"{table.full_name}: {one} is not {other}"


def test_serverless_compute_refused_nothing(lakes: dict[str, tuple[Path, str]], workspace: Workspace) -> None:
    """Neither in loading nor in trainings nor in scoring."""
    assert lakes and workspace.emulator.connect.refused == []
