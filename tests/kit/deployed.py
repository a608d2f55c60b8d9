"""A workspace to which this checkout is deployed, and where a job is checked instead of run: every DAG in seconds."""

from __future__ import annotations

import runpy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

from basketry import registry
from basketry.config.settings import CHECKOUT, Settings
from basketry.config.targets import Target, load_target
from basketry.jobs.command_line import parse_arguments
from basketry.registry.models import MODELS
from basketry.registry.promotion import promote
from basketry.registry.promotion_request import PromotionRequest
from basketry.tables import FILES
from basketry.warehouse import open_rows
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.databricks_emulator.principals_api import SERVICE_PRINCIPAL
from tests.databricks_emulator.process import Ending
from tests.kit.bundle import put_code, put_offers_job
from tests.kit.documents import INCLUDE
from tests.kit.lake import fill
from tests.kit.registry import gate_says, register
from tests.kit.results import delivered_file

CATALOG = "sales_project"
FEED = "order_lines"


@dataclass
class Jobs:
    """What the jobs of a workspace were asked to do.

    fails: text with which a script ends, by its name. numbers: what a training logs, by its model.
    """

    home: Path
    asked: list[tuple[str, Any]] = field(default_factory=list)
    fails: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, dict[str, float]] = field(default_factory=dict)

    def __call__(self, script: Path, parameters: Sequence[str]) -> Ending:
        """Start the deployed script as far as its arguments, and leave what the DAG's next tasks read."""
        arguments = _arguments(script, parameters)
        self.asked.append((script.stem, arguments))
        if text := self.fails.get(script.stem):
            return Ending("failure", text, text)
        given = vars(arguments).items()
        trained = [
            s.name for s in MODELS.values() if s.training.name == script.stem and s.training_options.items() <= given
        ]
        if trained:
            (model,) = trained
            numbers = self.numbers.get(model)
            made = new_version(arguments.catalog, model) if numbers is None else self.trained(model, numbers)
            registry.set_challenger(*made)
        elif script.stem == "ingest" and not arguments.refusals_only:
            self._load(arguments)
        return Ending("success")

    def trained(self, model: str, numbers: Mapping[str, float]) -> tuple[str, str]:
        """The model's name and its next version, which loads and whose training logged the numbers."""
        name = registry.registered_name(CATALOG, model)
        tags = {"basketry.champion_version": registry.alias_version(name, registry.CHAMPION) or ""}
        return name, register(self.home, name, numbers, tags)

    def make_champion(self, model: str) -> str:
        """Train a version and promote it as its gate would; return its number."""
        name, version = self.trained(model, {})
        champion = registry.alias_version(name, registry.CHAMPION)
        gate_says(model, version, "promote", champion, catalog=CATALOG)
        rows = open_rows(CATALOG, Settings.from_environment({"BASKETRY_HOME": str(self.home)}))
        moment = "2026-03-10T09:30:00+00:00"
        promote(rows, PromotionRequest(model=model, challenger=version, decided_at=moment, run_id=version))
        return version

    def _load(self, arguments: Any) -> None:
        from basketry.contracts import load_contract
        from basketry.files import inspect_file

        contract = load_contract(arguments.catalog, arguments.feed)
        landing = self.home / "landing" / arguments.catalog / arguments.feed
        rows = [
            delivered_file(
                arguments.feed,
                inspect_file(path, contract).checksum,
                file_name=path.name,
                run_id=arguments.run_id,
                touched_from=date(2026, 11, 20),
                touched_to=date(2026, 11, 21),
            )
            for path in sorted(landing.iterdir())
        ]
        fill(self.home / "lake", arguments.catalog, FILES, rows)


def _arguments(script: Path, parameters: Sequence[str]) -> Any:
    """What the script's own job makes of the parameters when it is started; it is not begun."""
    started: list[Any] = []
    with patch("basketry.lake.runner.job_main", started.append):
        runpy.run_path(str(script), run_name="__main__")
    (job,) = started
    return parse_arguments(job, parameters)


def new_version(catalog: str, model: str) -> tuple[str, str]:
    """The model's name and its next version, which holds nothing: no gate lets it in."""
    import mlflow

    client, name = mlflow.MlflowClient(), registry.registered_name(catalog, model)
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    champion = registry.alias_version(name, registry.CHAMPION) or ""
    with mlflow.start_run() as run:
        mlflow.set_tags({"basketry.champion_version": champion})
    return name, str(client.create_model_version(name, f"runs:/{run.info.run_id}/model", run.info.run_id).version)


def deploy(emulator: DatabricksEmulator, target: Target) -> None:
    """Make the workspace ready for a target and `make deploy` this checkout into it, code included; that needs no CLI."""
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.config import Config

    from basketry.access import load_grants
    from tools.deploy.apply import Deployment, Options
    from tools.deploy.workspace import Site

    (emulator.home / "lake" / target.own_names.catalog).mkdir(parents=True)
    grants = load_grants(target.catalog, INCLUDE)
    emulator.unity.principals = {grants.pipeline, *(team.principal for team in grants.teams.values())}
    client = WorkspaceClient(config=Config(host=emulator.url, token=emulator.token, rate_limit=1000))
    Deployment(Site(client, target), CHECKOUT, Options(), lambda line: None, bundle=None).run()
    put_code(emulator.tree, CHECKOUT, target)


@contextmanager
def deployed(home: Path) -> Iterator[tuple[DatabricksEmulator, Jobs]]:
    """The workspace after `make deploy` of this checkout for CATALOG, with a delivered file."""
    jobs = Jobs(home)
    with DatabricksEmulator(home / "nothing", home, stand_in=jobs) as emulator:
        changes = {"catalog": CATALOG, "service_principal": SERVICE_PRINCIPAL}
        deploy(emulator, load_target("prod", INCLUDE).model_copy(update=changes))
        put_offers_job(emulator, CATALOG)
        landing = home / "landing" / CATALOG / FEED
        landing.mkdir(parents=True, exist_ok=True)
        sample = CHECKOUT / "tests" / "samples" / "sales_project" / "sales_orders_2026-11-20.csv"
        (landing / sample.name).write_bytes(sample.read_bytes())
        yield emulator, jobs
