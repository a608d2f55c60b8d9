"""`make run` as a person runs it: services, deliveries, loads and sales, a second run, a killed service, the end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from tests.end_to_end.attacks import kill, spark_submit, whole_task
from tests.faults.lake import contents, lost
from tools import processes
from tools.airflow_client import AirflowClient
from tools.deliver import yesterday
from tools.demo import read_manifest
from tools.services import NAMES, USER, instance_secrets

CHECKOUT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(1800), pytest.mark.xdist_group("end_to_end")]


@pytest.fixture(autouse=True, scope="module")
def real_clock() -> Iterator[None]:
    """A person's demo ends yesterday, and Airflow's own clock cannot be set."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BASKETRY_NOW", raising=False)
        yield


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Instance:
    """One home with ports of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = {
            **os.environ,
            "BASKETRY_HOME": str(home),
            "BASKETRY_AIRFLOW_PORT": str(free_port()),
            "BASKETRY_MLFLOW_PORT": str(free_port()),
            "BASKETRY_DEMO_WEEKS": "3",
            "BASKETRY_DEMO_SCALE": "0.05",
            "COLUMNS": "160",
        }
        for name in ("ARGS", "DATA", "SCALE", "JOB", "MAKEFLAGS"):  # what the test command itself was given
            self.env.pop(name, None)

    def make(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run make as a person would; the output is kept for the failure message."""
        env = {**self.env, **changes}
        return subprocess.run(
            ["make", *arguments], cwd=CHECKOUT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    def rows(self, table: str) -> list[dict[str, Any]]:
        return list(DeltaTable(str(self.home / "lake" / "demo" / table)).to_pyarrow_table().to_pylist())

    @property
    def airflow(self) -> AirflowClient:
        """The instance's Airflow."""
        address = f"http://127.0.0.1:{self.env['BASKETRY_AIRFLOW_PORT']}"
        return AirflowClient(address, USER, instance_secrets(self.home)["password"])

    def says(self) -> dict[str, list[str]]:
        """The rows of every table but what the pipeline notes about its own runs."""
        found = contents(self.home / "lake" / "demo")
        return {name: rows for name, rows in found.items() if not name.startswith("ops/") or name == "ops/quarantine"}

    def load_again(self, feed: str) -> str:
        """Have Airflow load a feed's files although they are loaded; returns the run's id."""
        return self.airflow.trigger("ingest", {"catalog": "demo", "feed": feed, "load_again": True})

    def versions(self) -> dict[str, int]:
        """Delta version of every table."""
        logs = (self.home / "lake").glob("*/*/*/_delta_log")
        return {str(log.parent): DeltaTable(str(log.parent)).version() for log in logs}


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    made = Instance(tmp_path_factory.mktemp("run") / "home")
    yield made
    made.make("down")


@pytest.fixture(scope="module")
def first(instance: Instance) -> str:
    """Output of the first run, which ends the day before yesterday so that a later one has something to add."""
    end = yesterday("demo") - timedelta(days=1)
    done = instance.make("run", BASKETRY_DEMO_END=end.isoformat())
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_accounted(instance: Instance, *feeds: str) -> None:
    """Fails unless ops.files counts, feed by feed and to the row, what the simulator says it delivered. feeds: all if none."""
    manifest = read_manifest(instance.home / "landing" / "demo")
    files = [row for row in instance.rows("ops/files") if row["status"] == "loaded"]
    for feed in feeds or {file.feed for file in manifest.files} | {row["feed"] for row in files}:
        expected, mine = manifest.counts(feed), [row for row in files if row["feed"] == feed]
        assert len(mine) == sum(file.feed == feed for file in manifest.files), feed
        counted = tuple(sum(r[f"rows_{kind}"] for r in mine) for kind in ("read", "good", "quarantined", "duplicate"))
        assert counted == (expected.rows, expected.good, expected.quarantined, expected.duplicate), feed


def test_every_delivered_row_is_accounted_for(instance: Instance, first: str) -> None:
    """What the simulator says it delivered is what ops.files counts."""
    check_accounted(instance)


def test_sales_are_there_up_to_the_last_day(instance: Instance, first: str) -> None:
    """daily_sales ran as of the last delivered day and its revenue is what the order lines say."""
    end = yesterday("demo") - timedelta(days=1)
    total = [row for row in instance.rows("gold/sales_day_rollup") if row["level"] == "total"]
    assert max(row["period_start"] for row in total) == end
    lines = instance.rows("silver/order_lines")
    counted = [row for row in lines if row["line_kind"] in ("sale", "return") and row["status"] != "cancelled"]
    sold = sum(row["net_amount"] for row in counted)
    assert sum(row["net_revenue"] for row in total) == sold


def test_the_summary_says_what_came_out(instance: Instance, first: str) -> None:
    """Rows by feed, reasons, best sellers with revenue, minutes, where Airflow is and how to log in."""
    assert re.search(r"^order_lines +\d+ +[\d,]+ +[\d,]+ +[\d,]+ +[\d,]+ *$", first, re.M)
    assert "Set aside" in first
    assert re.search(r"category, week of \d{4}-\d{2}-\d{2} +net revenue USD", first)
    assert re.search(r"[\d.]+ minutes\.", first)
    port = instance.env["BASKETRY_AIRFLOW_PORT"]
    assert re.search(rf"Airflow: http://127\.0\.0\.1:{port} +user admin +password \S+", first)


def test_simulated_shoppers_are_offered_something_and_respond(instance: Instance, first: str) -> None:
    """Every view and cart is decided once, clicks come back, and what a minute counts is what the rows say."""
    landing = instance.home / "landing" / "demo" / "offer_events"
    events = [json.loads(line) for file in landing.glob("*.jsonl") for line in file.read_text().splitlines()]
    asked = {event["event_id"] for event in events if event["event_type"] in ("view", "cart")}
    decisions = instance.rows("gold/offer_decisions")
    assert len(asked) > 100
    assert sorted(row["decision_id"] for row in decisions if row["slot"] == 1) == sorted(asked)
    minutes = instance.rows("gold/offer_performance_minute")
    clicks = [event for event in events if event["event_type"] == "offer_click"]
    assert sum(row["shown"] for row in minutes) == sum(row["product_id"] is not None for row in decisions)
    assert sum(row["clicked"] for row in minutes) == len(clicks) > 0
    assert re.search(r"^offers \(simulated shoppers\) +shown +clicked +rate", first, re.M)


def test_status_shows_everything_running(instance: Instance, first: str) -> None:
    """All four services, and success."""
    done = instance.make("status")
    assert done.returncode == 0, done.stdout
    assert len(re.findall(r"\brunning\b", done.stdout)) == len(NAMES)


def test_a_second_run_does_nothing_twice(instance: Instance, first: str) -> None:
    """The same files again: no service is restarted, no table gets a version."""
    end = yesterday("demo") - timedelta(days=1)
    before, pids = instance.versions(), [processes.running(instance.home, name) for name in NAMES]
    done = instance.make("run", BASKETRY_DEMO_END=end.isoformat())
    assert done.returncode == 0, done.stdout + done.stderr
    assert instance.versions() == before
    assert [processes.running(instance.home, name) for name in NAMES] == pids


def test_a_killed_task_is_tried_again_and_what_it_leaves_behind_harms_nothing(instance: Instance, first: str) -> None:
    """`kill -9` of the task alone, whose spark-submit goes on; then of the retry with all its processes; then all is well."""
    before = instance.says()
    run = instance.load_again("products")
    orphan = spark_submit(instance.home, "ingest")
    kill([orphan.parent()])
    time.sleep(1)
    assert orphan.is_running()
    retry = spark_submit(instance.home, "ingest", besides=[orphan.pid])
    kill(whole_task(retry))
    assert instance.airflow.wait("ingest", run, 600) == "success"
    (load,) = [task for task in instance.airflow.tasks("ingest", run) if task["task_id"] == "load"]
    assert load["try_number"] == 3
    assert lost(before, instance.says()) == {}
    check_accounted(instance)


def test_a_killed_scheduler_is_healed_and_a_new_day_is_loaded(instance: Instance, first: str) -> None:
    """`kill -9` while a task works shows in make status; make run ends what was left, starts it again, loads the new day."""
    run = instance.load_again("products")
    task = spark_submit(instance.home, "ingest")
    scheduler = processes.running(instance.home, "airflow-scheduler")
    assert scheduler is not None
    os.kill(scheduler.pid, signal.SIGKILL)
    scheduler.wait(10)
    status = instance.make("status")
    assert status.returncode != 0
    assert re.search(r"airflow-scheduler +killed", status.stdout)
    done = instance.make("run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert processes.running(instance.home, "airflow-scheduler")
    assert not task.is_running()
    assert instance.airflow.wait("ingest", run, 600) == "success"
    check_accounted(instance, "products")  # of daily feeds the manifest tells the newest delivery alone
    total = [row for row in instance.rows("gold/sales_day_rollup") if row["level"] == "total"]
    assert max(row["period_start"] for row in total) == yesterday("demo")


def test_a_job_runs_by_hand_on_the_same_tables(instance: Instance, first: str) -> None:
    """`make plan` reads what the DAGs wrote and touches nothing."""
    before = instance.versions()
    done = instance.make("plan", AS_OF=yesterday("demo").isoformat())
    assert done.returncode == 0, done.stdout + done.stderr
    assert instance.versions() == before


def test_bad_arguments_are_one_sentence(instance: Instance, first: str) -> None:
    """A wrong feed ends with exit code 65's sentence, not with a stack trace."""
    done = instance.make("job", JOB="ingest", ARGS="--catalog demo --feed order_linse")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "BAD_INPUT: unknown feed 'order_linse' of catalog 'demo'; did you mean 'order_lines'?" in said
    assert "Traceback" not in said


def test_a_used_port_is_one_sentence(instance: Instance, first: str, tmp_path: Path) -> None:
    """A second instance on the same port is told which variable to set, and leaves nothing running."""
    taken = instance.env["BASKETRY_AIRFLOW_PORT"]
    done = instance.make("run", BASKETRY_HOME=str(tmp_path / "second"), BASKETRY_MLFLOW_PORT=taken)
    assert done.returncode != 0
    assert re.search(r"Basketry: port \d+ is used by .*BASKETRY_MLFLOW_PORT", done.stderr)
    assert not [name for name in NAMES if processes.process_tree(tmp_path / "second", name)]


def test_down_leaves_no_process(instance: Instance, first: str) -> None:
    """After make down nothing that this instance started is alive."""
    done = instance.make("down")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [process for name in NAMES for process in processes.process_tree(instance.home, name)]
    assert instance.make("status").returncode == 0


def test_nothing_is_readable_by_other_accounts(instance: Instance, first: str) -> None:
    """Lake, landing, logs and databases are their owner's alone, whoever wrote them: Python, Java, Airflow or MLflow."""
    paths = [instance.home, *instance.home.rglob("*")]
    assert len(paths) > 500
    assert [str(path) for path in paths if not path.is_symlink() and path.stat().st_mode & 0o077] == []


def test_clean_deletes_the_home(instance: Instance, first: str) -> None:
    """After make clean nothing is left of what a real run wrote."""
    done = instance.make("clean", YES="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not instance.home.exists()
