"""A small checkout, an emulated workspace that is ready for it, and a way to deploy the one into the other."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config

from basketry.access import load_grants
from basketry.config.settings import CHECKOUT
from tests.databricks_emulator.emulator import DatabricksEmulator
from tools.deploy.apply import Deployment, Options, undeploy
from tools.deploy.target import load_target
from tools.deploy.workspace import Site

CATALOG = "sales_project"
DASHBOARD = '{"pages": [{"name": "sales", "displayName": "Sales", "layout": []}], "datasets": []}'
GENIE = '{"version": 2, "data_sources": {"tables": [{"identifier": "${catalog}.gold.sales_day"}]}}'
NEEDED = ("grants", "gates", "compute", "catalogs", f"contracts/{CATALOG}")


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

    def deploy(self, target: str = "dev", **options: bool) -> int:
        """Deploy; returns the number of changes, and keeps what was said."""
        self.lines.clear()
        return Deployment(self.site(target), self.checkout, Options(**options), self.lines.append).run()

    def undeploy(self) -> int:
        """Undeploy; returns how many things stay."""
        self.lines.clear()
        return undeploy(self.site(), self.lines.append, plan=False)

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
            "documents": sorted(running.dashboards.documents) + sorted(running.genie.documents),
        }


def target_text(**changes: str) -> str:
    """A target file of the test's catalog."""
    lines = {
        "description": "a test's workspace",
        "cloud": "aws",
        "catalog": CATALOG,
        "warehouse": "basketry",
        "folder": "/Workspace/Shared/basketry",
        "secret_scope": "basketry",
        **changes,
    }
    return "".join(f"{key}: {value}\n" for key, value in lines.items())


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """include/ of one catalog, two job scripts with a library, one dashboard, one Genie space."""
    root = tmp_path / "checkout"
    for name in NEEDED:
        source, place = CHECKOUT / "include" / name, root / "include" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, place) if source.is_dir() else shutil.copy(source, place)
    files = {
        "spark_jobs/hello.py": "import os, pathlib\nfrom basketry import greeting\n"
        "pathlib.Path(os.environ['BASKETRY_HOME'], 'said').write_text(greeting.TEXT)\n",
        "spark_jobs/basketry/__init__.py": "",
        "spark_jobs/basketry/greeting.py": "TEXT = 'good morning'\n",
        "include/targets/dev.yaml": target_text(),
        "include/targets/prod.yaml": target_text(),
        "include/dashboards/sales.lvdash.json": DASHBOARD,
        "include/genie/sales.json": GENIE,
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


@pytest.fixture
def bench(tmp_path: Path, checkout: Path) -> Iterator[Bench]:
    """A workspace with the catalog and the groups that a deployment asks for."""
    with DatabricksEmulator(tmp_path / "nothing", tmp_path / "home") as emulator:
        (emulator.home / "lake" / CATALOG).mkdir(parents=True)
        grants = load_grants(CATALOG, checkout / "include")
        emulator.unity.principals = {grants.pipeline, *(team.principal for team in grants.teams.values())}
        yield Bench(emulator, checkout)


Edit = Callable[[str, str], None]


@pytest.fixture
def edit(checkout: Path) -> Edit:
    """Write a file of the checkout anew."""
    return lambda name, text: (checkout / name).write_text(text) and None
