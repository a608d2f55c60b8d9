"""A small checkout, an emulated workspace that is ready for it, and a way to deploy the one into the other."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config

from basketry.access import Grants, load_grants
from basketry.config.settings import CHECKOUT
from basketry.config.unity_names import VOLUMES
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.databricks_emulator.principals_api import SERVICE_PRINCIPAL
from tests.databricks_emulator.process import StandIn
from tools.deploy.apply import Deployment, Options
from tools.deploy.bundle_cli import BundleCommands
from tools.deploy.target import load_target
from tools.deploy.workspace import Site

CATALOG = "sales_project"
NEEDED = ("metrics.yaml", "grants", "gates", "compute", "catalogs", f"contracts/{CATALOG}")
CLI = """#!{python}
import json, os, sys
if sys.argv[1:2] == ["version"]:
    print(json.dumps({{"Version": "{version}"}}))
    sys.exit()
with open({log!r}, "a") as log:
    log.write(json.dumps([os.getcwd(), sys.argv[1:], os.environ.get("BUNDLE_VAR_python")]) + "\\n")
sys.exit({code})
"""
"""Stands in for the Databricks CLI where it matters only how we call it; what the CLI does is shown by the CLI alone."""


@dataclass
class Bench:
    """Everything a test of deployments needs."""

    emulator: DatabricksEmulator
    checkout: Path
    lines: list[str] = field(default_factory=list)

    @property
    def client(self) -> WorkspaceClient:
        """The SDK's client with a test's patience."""
        config = Config(
            host=self.emulator.url,
            token=self.emulator.token,
            http_timeout_seconds=30,
            retry_timeout_seconds=10,
            rate_limit=1000,
        )
        return WorkspaceClient(config=config)

    def site(self, target: str = "dev") -> Site:
        """The workspace as a target sees it, nothing remembered."""
        return Site(self.client, load_target(target, self.checkout / "include"))

    def grants(self) -> Grants:
        """Who may read what, as the checkout says."""
        return load_grants(CATALOG, self.checkout / "include")

    def deploy(self, target: str = "dev", bundle: BundleCommands | None = None, **options: bool) -> int:
        """Deploy; returns the number of changes beside the bundle's, and keeps what was said."""
        self.lines.clear()
        return Deployment(self.site(target), self.checkout, Options(**options), self.lines.append, bundle).run()

    def state(self) -> dict[str, object]:
        """Everything that a deployment could have changed."""
        running = self.emulator
        return {
            "files": sorted(path for path in running.tree._entries if path not in ("/", "/Shared", "/Users")),
            "schemas": sorted(path.name for path in (running.home / "lake" / CATALOG).iterdir()),
            "securables": sorted(running.unity.securables._infos),
            "grants": running.unity.granted(),
            "access": {key: dict(held) for key, held in running.governance.access.items() if held},
            "scopes": dict(running.governance.scopes),
            "experiments": sorted(running.governance.experiments),
            "folders": sorted(str(path) for top in VOLUMES for path in (running.home / top).rglob("*")),
        }


def target_text(**changes: str) -> str:
    """A target file of the test's catalog."""
    lines = {
        "description": "a test's workspace",
        "cloud": "aws",
        "catalog": CATALOG,
        "warehouse": "basketry",
        "folder": "/Workspace/basketry",
        "service_principal": SERVICE_PRINCIPAL,
        "secret_scope": "basketry",
        **changes,
    }
    return "".join(f"{key}: {value}\n" for key, value in lines.items())


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """include/ of one catalog, two job scripts with a library."""
    root = tmp_path / "checkout"
    for name in NEEDED:
        source, place = CHECKOUT / "include" / name, root / "include" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, place) if source.is_dir() else shutil.copy(source, place)
    files = {
        "spark_jobs/hello.py": "import os, pathlib\nfrom basketry import greeting\n"
        "pathlib.Path(os.environ['BASKETRY_VOLUMES']).with_name('said').write_text(greeting.TEXT)\n",
        "spark_jobs/basketry/__init__.py": "",
        "spark_jobs/basketry/greeting.py": "TEXT = 'good morning'\n",
        "include/targets/dev.yaml": target_text(),
        "include/targets/prod.yaml": target_text(),
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    # What the build backend reads.
    (root / "spark_jobs" / "basketry" / "config").mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "spark_jobs/basketry/config/edition.py"):
        shutil.copy(CHECKOUT / name, root / name)
    # The profiles' choice names jobs of the real checkout.
    (root / "include" / "jobs.yaml").write_text("default: small\njobs: {}\ntags: {}\n")
    return root


@contextmanager
def ready_workspace(tmp_path: Path, checkout: Path, stand_in: StandIn | None = None) -> Iterator[Bench]:
    """A workspace with the catalog and the groups that a deployment asks for."""
    with DatabricksEmulator(tmp_path / "nothing", tmp_path / "home", stand_in=stand_in) as emulator:
        (emulator.home / "lake" / CATALOG).mkdir(parents=True)
        grants = load_grants(CATALOG, checkout / "include")
        emulator.unity.principals = {grants.pipeline, *(team.principal for team in grants.teams.values())}
        yield Bench(emulator, checkout)


@pytest.fixture
def bench(tmp_path: Path, checkout: Path) -> Iterator[Bench]:
    """A workspace that is ready."""
    with ready_workspace(tmp_path, checkout) as ready:
        yield ready


Edit = Callable[[str, str], None]


@pytest.fixture
def edit(checkout: Path) -> Edit:
    """Write a file of the checkout anew."""
    return lambda name, text: (checkout / name).write_text(text) and None


@dataclass
class StandInCli:
    """An executable `databricks` on the PATH, and what it was called with."""

    folder: Path
    version: str = "1.13.0"
    code: int = 0

    def install(self) -> None:
        """Write it as it should be now."""
        program = self.folder / "databricks"
        values = {"python": sys.executable, "version": self.version, "log": str(self._log), "code": self.code}
        program.write_text(CLI.format(**values))
        program.chmod(0o755)

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    @property
    def calls(self) -> list[list[str]]:
        """The words of each call, in order."""
        return [words for _, words, _ in self.whole_calls]

    @property
    def whole_calls(self) -> list[list[Any]]:
        """Working folder, words, and the Python that is to build the wheel, of each call."""
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandInCli:
    """A CLI that is new enough and does nothing."""
    (tmp_path / "bin").mkdir()
    made = StandInCli(tmp_path / "bin")
    made.install()
    monkeypatch.setenv("PATH", str(made.folder))
    monkeypatch.delenv("BUNDLE_VAR_python", raising=False)
    return made
