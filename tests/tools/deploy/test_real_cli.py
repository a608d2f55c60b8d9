"""The Databricks CLI itself deploys this checkout's bundle to the emulator: what it takes, plans, makes, keeps and removes.

It is no package of any registry, so where it is not installed these are skipped. What it asked is recorded
(recorded_bundle.json) and asked again everywhere, in test_recorded_bundle.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from databricks.sdk import WorkspaceClient

from basketry.access import load_grants
from basketry.config.settings import CHECKOUT
from basketry.databricks.bundle_paths import offers_job_name, scripts_folder, wheel_path
from basketry.tables import FILES
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.databricks_emulator.principals_api import SERVICE_PRINCIPAL
from tests.kit.documents import copy_include
from tests.kit.lake import fill
from tests.kit.results import delivered_file
from tools.bundle import bundle_files
from tools.deploy.apply import Deployment, Options
from tools.deploy.bundle_cli import BundleCommands, bundle_variables, find_cli
from tools.deploy.target import load_target
from tools.deploy.workspace import Site
from tools.problem import Problem

RETAILER, TARGET = "demo", "prod"
NOBODY = "00000000-0000-0000-0000-000000000000"
SOURCES = ("dags", "spark_jobs", "pyproject.toml", "README.md", "LICENSE")


@dataclass
class Real:
    """A copy of this checkout, an emulated workspace, and the CLI between them."""

    checkout: Path
    emulator: DatabricksEmulator

    def cli(self, *words: str, code: int = 0) -> str:
        """What `databricks bundle …` says; it must end with the code."""
        env = os.environ | bundle_variables(self.checkout)
        command = [find_cli(), "bundle", *words, "--target", TARGET]
        done = subprocess.run(command, cwd=self.checkout, env=env, check=False, text=True, capture_output=True)
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        return said

    def deploy(self, **options: bool) -> int:
        """`make deploy`; returns the number of changes beside the bundle's."""
        client = WorkspaceClient(host=self.emulator.url, token=self.emulator.token)
        site = Site(client, load_target(TARGET, self.checkout / "include"))
        bundle = BundleCommands(self.checkout, TARGET)
        return Deployment(site, self.checkout, Options(**options), lambda line: None, bundle).run()

    def change(self, name: str, old: str, new: str) -> None:
        """Another text in a file of the checkout."""
        path = self.checkout / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    @property
    def root(self) -> str:
        """The bundle's root."""
        return load_target(TARGET, self.checkout / "include").root


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """A workspace that is ready, and a login that leads there; the tests below go on from one another."""
    folder = tmp_path_factory.mktemp("bundle")
    checkout = copy_checkout(folder / "checkout")
    with DatabricksEmulator(folder / "nothing", folder / "home") as emulator, pytest.MonkeyPatch.context() as patch:
        (emulator.home / "lake" / RETAILER).mkdir(parents=True)
        grants = load_grants(RETAILER, checkout / "include")
        emulator.unity.principals = {grants.pipeline, *(team.principal for team in grants.teams.values())}
        for name, value in login(emulator, folder).items():
            patch.setenv(name, value)
        yield Real(checkout, emulator)


def login(emulator: DatabricksEmulator, folder: Path) -> dict[str, str]:
    """The environment in which the CLI works: the emulator is all that it can reach."""
    return {
        "DATABRICKS_HOST": emulator.url,
        "DATABRICKS_TOKEN": emulator.token,
        "DATABRICKS_CONFIG_FILE": str(folder / "none"),
        "DATABRICKS_CLI_DISABLE_UPDATE_CHECK": "1",
        "HOME": str(folder),
    }


def copy_checkout(checkout: Path) -> Path:
    """What a deployment reads of this checkout, with a service principal that exists."""
    checkout.mkdir()
    ignored = shutil.ignore_patterns("__pycache__")
    for name in SOURCES:
        source = CHECKOUT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, checkout / name, **({"ignore": ignored} if source.is_dir() else {}))
    copy_include(checkout, {f"targets/{TARGET}.yaml": {NOBODY: SERVICE_PRINCIPAL}})
    write_bundle(checkout)
    return checkout


def write_bundle(checkout: Path) -> None:
    """databricks.yml and what it includes, as the checkout's include/ says."""
    for name, text in bundle_files(checkout).items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(text)


def cli_or_skip() -> None:
    """Skip, and say how the CLI is installed."""
    try:
        find_cli()
    except Problem as problem:
        pytest.skip(str(problem))


pytestmark = pytest.mark.system


@pytest.fixture(autouse=True)
def _cli() -> None:
    cli_or_skip()


def test_the_cli_takes_the_bundle(real: Real) -> None:
    """Without a warning but for those of a CLI of one's own build, and of a login that made the folder above itself."""
    said = real.cli("validate")
    known = ("for development build", "workspace folder has permissions not configured in bundle")
    warnings = [line for line in said.splitlines() if line.startswith("Warning")]
    assert not [line for line in warnings if not any(words in line for words in known)], said


def test_a_deployment_makes_everything(real: Real) -> None:
    """What holds data by ours, the rest by the bundle, each where the jobs and Airflow look for it; then nothing is left."""
    assert "Plan: 28 to add, 0 to change, 0 to delete" in real.cli("plan")
    assert real.deploy() > 50
    emulator = real.emulator
    assert len(emulator.dashboards.documents) == 12
    assert all(not one["embed_credentials"] for one in emulator.dashboards.published.values())
    assert {one["dataset_catalog"] for one in emulator.dashboards.documents.values()} == {RETAILER}
    (space,) = emulator.genie.documents.values()
    assert f"`{RETAILER}`.`gold`.`" in space["serialized_space"] and "${" not in space["serialized_space"]
    (job,) = emulator.named_jobs.jobs.values()
    settings = job["settings"]
    assert settings["name"] == offers_job_name(RETAILER)
    assert settings["run_as"] == {"service_principal_name": SERVICE_PRINCIPAL}
    (wheel,) = (real.checkout / "dist" / "bundle").iterdir()
    (task,) = settings["tasks"]
    assert task["libraries"][0] == {"whl": wheel_path(real.root, wheel.name)}
    assert task["spark_python_task"]["python_file"] == f"{scripts_folder(real.root)}/offers.py"
    assert emulator.tree.read(wheel_path(real.root, wheel.name)) == wheel.read_bytes()
    there = {path.name for path in (CHECKOUT / "spark_jobs").glob("*.py")}
    scripts = emulator.tree.inside(scripts_folder(real.root))
    assert {entry.path.rpartition("/")[2] for entry in scripts} == there


def test_a_second_deployment_changes_nothing(real: Real) -> None:
    """Neither ours nor the bundle's."""
    assert "Plan: 0 to add, 0 to change, 0 to delete, 28 unchanged" in real.cli("plan")
    assert real.deploy() == 0


def test_who_may_do_what(real: Real) -> None:
    """Jobs read their code, teams see dashboards and may ask; nobody else."""
    access = real.emulator.governance.access
    number = str(real.emulator.tree.find(real.root).object_id)
    assert access[("directories", number)] == {("group_name", "basketry-jobs"): "CAN_READ"}
    (space,) = real.emulator.genie.documents
    levels = access[("genie", space)]
    assert levels[("group_name", "basketry-marketing")] == "CAN_RUN"
    for board in real.emulator.dashboards.documents:
        assert access[("dashboards", board)][("group_name", "basketry-marketing")] == "CAN_READ"


def test_what_was_edited_by_hand_is_shown_and_made_again(real: Real) -> None:
    """A dashboard and the space: the plan says so, a deployment refuses, and with --force it writes what is declared."""
    (space,) = real.emulator.genie.documents
    board = next(iter(real.emulator.dashboards.documents))
    declared = real.emulator.dashboards.documents[board]["serialized_dashboard"]
    real.emulator.dashboards.update(board, {"serialized_dashboard": '{"pages": []}'})
    real.emulator.genie.update(space, {"serialized_space": "{}"})
    assert "Plan: 0 to add, 2 to change" in real.cli("plan")
    with pytest.raises(Problem, match="did not end well"):
        real.deploy()
    assert "pages" in real.emulator.dashboards.documents[board]["serialized_dashboard"]
    real.deploy(force=True)
    assert real.emulator.dashboards.documents[board]["serialized_dashboard"] == declared
    assert real.emulator.genie.documents[space]["serialized_space"] != "{}"


def test_a_changed_script_is_another_wheel(real: Real) -> None:
    """One edition lies there, the new one; the job takes it."""
    real.change("spark_jobs/noop.py", '"""Run the job', '"""Runs the job')
    real.deploy()
    (wheel,) = real.emulator.tree.inside(f"{real.root}/artifacts/.internal")
    (job,) = real.emulator.named_jobs.jobs.values()
    assert job["settings"]["tasks"][0]["libraries"][0] == {"whl": f"/Workspace{wheel.path}"}


def test_one_document_that_fails_stops_no_other(real: Real) -> None:
    """The CLI goes on with the rest and fails at the end."""
    for name in ("sales", "stock"):
        real.change(f"include/dashboards/{name}.lvdash.json", '"pages"', '"uiSettings": {}, "pages"')
    boards = real.emulator.dashboards.documents
    failing = next(number for number, board in boards.items() if board["display_name"] == "sales")
    real.emulator.denied.append(f"PATCH .*/lakeview/dashboards/{failing}")
    with pytest.raises(Problem, match="did not end well"):
        real.deploy()
    real.emulator.denied.clear()
    changed = {board["display_name"] for board in boards.values() if "uiSettings" in board["serialized_dashboard"]}
    assert changed == {"stock"}
    real.deploy()
    assert "uiSettings" in boards[failing]["serialized_dashboard"]


def test_what_is_declared_no_more_goes_with_consent_and_data_never(real: Real) -> None:
    """A dashboard leaves the file, then the whole bundle the workspace: everything that holds data is as it was."""
    emulator = real.emulator
    delivered = emulator.home / "landing" / RETAILER / "order_lines" / "a.csv"
    delivered.write_text("a\n")
    emulator.unity.securables.make("FUNCTION", RETAILER, ("gold", "propensity"), {})
    emulator.unity.securables.versions[f"{RETAILER}.gold.propensity"] = [{"version": 1}]
    fill(emulator.home / "lake", RETAILER, FILES, [delivered_file("order_lines", "1")])
    real.deploy()  # the new table's readers get their rights
    data_before = data_of(emulator)
    file = real.checkout / "resources" / "dashboards.yml"
    declared = yaml.safe_load(file.read_text())
    del declared["resources"]["dashboards"]["clusters"]
    file.write_text(yaml.dump(declared))
    with pytest.raises(Problem, match="did not end well"):
        real.deploy()
    assert len(emulator.dashboards.documents) == 12
    real.deploy(auto_approve=True)
    assert len(emulator.dashboards.documents) == 11
    assert data_of(emulator) == data_before
    BundleCommands(real.checkout, TARGET).destroy()
    assert not emulator.dashboards.documents and not emulator.genie.documents and not emulator.named_jobs.jobs
    assert not [path for path in emulator.tree._entries if path.startswith(real.root.removeprefix("/Workspace"))]
    assert data_of(emulator) == data_before
    assert delivered.read_text() == "a\n"


def test_documents_and_job_lie_where_the_target_says(real: Real) -> None:
    """The same bundle, once its target places the retailer into one schema of another catalog."""
    unity = f"unity: {{{RETAILER}: {{catalog: retail-analytics-m, one_schema: shop-day}}}}"
    real.change(f"include/targets/{TARGET}.yaml", "cloud: aws ", f"{unity}\ncloud: aws ")
    write_bundle(real.checkout)
    (real.emulator.home / "lake" / "retail-analytics-m").mkdir()
    real.deploy()
    (space,) = real.emulator.genie.documents.values()
    assert '"retail-analytics-m.shop-day.gold_sales_day"' in space["serialized_space"]
    assert "${" not in space["serialized_space"]
    boards = {board["display_name"]: board for board in real.emulator.dashboards.documents.values()}
    assert "FROM `retail-analytics-m`.`shop-day`.`gold_product_features`" in boards["stock"]["serialized_dashboard"]
    assert {(one["dataset_catalog"], one["dataset_schema"]) for one in boards.values()} == {
        ("retail-analytics-m", "shop-day")
    }
    (job,) = real.emulator.named_jobs.jobs.values()
    words = job["settings"]["tasks"][0]["spark_python_task"]["parameters"]
    assert '--unity-names={"catalog":"retail-analytics-m","one_schema":"shop-day"}' in words
    assert real.deploy() == 0
    assert "Plan: 0 to add, 0 to change, 0 to delete" in real.cli("plan")


def data_of(emulator: DatabricksEmulator) -> dict[str, object]:
    """Everything that holds data, and who may do what with it."""
    lake = emulator.home / "lake" / RETAILER
    return {
        "tables": sorted(str(path) for path in lake.rglob("*")),
        "securables": sorted(emulator.unity.securables._infos),
        "versions": dict(emulator.unity.securables.versions),
        "files": sorted(str(path) for path in (emulator.home / "landing").rglob("*")),
        "grants": emulator.unity.granted(),
        "experiments": sorted(emulator.governance.experiments),
        "scopes": dict(emulator.governance.scopes),
    }
