"""`make doctor`: whatever is broken gets its line with the command that mends it, and what is whole gets none."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tools.doctor
from basketry.config.settings import Settings
from basketry.tables import MARKETING_AUDIENCE, PROMOTIONS, REVIEWS, SALES
from tests.kit.documents import copy_include
from tests.kit.lake import fill
from tests.tools.serving import serving
from tools import preflight
from tools.deploy.finding import Finding
from tools.doctor import data, machine, running, workspace
from tools.environment import CHECKOUT, InstancePaths

HEALTH = {part: {"status": "healthy"} for part in ("metadatabase", "scheduler", "dag_processor")}


def now() -> datetime:
    """This moment, and not that of the import: by the end of a long suite the two are an hour apart."""
    return datetime.now(UTC)


def broken(findings: Iterable[Finding]) -> dict[str, tuple[str, str]]:
    """What is wrong and its fix, by what was looked at."""
    return {one.what: (one.wrong, one.fix) for one in findings if one.wrong}


@pytest.fixture
def places(tmp_path: Path) -> InstancePaths:
    """A home in which nothing has run, on ports that are free."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        ports = one.getsockname()[1], other.getsockname()[1]
    return InstancePaths(tmp_path / "home", tmp_path / "cache", *ports)


def test_an_interpreter_of_another_version_is_told() -> None:
    """3.14 is not what the lock was compiled for."""
    assert machine.python((3, 12)).wrong == machine.python((3, 13)).wrong == ""
    assert "make setup PYTHON=python3.12" in machine.python((3, 14)).fix and machine.python((3, 14)).wrong


def test_a_package_of_another_version_is_told(tmp_path: Path) -> None:
    """Also one that is missing; a package that this platform does not need is not looked for."""
    assert machine.packages(CHECKOUT / "requirements.txt").wrong == ""
    lock = tmp_path / "requirements.txt"
    lock.write_text(
        "numpy==0.1 \\\n    --hash=sha256:00\nno-such-package==1.0 \\\n    --hash=sha256:00\n"
        "pywin32==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n"
    )
    found = machine.packages(lock)
    assert found.wrong == f"numpy is {version('numpy')}, no-such-package is missing"
    assert (found.what, found.fix) == ("2 packages of requirements.txt", "rm -r .venv && make setup")


def test_a_machine_without_java_or_settings_is_told(places: InstancePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are mended by setup."""
    monkeypatch.setattr(machine, "find_java", lambda cache: None)
    found = broken([machine.java(places), machine.spark(places)])
    assert {fix for _, fix in found.values()} == {"make setup"} and len(found) == 2


def test_a_full_disk_is_told(places: InstancePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a run begins that could not end."""
    assert machine.disk(places).wrong == ""
    monkeypatch.setattr(preflight, "NEEDED_BYTES", 2**62)
    found = machine.disk(places)
    assert "GB are free" in found.wrong and found.fix.startswith("free some space")


@pytest.mark.parametrize(
    ("file", "what"),
    [
        ("catalogs/demo.yaml", "catalog demo"),
        ("contracts/demo/order_lines.odcs.yaml", "contracts of demo"),
        ("grants/demo.yaml", "grants"),
        ("gates/rfm.yaml", "gates"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(file: str, what: str, tmp_path: Path) -> None:
    """With its line; the shipped ones can all be read."""
    include = copy_include(tmp_path)
    assert not broken(data.configuration("demo", include))
    (include / file).write_text("nonsense: true\n" + (include / file).read_text())
    assert what in broken(data.configuration("demo", include))


def test_services_that_do_not_run_are_told(places: InstancePaths) -> None:
    """Each, the database and the registry too; a port that another program holds is named with it."""
    with serving(places.mlflow_port, {}):
        problems = broken(running.look(places))
    assert f"port {places.mlflow_port} is used by" in problems["service mlflow"][0]
    assert "BASKETRY_MLFLOW_PORT" in problems["service mlflow"][1]
    assert problems["service airflow-scheduler"] == ("it does not run", "make run")
    assert problems["Airflow's database"] == ("there is none", "make run")
    assert problems[f"model registry at http://127.0.0.1:{places.mlflow_port}"] == ("it does not answer", "make run")
    assert "does not answer" in problems[f"Airflow at http://127.0.0.1:{places.airflow_port}"][0]


def test_a_service_that_was_killed_is_told(places: InstancePaths) -> None:
    """It is remembered but does not live."""
    (places.home / "services").mkdir(parents=True)
    (places.home / "services" / "mlflow.json").write_text(json.dumps({"pid": 2**22 - 1, "created": 1.0}))
    assert broken(running.look(places))["service mlflow"] == ("it ended unasked", "make run")


def test_a_database_of_another_airflow_is_told(places: InstancePaths) -> None:
    """It has to be migrated before anything runs."""
    (places.home / "airflow").mkdir(parents=True)
    (places.home / "airflow" / "airflow.db").touch()
    assert running.database(places).wrong == "it was not made by this version"
    (places.home / "airflow" / f".migrated-{version('apache-airflow')}").touch()
    assert running.database(places).wrong == ""


def airflow(**changed: Any) -> dict[str, Any]:
    """Answers of an Airflow that is well, changed in these."""
    dag = {"dag_id": "daily_sales", "timetable_periodic": True}
    parts = {"health": HEALTH, "errors": [], "paused": [], "queued": [], **changed}
    return {
        "/auth/token": {"access_token": "t"},
        "/api/v2/monitor/health": parts["health"],
        "/api/v2/importErrors?limit=10": {"import_errors": parts["errors"]},
        "/api/v2/dags?limit=100&paused=true": {"dags": [{**dag, **one} for one in parts["paused"]]},
        "/api/v2/dags/~/dagRuns?state=queued&limit=100": {"dag_runs": parts["queued"]},
    }


@pytest.mark.parametrize(
    ("changed", "what", "text"),
    [
        ({"health": {**HEALTH, "scheduler": {"status": "unhealthy"}}}, "Airflow's scheduler", "it is unhealthy"),
        ({"health": {**HEALTH, "dag_processor": None}}, "Airflow's dag_processor", "it is not there"),
        (
            {"errors": [{"filename": "ingest.py", "stack_trace": "x\nSyntaxError: no"}]},
            "DAG files",
            "ingest.py: SyntaxError: no",
        ),
        ({"paused": [{}]}, "scheduled DAGs", "daily_sales never start: paused"),
    ],
)
def test_what_airflow_says_of_itself_is_told(
    places: InstancePaths, changed: dict[str, Any], what: str, text: str
) -> None:
    """A heart that stopped beating, a file that cannot be read, a schedule that is off; else nothing."""
    with serving(places.airflow_port, airflow(paused=[{"timetable_periodic": False}])):
        assert not broken(running.airflow(places))
    with serving(places.airflow_port, airflow(**changed)):
        found = broken(running.airflow(places))
    assert found.keys() == {what} and found[what][0] == text and found[what][1]


def test_a_run_of_a_paused_dag_is_told(places: InstancePaths) -> None:
    """Airflow lets it wait without a word; one that waits for its turn is left alone."""
    by_hand = {"dag_id": "bootstrap", "timetable_periodic": False}
    queued = [{"dag_id": dag, "dag_run_id": f"manual__{dag}"} for dag in ("ingest", "bootstrap", "bootstrap")]
    with serving(places.airflow_port, airflow(paused=[by_hand], queued=queued[:1])):
        assert not broken(running.airflow(places))
    with serving(places.airflow_port, airflow(paused=[by_hand], queued=queued)):
        ((what, (wrong, fix)),) = broken(running.airflow(places)).items()
    assert what == "runs of paused DAGs"
    assert wrong == "manual__bootstrap of bootstrap waits, because the DAG is paused (1 more wait as well)"
    assert fix.endswith("airflow dags unpause bootstrap")


@pytest.fixture
def lake(places: InstancePaths, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two tables written just now."""
    monkeypatch.setenv("BASKETRY_HOME", str(places.home))
    settings = Settings.from_environment()
    assert settings.lake is not None
    for table in (SALES["day"], MARKETING_AUDIENCE):
        fill(settings.lake, "demo", table, [])
    return settings


def test_tables_in_order_have_nothing_to_mend(lake: Settings) -> None:
    """A lake without a table has."""
    assert not broken(data.look(lake, "demo", now()))
    assert broken(data.look(lake, "complete_journey", now())) == {
        "0 tables of complete_journey": ("there are none", "make run")
    }


def test_a_table_past_its_deadline_is_told(lake: Settings) -> None:
    """After two days the daily one, after nine the weekly one too, each with its DAG's runbook."""
    assert broken(data.look(lake, "demo", now() + timedelta(hours=49))) == {
        "tables that daily_sales writes": ("late: gold.sales_day (2 days)", "see docs/runbooks/daily_sales.md")
    }
    assert "tables that weekly_marketing writes" in broken(data.look(lake, "demo", now() + timedelta(days=9)))


def test_a_table_that_cannot_be_read_is_told(lake: Settings) -> None:
    """A log that somebody cut, and a table of a release whose types differ."""
    assert lake.lake is not None
    folder = lake.lake / "demo" / "gold" / "sales_day" / "_delta_log"
    next(folder.glob("*.json")).write_text("{}\n")
    assert "its log cannot be read" in broken(data.look(lake, "demo", now()))["table gold.sales_day"][0]


def test_a_table_of_another_release_is_told(lake: Settings) -> None:
    """One that the next run cannot bring up to date; a column that may be missing is nothing to mend."""
    import dataclasses

    assert lake.lake is not None
    kept = tuple(column for column in REVIEWS.columns if column.name != "rating")
    fill(lake.lake, "demo", dataclasses.replace(REVIEWS, columns=kept), [])
    wrong, fix = broken(data.look(lake, "demo", now()))["table silver.reviews"]
    assert "lacks rating, which may never be missing" in wrong and fix.startswith("mv ")


def test_an_alias_that_was_moved_by_hand_is_told(lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last verdict made version 2 the champion; the registry says 1, and does not answer in the end."""
    assert lake.lake is not None
    rows = [
        {
            "model": "demo.gold.rfm",
            "number": number,
            "champion_after": str(number),
            "verdict": "promote",
            "artifacts": "a",
        }
        for number in (1, 2)
    ]
    fill(lake.lake, "demo", PROMOTIONS, rows)
    monkeypatch.setattr("basketry.registry.alias_version", lambda name, alias: "1")
    wrong, fix = broken(data.look(lake, "demo", now()))["champion of demo.gold.rfm"]
    assert wrong == "the alias is at 1, the last verdict said 2" and "model_rollback" in fix
    monkeypatch.setattr("basketry.registry.alias_version", lambda name, alias: "2")
    assert not broken(data.look(lake, "demo", now()))
    monkeypatch.setattr("basketry.registry.alias_version", lambda name, alias: 1 / 0)
    assert "cannot tell" in broken(data.look(lake, "demo", now()))["champion of demo.gold.rfm"][0]


def _client(warehouse: Any = None) -> Any:
    me = SimpleNamespace(me=lambda: SimpleNamespace(user_name="ann@shop.example"))
    return SimpleNamespace(current_user=me, warehouses=SimpleNamespace(get=warehouse or (lambda name: None)))


def test_a_workspace_that_lets_nobody_in_is_told() -> None:
    """Login, warehouse and connection, each in one line; a connection's token is never shown."""
    from databricks.sdk.errors import NotFound

    def refused() -> Any:
        raise ValueError("default auth: cannot configure default credentials.\nmore")

    def unknown(name: str) -> None:
        raise NotFound(f"{name} does not exist")

    connection = '{"host": "https://x", "password": "dapi-1"}'
    env = {"BASKETRY_WAREHOUSE_ID": "abc", "AIRFLOW_CONN_DATABRICKS_DEFAULT": connection}
    assert not broken(workspace.look(env, _client))
    assert broken(workspace.look(env, refused)).keys() == {"login at Databricks"}
    assert broken(workspace.look(env, lambda: _client(unknown))).keys() == {"SQL warehouse abc"}
    bad = {**env, "BASKETRY_WAREHOUSE_ID": "", "AIRFLOW_CONN_DATABRICKS_DEFAULT": "databricks://token:dapi-1@x"}
    found = list(workspace.look(bad, _client))
    assert broken(found).keys() == {"SQL warehouse", "Airflow connection databricks_default"}
    assert not [one for one in found if "dapi" in str(one)]


def test_the_command_says_all_and_fails_when_something_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line per finding, exit code 1 with a finding to mend, else 0."""
    listed = [Finding("one"), Finding("two", "it is broken", "make run")]
    monkeypatch.setattr(tools.doctor, "findings", lambda *arguments: iter(listed))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert tools.doctor.doctor_command([]) == 1
    assert capsys.readouterr().out == "✓ one: ok\n✗ two: it is broken; make run\n\n1 to mend.\n" and listed.pop()
    assert tools.doctor.doctor_command([]) == 0


def test_a_broken_contract_does_not_hide_the_rest(
    places: InstancePaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor goes on to the end."""
    include = copy_include(tmp_path)
    (include / "contracts" / "demo" / "reviews.odcs.yaml").write_text("x: 1\n")
    monkeypatch.setenv("BASKETRY_INCLUDE", str(include))
    monkeypatch.setenv("BASKETRY_HOME", str(places.home))
    found = broken(tools.doctor.findings(places, Settings.from_environment(), "demo", now()))
    assert {"contracts of demo", "tables", "service mlflow"} <= found.keys()
