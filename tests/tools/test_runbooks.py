"""Runbooks are run: each command on a small home, where it answers or refuses in one sentence, and changes nothing."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

import pytest

from basketry.errors import BadInputError, UntrustedModelError
from basketry.jobs.command_line import parse_arguments
from basketry.lake import runner
from basketry.tables import ORDER_LINES, PRODUCTS
from basketry.warehouse import open_rows
from basketry_airflow.retry import CAUSES, UNKNOWN_CAUSE, cause_of
from tests.kit.registry import own_registry
from tests.tools.declared import DAGS, TARGETS
from tests.tools.runbooks import FOLDER, Command, airflow_commands, job_of, make_commands, script
from tools.doctor import doctor_command

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from basketry.lake.lakehouse import Lakehouse

pytestmark = pytest.mark.slow

COMMANDS = make_commands()
JOBS = list({one.text: one for one in COMMANDS if one.target in ("job", "plan")}.values())


@pytest.fixture(scope="module")
def small(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lakehouse]:
    """A home with two orders of one product, and a registry without a model."""
    from basketry.config.settings import Settings
    from basketry.lake.opening import open_lake
    from tests.kit.lake import frame
    from tests.kit.rows import order_line, product

    home = tmp_path_factory.mktemp("runbooks")
    with pytest.MonkeyPatch.context() as patch, own_registry(home):
        patch.setenv("BASKETRY_HOME", str(home))
        patch.delenv("BASKETRY_RUNTIME", raising=False)
        patch.delenv("BASKETRY_OFFER_EVENTS", raising=False)
        lake = open_lake(spark, "demo", Settings.from_environment())
        orders = [order_line("O1", "1", "2026-01-30"), order_line("O2", "1", "2026-01-31")]
        lake.append(ORDER_LINES, frame(spark, ORDER_LINES, orders))
        lake.append(PRODUCTS, frame(spark, PRODUCTS, [product("P1", "C", department="D")]))
        yield lake


def contents(lake: Lakehouse) -> set[str]:
    """Every file of the lake but locks."""
    return {str(path) for path in lake.settings.lake.rglob("*") if path.is_file() and ".locks" not in path.parts}


def test_every_dag_and_the_gate_have_commands() -> None:
    """Each runbook begins with the doctor, and has what looks at its own tables; no other page is a runbook."""
    found = {path.stem for path in FOLDER.glob("*.md")}
    assert found == {*DAGS, "gate", "causes"}
    for name in found - {"causes"}:
        mine = [one.text for one in COMMANDS if one.runbook == name]
        assert mine[0] == "make doctor" and len(mine) > 1, name
    assert {one.target for one in COMMANDS} <= TARGETS


@pytest.mark.parametrize("command", JOBS, ids=lambda one: f"{one.runbook}: {one.text}")
def test_a_command_answers_and_changes_nothing(
    command: Command, small: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its arguments are the job's, it does its work or says in one sentence what is missing, and no file of the lake is new."""
    name, arguments = job_of(command, monkeypatch)
    job = script(name, monkeypatch)
    parsed = parse_arguments(job, arguments)
    before = contents(small)
    tables = open_rows(small.catalog, small.settings) if not job.needs_spark else small
    try:
        assert (runner.job_function(job) if job.needs_spark else resolve_name(job.entry))(tables, parsed).dry_run
    except BadInputError as error:
        assert error.message and "\n" not in error.message.strip()
    assert contents(small) == before


def test_some_commands_really_worked(small: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """On this small home a plan, sales and maintenance have something to tell: not everything was refused."""
    for command in JOBS:
        if command.runbook in ("daily_sales", "maintenance"):
            job = script(job_of(command, monkeypatch)[0], monkeypatch)
            given = parse_arguments(job, job_of(command, monkeypatch)[1])
            assert runner.job_function(job)(small, given).summary, command.text


def test_the_doctor_looks_over_a_small_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what is wrong with a home in which nothing runs, and fails."""
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path))
    monkeypatch.setenv("BASKETRY_AIRFLOW_PORT", "18997")
    monkeypatch.setenv("BASKETRY_MLFLOW_PORT", "18998")
    assert doctor_command([]) == 1


@pytest.mark.parametrize(("runbook", "text"), airflow_commands())
def test_a_command_of_airflow_is_one(runbook: str, text: str) -> None:
    """Airflow's own parser takes it, and the DAG that it names exists."""
    from airflow.cli.cli_parser import get_parser

    given = get_parser().parse_args(shlex.split(text)[1:])
    assert given.dag_id in DAGS


def test_every_cause_of_an_alert_is_explained() -> None:
    """The closed list of causes has one row each in causes.md, and the alert of every DAG leads to a runbook that exists."""
    rows = {
        line.split("|")[1].strip() for line in (FOLDER / "causes.md").read_text().splitlines() if line.startswith("| ")
    }
    closed = {words for _, words in CAUSES} | {UNKNOWN_CAUSE, cause_of(BadInputError("x")), UntrustedModelError.cause}
    assert rows - {"cause"} == closed | {"cancelled by a person"}
    assert all((FOLDER.parents[1] / dag.runbook).is_file() for dag in DAGS.values())
