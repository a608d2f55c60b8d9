"""make databricks-smoke against an emulated workspace: a line per step, and the sentence where one fails."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from deltalake import write_deltalake
from sqlglot import exp

from basketry.config.settings import CHECKOUT
from basketry.jobs import all_jobs
from basketry.jobs.command_line import parse_arguments
from basketry.tables import FILES, PRODUCT_DECISIONS, SALES, SALES_ROLLUP
from tests.databricks_emulator.process import Ending
from tests.kit.bundle import put_code
from tests.kit.lake import fill
from tests.tools.deploy.conftest import CATALOG, Bench, StandInCli, ready_workspace
from tools.deploy import commands, smoke
from tools.deploy.bundle_cli import BundleCommands

USAGE = (CHECKOUT / "include" / smoke.USAGE).read_text()
DOCUMENTED = {
    "record_id": pa.string(),
    "account_id": pa.string(),
    "workspace_id": pa.string(),
    "sku_name": pa.string(),
    "cloud": pa.string(),
    "usage_start_time": pa.timestamp("us", "UTC"),
    "usage_end_time": pa.timestamp("us", "UTC"),
    "usage_date": pa.date32(),
    "custom_tags": pa.map_(pa.string(), pa.string()),
    "usage_unit": pa.string(),
    "usage_quantity": pa.decimal128(38, 18),
    "record_type": pa.string(),
    "billing_origin_product": pa.string(),
    "usage_type": pa.string(),
}
"""Columns of system.billing.usage, structures aside: https://docs.databricks.com/aws/en/admin/system-tables/billing."""


@dataclass
class Jobs:
    """What stands in for jobs. fails: how one of them ends, by its name; asked: job, retailer and schemas of each run."""

    home: Path
    fails: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, script: Path, parameters: Sequence[str]) -> Ending:
        """Take the arguments as the job would, and leave what the next steps look for."""
        arguments = parse_arguments(all_jobs()[script.stem], parameters)
        self.asked.append((script.stem, arguments.catalog))
        assert '"schema_prefix":"smoke_dev_"' in str(arguments.unity_names)
        if script.stem in self.fails:
            return Ending("failure", self.fails[script.stem])
        if script.stem == "ingest":
            assert list((self.home / "Volumes" / CATALOG / "smoke_dev_landing" / "files").glob("*/*.csv"))
            for table in (PRODUCT_DECISIONS, SALES["month"], SALES_ROLLUP["month"], FILES):
                placed = dataclasses.replace(table, schema=f"smoke_dev_{table.schema}")
                fill(self.home / "lake", CATALOG, placed, [])
        return Ending("success")


@dataclass
class Smoked:
    """A workspace with the code in it, its jobs, and what was said."""

    bench: Bench
    jobs: Jobs
    said: list[str] = field(default_factory=list)

    def run(self, *, keep: bool = False) -> int:
        """One smoke run; returns how many steps did not end well."""
        self.said.clear()
        bundle = BundleCommands(self.bench.checkout, "dev")
        site, checkout = self.bench.site(), self.bench.checkout
        return smoke.Smoke(site, checkout, bundle, self.said.append, keep=keep, polling=0.02).run(smoke.STEPS)

    def ends(self) -> dict[str, str]:
        """How each step ended, without seconds and fact."""
        return {line.split()[1]: "not tried" if "not tried" in line else line.split()[2] for line in self.said}

    def line(self, name: str) -> str:
        """The line of a step."""
        return next(line for line in self.said if line.split()[1] == name)


@pytest.fixture
def smoked(tmp_path: Path, checkout: Path, cli: StandInCli, monkeypatch: pytest.MonkeyPatch) -> Iterator[Smoked]:
    """Ready for a smoke run; three files are delivered instead of years of them."""
    for name in ("contracts/demo", "queries"):
        shutil.copytree(CHECKOUT / "include" / name, checkout / "include" / name)
    for name in all_jobs():
        (checkout / "spark_jobs" / f"{name}.py").write_text("")
    monkeypatch.setattr(smoke, "deliver", _deliver)
    jobs = Jobs(tmp_path / "home")
    with ready_workspace(tmp_path, checkout, jobs) as bench:
        bench.emulator.unity.principals.add(bench.site().me)
        put_code(bench.emulator.tree, checkout, bench.site().target)
        yield Smoked(bench, jobs)


def _deliver(out: Path, last_day: date, **options: Any) -> None:
    for feed in ("customers", "order_lines", "products"):
        (out / feed).mkdir()
        (out / feed / f"{feed}_{last_day}.csv").write_text("a\n1\n")
    (out / "manifest.json").write_text("{}")


def write_usage(home: Path) -> None:
    """Two runs of a DAG on one day with a correction, one on serverless, one of somebody else."""
    lines = [("ingest", 2), ("ingest", 3), ("ingest", -1), (None, 4), ("other", 9)]
    rows = []
    for dag, quantity in lines:
        tags = [("project", "basketry" if dag != "other" else "other"), *([("dag", dag)] if dag else [])]
        row: dict[str, Any] = dict.fromkeys(DOCUMENTED) | {"usage_unit": "DBU", "usage_quantity": Decimal(quantity)}
        rows.append(row | {"usage_date": datetime.now().date(), "custom_tags": tags})  # noqa: DTZ005
    write_deltalake(home / "lake" / "system" / "billing" / "usage", pa.Table.from_pylist(rows, pa.schema(DOCUMENTED)))


def test_every_step_ends_well_and_nothing_stays(smoked: Smoked, cli: StandInCli) -> None:
    """Eleven lines with seconds; jobs ran for the demo in schemas of their own, the bundle was deployed twice."""
    write_usage(smoked.bench.emulator.home)
    before = smoked.bench.state()["schemas"]
    assert smoked.run() == 0, smoked.said
    assert set(smoked.ends()) == {step.name for step in smoke.STEPS} and set(smoked.ends().values()) == {"ok"}
    assert all(re.match(r" ?\d+ \w+ +ok +\d+\.\d s  \S", line) for line in smoked.said)
    assert [job for job, _ in smoked.jobs.asked] == [
        *("noop", "ingest", "sales", "train_forecast", "apply_grants", "ingest", "offers")
    ]
    assert {retailer for _, retailer in smoked.jobs.asked} == {"demo"}
    assert [words[1] for words in cli.calls] == ["deploy", "deploy"]
    assert "4 metric views answered" in smoked.line("metrics")
    assert "2 lines of DBU" in smoked.line("cost")
    left = [name for name in smoked.bench.state()["schemas"] if name.startswith("smoke_")]  # type: ignore[attr-defined]
    assert left == [] == [name for name in before if name.startswith("smoke_")]  # type: ignore[attr-defined]


def test_a_step_that_fails_says_why_and_what_needs_it_is_not_tried(smoked: Smoked) -> None:
    """The run's own words and the command; steps that do not need it go on, and what was made is dropped."""
    smoked.jobs.fails = {"ingest": "BadInputError: no volume"}
    assert smoked.run() == 5
    assert "FAILED" in smoked.line("ingest")
    assert "the job ingest: BadInputError: no volume; databricks jobs get-run" in smoked.line("ingest")
    assert smoked.line("train").endswith("not tried  it needs ingest")
    ends = smoked.ends()
    assert [name for name, end in ends.items() if end == "not tried"] == ["train", "grants", "metrics"]
    assert [name for name, end in ends.items() if end == "ok"] == [
        *("workspace", "place", "noop", "deploy", "offers", "clean")
    ]
    assert "system.billing" in smoked.line("cost") and "Free Edition has no such table" in smoked.line("cost")


def test_a_workspace_without_this_checkout_stops_at_once(
    smoked: Smoked, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the command itself: exit code 1, the command that mends it, and nothing made."""
    (smoked.bench.checkout / "spark_jobs" / "noop.py").write_text("# another edition\n")
    monkeypatch.setattr(commands, "CHECKOUT", smoked.bench.checkout)
    monkeypatch.setattr(commands, "INCLUDE", smoked.bench.checkout / "include")
    monkeypatch.setattr(commands, "connect", lambda target: smoked.bench.client)
    monkeypatch.setenv("TARGET", "dev")
    monkeypatch.setenv("ARGS", "--keep")
    assert commands.databricks_smoke_command([]) == 1
    first, *others, last = capsys.readouterr().out.splitlines()
    assert "this checkout is not deployed: make deploy TARGET=dev, then this again" in first
    assert all("not tried" in line for line in others) and last == "dev: 0 of 11 steps ended well."
    assert smoked.bench.emulator.unity.securables._infos == {}


def test_the_query_of_costs_names_documented_columns() -> None:
    """And the tags that compute profiles put on runs; the page shows the query as it is run."""
    query = sqlglot.parse_one(USAGE, dialect="databricks")
    (table,) = query.find_all(exp.Table)
    assert table.sql() == "system.billing.usage"
    assert {column.name for column in query.find_all(exp.Column)} - {"dbu"} <= set(DOCUMENTED)
    assert "project: basketry" in (CHECKOUT / "include" / "jobs.yaml").read_text()
    assert USAGE.strip() in (CHECKOUT / "docs" / "databricks.md").read_text()
