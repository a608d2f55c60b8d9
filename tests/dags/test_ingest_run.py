"""A whole run of `ingest` in Airflow, with a stand-in for the Spark job that writes the ops tables it would write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.kit.dags import run_dag, task_states
from tests.kit.lake import fill
from tests.kit.results import delivered_file

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[2]
FORM = {"catalog": "online_retail", "feed": "order_lines", "delivered_by": "tests"}
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
LINE = "536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom"


@pytest.fixture(scope="module", autouse=True)
def database() -> None:
    """Airflow's own tables, once."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture
def landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty landing folder of the feed in a home of its own."""
    # DAG.test calls a DAG's own callback with the scheduler's copy of the DAG, which cannot fill in required fields.
    monkeypatch.setattr("airflow.models.dagrun.DagRun.execute_dag_callbacks", lambda *arguments, **named: None)
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path))
    folder = tmp_path / "landing" / FORM["catalog"] / FORM["feed"]
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def job(landing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """The stand-in for the job: keeps its arguments, and unless it is a dry run writes a line for each new file."""
    from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

    calls: list[list[str]] = []

    def execute(task: Any, context: Any) -> None:
        calls.append(task.application_args)
        if not {"--dry-run", "--refusals-only"} & set(task.application_args):
            run_id = next(text for text in task.application_args if text.startswith("--run-id="))
            _record(tmp_path / "lake", landing, run_id.partition("=")[2])

    monkeypatch.setattr(SparkSubmitOperator, "execute", execute)
    yield calls


def _record(lake: Path, landing: Path, run_id: str) -> None:
    from basketry.tables import FILES
    from basketry_airflow.ops_tables import read_rows

    recorded = {
        row["file_checksum"] for row in read_rows(FORM["catalog"], FILES, ["file_checksum"], {"feed": FORM["feed"]})
    }
    rows = [_line(path, run_id) for path in sorted(landing.iterdir()) if _checksum(path) not in recorded]
    if rows:
        fill(lake, FORM["catalog"], FILES, rows)


def _line(path: Path, run_id: str) -> dict[str, Any]:
    counts = {"rows_read": 3, "rows_quarantined": 1, "rows_duplicate": 1, "reasons": {"quantity_not_zero": 1}}
    days = {"touched_from": date(2010, 12, 1), "touched_to": date(2010, 12, 9)}
    return delivered_file(FORM["feed"], _checksum(path), file_name=path.name, run_id=run_id, **counts, **days)


def _checksum(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(**form: Any) -> Any:
    """A run of the DAG to its end."""
    return run_dag("ingest", {**FORM, **form})


def summary(dag_run: Any) -> dict[str, Any]:
    """What the report handed on."""
    return dict(dag_run.get_task_instance("report").xcom_pull(task_ids="report", run_id=dag_run.run_id))


def asset_events(dag_run: Any) -> list[tuple[str, dict[str, Any]]]:
    """The assets that a run announced, with what it said about them."""
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        events = session.scalars(select(AssetEvent).where(AssetEvent.source_run_id == dag_run.run_id))
        return [(event.asset.name, dict(event.extra)) for event in events]


def test_a_delivery_is_loaded_reported_and_announced(landing: Path, job: list[list[str]]) -> None:
    """Every file is in the report with its rows and reasons; the entity's asset carries the days that were touched."""
    (landing / "OnlineRetail.csv").write_text(f"{HEADER}\n{LINE}\n")
    done = run(files="OnlineRetail*.csv")
    loaded = dict.fromkeys(("find_files", "check_files", "load", "report", "confirm"), "success")
    assert task_states(done) == {**loaded, "record_refusals": "skipped"}
    assert {"--feed=order_lines", "--files=OnlineRetail*.csv", "--delivered-by=tests"} <= set(job[0])
    reported = summary(done)
    assert (reported["rows_read"], reported["rows_good"], reported["rows_quarantined"], reported["rows_duplicate"]) == (
        3,
        1,
        1,
        1,
    )
    assert reported["loaded"][0]["reasons"] == {"quantity_not_zero": 1}
    ((name, extra),) = asset_events(done)
    assert name == "online_retail.silver.order_lines"
    assert (extra["touched_from"], extra["touched_to"], extra["feed"]) == ("2010-12-01", "2010-12-09", "order_lines")


def test_what_was_loaded_before_is_skipped_and_said(landing: Path, job: list[list[str]]) -> None:
    """The same bytes under another name: the run succeeds, reports nothing loaded, and announces no change."""
    (landing / "OnlineRetail.csv").write_text(f"{HEADER}\n{LINE}\n")
    first = run()
    (landing / "OnlineRetail.csv").rename(landing / "OnlineRetail_again.csv")
    second = run()
    assert set(task_states(second).values()) == {"success", "skipped"}
    reported = summary(second)
    assert reported["loaded"] == []
    assert [(row["name"], first.run_id in row["run_id"]) for row in reported["skipped"]] == [
        ("OnlineRetail_again.csv", True)
    ]
    assert asset_events(second) == []


def test_a_dry_run_announces_nothing(landing: Path, job: list[list[str]]) -> None:
    """The job is told to write nothing, and nobody downstream hears of it."""
    (landing / "OnlineRetail.csv").write_text(f"{HEADER}\n{LINE}\n")
    done = run(dry_run=True)
    assert set(task_states(done).values()) == {"success", "skipped"}
    assert "--dry-run" in job[0]
    assert summary(done) == {"dry_run": True, "files": ["OnlineRetail.csv"]}
    assert asset_events(done) == []


def test_a_bad_file_stops_no_other(landing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job loads the rest and fails by the bad file's name: what was loaded is reported and announced, the run is failed."""
    from airflow.exceptions import AirflowFailException
    from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

    from basketry.tables import FILES

    (landing / "OnlineRetail_empty.csv").write_text("")
    good = landing / "OnlineRetail.csv"
    good.write_text(f"{HEADER}\n{LINE}\n")

    def execute(task: Any, context: Any) -> None:
        run_id = next(text for text in task.application_args if text.startswith("--run-id=")).partition("=")[2]
        fill(tmp_path / "lake", FORM["catalog"], FILES, [_line(good, run_id)])
        raise AirflowFailException(
            "BAD_INPUT: 1 files were loaded, but not all, since OnlineRetail_empty.csv: is empty."
        )

    monkeypatch.setattr(SparkSubmitOperator, "execute", execute)
    done = run()
    assert task_states(done) == {
        **dict.fromkeys(("find_files", "check_files", "report"), "success"),
        "load": "failed",
        "confirm": "upstream_failed",
        "record_refusals": "skipped",
    }
    assert done.state == "failed"
    assert [row["name"] for row in summary(done)["loaded"]] == ["OnlineRetail.csv"]
    assert [name for name, _ in asset_events(done)] == ["online_retail.silver.order_lines"]


def test_bad_files_alone_stop_the_run_at_once(landing: Path, job: list[list[str]]) -> None:
    """Every problem is named, nothing is loaded or tried again, the ledger gets its lines."""
    (landing / "OnlineRetail_empty.csv").write_text("")
    (landing / "OnlineRetail_header.csv").write_text("InvoiceNo,Quantity\n1,2\n")
    done = run()
    assert task_states(done)["check_files"] == "failed"
    assert done.get_task_instance("check_files").try_number == 1
    assert task_states(done)["load"] == "upstream_failed"
    assert task_states(done)["record_refusals"] == "success"
    ((*_, arguments),) = [job]
    assert "--refusals-only" in arguments
