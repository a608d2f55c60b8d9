"""`make databricks-smoke`: in one hour, what only a workspace can prove. One line per step, so that a first report is precise.

It works for the demo retailer in schemas of its own, `smoke_<target>_…` in the target's Unity Catalog catalog, which it drops
at the end; beside them it only deploys the target, twice.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from basketry.access import load_grants
from basketry.access.unity import GrantChange, apply_change
from basketry.config.unity_names import UnityNames, quote
from basketry.errors import BadInputError
from basketry.jobs import Job
from basketry.jobs.forecast import TRAIN_FORECAST
from basketry.jobs.ingest import INGEST
from basketry.jobs.maintenance import NOOP
from basketry.jobs.offers import OFFERS
from basketry.jobs.privacy import APPLY_GRANTS
from basketry.jobs.sales import SALES
from basketry.metrics import load_metrics
from basketry.metrics.metric_views import metric_views
from tools.demo.delivery import deliver
from tools.deploy.apply import Deployment, Options, require_ready
from tools.deploy.bundle_cli import BundleCommands
from tools.deploy.checks import check_workspace
from tools.deploy.containers import Schema
from tools.deploy.finding import first_line
from tools.deploy.principal import is_deployed, run_as_principal
from tools.deploy.statements import run_statement
from tools.deploy.target import Target
from tools.deploy.workspace import Site
from tools.problem import Problem

CALLER = "databricks-smoke"
RETAILER = "demo"
WEEKS, SCALE = 92, 0.02
"""The simulated retailer that is loaded: long enough to train a forecast, and small."""

USAGE = Path("queries") / "dbu_by_dag.sql"
"""The query of what runs cost, in include/."""

Say = Callable[[str], None]


def smoke_target(target: Target) -> Target:
    """Return the target with the demo retailer in schemas of the smoke run's own."""
    place = UnityNames(catalog=target.own_names.catalog, schema_prefix=f"smoke_{target.name}_")
    return target.model_copy(update={"catalog": RETAILER, "unity": {RETAILER: place}})


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        name: Its name.
        proves: What a workspace proves by it.
        run: Does it and returns a fact; a Problem, or an error of the workspace, where it fails.
        needs: The steps without which it makes no sense.
    """

    name: str
    proves: str
    run: Callable[[Smoke], str]
    needs: tuple[str, ...] = ()


class Smoke:
    """One smoke run."""

    def __init__(
        self, site: Site, checkout: Path, bundle: BundleCommands, say: Say, *, keep: bool, polling: float | None = None
    ) -> None:
        """Look at a target through a client that is signed in.

        Args:
            site: The workspace and the target.
            checkout: The checkout that was deployed.
            bundle: Deploys the bundle.
            say: Shows one line.
            keep: Whether what was made stays, to be looked at.
            polling: Seconds between two looks at a run; the profile's, when None.
        """
        self.site, self.checkout, self.bundle = site, checkout, bundle
        self.own = Site(site.client, smoke_target(site.target))
        self.include = checkout / "include"
        self.keep = keep
        self._say, self._polling = say, polling
        self.last_day = date.today() - timedelta(days=3)  # noqa: DTZ011 over in every time zone

    def run(self, steps: Sequence[Step]) -> int:
        """Run the steps, one line each; returns how many did not end well."""
        done: set[str] = set()
        for number, step in enumerate(steps, 1):
            head = f"{number:>2} {step.name:<10}"
            if missing := [need for need in step.needs if need not in done]:
                self._say(f"{head} not tried  it needs {' and '.join(missing)}")
                continue
            start = time.monotonic()
            fact, failed = self._attempt(step)
            done |= set() if failed else {step.name}
            seconds = f"{time.monotonic() - start:7.1f} s"
            self._say(f"{head} {'FAILED' if failed else 'ok':<6} {seconds}  {fact}")
        return len(steps) - len(done)

    def _attempt(self, step: Step) -> tuple[str, bool]:
        from databricks.sdk.errors import DatabricksError

        try:
            return step.run(self), False
        except (Problem, BadInputError) as problem:
            return " ".join(str(problem).split()).rstrip("."), True
        except (DatabricksError, TimeoutError, OSError) as error:
            return f"{type(error).__name__}: {first_line(error)}", True

    def job(self, job: Job[..., Any], *options: str) -> str:
        """Run a job for the demo retailer as the jobs' principal; Problem with the run's own words where it fails."""
        finding = run_as_principal(
            self.own, self.checkout, job, job.name, options, caller=CALLER, polling=self._polling
        )
        if finding.wrong:
            raise Problem(f"the job {finding.what}: {finding.wrong}; {finding.fix}")
        return job.name

    def deployment(self, site: Site, bundle: BundleCommands | None = None) -> int:
        """Deploy a target; returns how much there was to do beside the bundle."""
        return Deployment(site, self.checkout, Options(), lambda line: None, bundle).run()

    def deliver(self, last_day: date) -> int:
        """Deliver the demo retailer's files up to a day into its landing volume; returns how many."""
        landing = self.own.target.own_names.volume_folder("landing")
        with tempfile.TemporaryDirectory() as folder:
            first = self.last_day - timedelta(weeks=WEEKS)
            deliver(Path(folder), last_day, start=first - timedelta(days=first.weekday()), scale=SCALE)
            files = sorted(path for path in Path(folder).glob("*/*") if path.is_file())
            for path in files:
                with path.open("rb") as content:
                    self.site.client.files.upload(f"{landing}/{path.parent.name}/{path.name}", content, overwrite=True)
        return len(files)


def _workspace(smoke: Smoke) -> str:
    require_ready(check_workspace(smoke.site, load_grants(smoke.site.target.catalog, smoke.include), smoke.include))
    if not is_deployed(smoke.site, smoke.checkout):
        raise Problem(f"this checkout is not deployed: make deploy TARGET={smoke.site.target.name}, then this again")
    return f"{smoke.site.client.config.host} as {smoke.site.me}"


def _place(smoke: Smoke) -> str:
    changes = smoke.deployment(smoke.own)
    names = smoke.own.target.own_names
    for layer in ("silver", "gold", "ops"):  # whose tables the jobs' principal will own, and views the deployer
        schema = ("SCHEMA", f"{names.catalog}.{names.schema_name(layer)}")
        apply_change(
            smoke.site.client, GrantChange(securable=schema, principal=smoke.site.me, privilege="SELECT", grant=True)
        )
    return f"{changes} things made in {smoke.own.target.own_names.catalog}.{smoke.own.target.own_names.schema_prefix}*"


def _noop(smoke: Smoke) -> str:
    return f"{smoke.job(NOOP, '--write')} wrote a row of ops.job_runs as {smoke.site.target.service_principal}"


def _ingest(smoke: Smoke) -> str:
    files = smoke.deliver(smoke.last_day - timedelta(days=1))
    smoke.job(INGEST, "--feed=*", "--files=*")
    smoke.job(SALES, f"--as-of={smoke.last_day - timedelta(days=1)}")
    return f"{files} files loaded, sales written"


def _train(smoke: Smoke) -> str:
    return f"{smoke.job(TRAIN_FORECAST, f'--as-of={smoke.last_day - timedelta(days=1)}')} registered a version"


def _deploy(smoke: Smoke) -> str:
    first = smoke.deployment(smoke.site, smoke.bundle)
    smoke.site.forget()
    if again := smoke.deployment(smoke.site, smoke.bundle):
        raise Problem(f"a second deployment, with nothing changed, changed {again} things beside the bundle")
    return f"{first} changes, then none"


def _grants(smoke: Smoke) -> str:
    smoke.own.forget()
    changes = smoke.deployment(smoke.own)
    smoke.job(APPLY_GRANTS)
    files = smoke.deliver(smoke.last_day)
    smoke.job(INGEST, "--feed=*", "--files=*")
    return f"{changes} views and rights, and {files} files loaded again behind them"


def _metrics(smoke: Smoke) -> str:
    names = smoke.own.target.own_names
    stored = {
        own_name
        for schema in (names.schema_name("gold"), names.schema_name("ops"))
        for table in smoke.site.client.tables.list(names.catalog, schema)
        if (own_name := names.own_name(schema, str(table.name)))
    }
    asked = [view for view in metric_views(load_metrics(smoke.include)) if view.full_name in stored]
    for view in asked:
        measures = ", ".join(f"MEASURE(`{name}`)" for name in view.cube.measures)
        try:
            run_statement(smoke.own, f"SELECT {measures} FROM {names.quoted(*view.full_name.split('.'))}")  # noqa: S608
        except Exception as error:
            raise Problem(f"{view.full_name}: {first_line(error)}") from None
    if not asked:
        raise Problem("there is no metric view: make deploy has made none, though tables are there")
    return f"{len(asked)} metric views answered"


def _offers(smoke: Smoke) -> str:
    return f"{smoke.job(OFFERS)} read an empty folder and ended"


def _cost(smoke: Smoke) -> str:
    try:
        rows = run_statement(smoke.site, (smoke.include / USAGE).read_text(encoding="utf-8"))
    except Exception as error:
        fix = "an account admin grants USE SCHEMA and SELECT on system.billing; Free Edition has no such table"
        raise Problem(f"{first_line(error)}; {fix}") from None
    return f"{len(rows)} lines of DBU per DAG and day (usage arrives within hours)"


def _clean(smoke: Smoke) -> str:
    if smoke.keep:
        return "kept, as asked"
    names, dropped = smoke.own.target.own_names, 0
    smoke.own.forget()
    for schema in names.own_schemas():
        container = Schema(f"{names.catalog}.{schema}")
        if container.exists(smoke.own) and container.owner(smoke.own) == smoke.site.target.name:
            run_statement(smoke.own, f"DROP SCHEMA {quote(container.name)} CASCADE")
            dropped += 1
    return f"{dropped} schemas dropped"


STEPS = (
    Step("workspace", "login, groups, warehouse, profiles, the deployed checkout", _workspace),
    Step("place", "schemas, volumes and rights by the API", _place, ("workspace",)),
    Step("noop", "a job starts as the service principal and writes a row", _noop, ("place",)),
    Step("ingest", "tables written in Unity Catalog, files read from a volume", _ingest, ("noop",)),
    Step("train", "a model registered in Unity Catalog", _train, ("ingest",)),
    Step(
        "deploy", "bundle, dashboards and Genie space; a second deployment finds nothing to do", _deploy, ("workspace",)
    ),
    Step(
        "grants", "metric views, teams' rights and masks, and jobs that still write behind them", _grants, ("ingest",)
    ),
    Step("metrics", "every metric view answers", _metrics, ("grants",)),
    Step("offers", "the stream's checkpoint, Auto Loader on an empty folder", _offers, ("place",)),
    Step("cost", "what runs cost, by tags", _cost, ("workspace",)),
    Step("clean", "what the smoke run made is gone", _clean, ("place",)),
)
"""In this order."""
