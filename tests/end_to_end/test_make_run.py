"""`make run` as a person runs it: services, deliveries, loads and sales, a second run, a killed service, the end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.end_to_end.attacks import kill, spark_submit, whole_task
from tests.end_to_end.instance import Instance
from tests.faults.lake import lost
from tests.kit.ports import free_port
from tests.kit.task_logs import foreign_lines, task_logs
from tools import processes
from tools.demo import read_manifest
from tools.environment import CHECKOUT
from tools.services import NAMES
from tools.show.questions import QUESTIONS

FOREIGN_LINES = 5
"""So many lines of libraries a task's log may show."""

pytestmark = [pytest.mark.system, pytest.mark.timeout(1800)]


@pytest.fixture(autouse=True, scope="module")
def real_clock() -> Iterator[None]:
    """A person's demo ends yesterday, and Airflow's own clock cannot be set."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BASKETRY_NOW", raising=False)
        yield


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    made = Instance(tmp_path_factory.mktemp("run") / "home")
    yield made
    made.make("down")


@pytest.fixture(scope="module")
def interrupted(instance: Instance) -> str:
    """Output of a run that meets Ctrl-C while all files are loaded."""
    env = {**instance.env, "BASKETRY_DEMO_END": instance.first_end.isoformat()}
    pipe = subprocess.PIPE
    # Who starts the tests in the background may have them ignore Ctrl-C, and what they start would ignore it too.
    heard = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])"
    command, nothing = [sys.executable, "-c", heard, "make", "run"], subprocess.DEVNULL
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=env, stdin=nothing, stdout=pipe, text=True, start_new_session=True
    ) as run:
        assert run.stdout is not None
        lines = []
        for line in run.stdout:
            lines.append(line)
            if "delivered" in line and line.startswith("\N{HEAVY CHECK MARK}"):
                break
        deadline = time.monotonic() + 600
        while not instance.airflow.active_run("ingest", {"files": "*"}) and time.monotonic() < deadline:
            time.sleep(1)
        os.killpg(run.pid, signal.SIGINT)
        return "".join([*lines, *run.stdout])


@pytest.fixture(scope="module")
def first(instance: Instance, interrupted: str) -> str:
    """Output of the run after it, which goes on to the end."""
    done = instance.make("run", BASKETRY_DEMO_END=instance.first_end.isoformat())
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


def test_first_figures_are_those_that_the_report_will_have(instance: Instance, interrupted: str, first: str) -> None:
    """Printed before the rest is loaded: the first month by category is what daily_sales says later of its weeks."""
    start, end = re.findall(r"^first figures, (\S+) to (\S+) ", interrupted, re.M)[0]
    assert date.fromisoformat(end) - date.fromisoformat(start) == timedelta(days=27)
    weeks = [row for row in instance.rows("gold/sales_week_rollup") if row["level"] == "category"]
    totals: Counter[str] = Counter()
    for row in weeks:
        if start <= row["period_start"].isoformat() <= end:
            totals[row["category"]] += row["net_revenue"]
    printed = interrupted.split("first figures")[1].splitlines()[1:6]
    assert [line.split("  ")[0] for line in printed] == [category for category, _ in totals.most_common(5)]
    assert [f"{revenue:,.2f}" for _, revenue in totals.most_common(5)] == [line.split()[-2] for line in printed]


def test_the_run_under_way_is_followed_after_ctrl_c(instance: Instance, interrupted: str, first: str) -> None:
    """One sentence, and the next run waits for what the first has started instead of loading twice."""
    assert "daily_sales" not in interrupted
    runs = instance.airflow._call("GET", "/api/v2/dags/ingest/dagRuns")
    assert runs["total_entries"] == 2, "the first month, and all files"
    assert len({row["run_id"] for row in instance.rows("ops/files")}) == 2


def test_everything_that_the_product_does_is_shown(instance: Instance, first: str) -> None:
    """Products, decisions, segments with a move, likely buyers, calls by time zone, and questions with answers."""
    for pattern in (
        r"product, week of \S+ +net revenue USD",
        r"^decision for the 28 days after \S+ +action +worth USD +reason",
        r"^segment, \S+ +customers +share +spent USD",
        r"^Since \S+, [\d,]+ customers moved from .+ to .+\.",
        r"^likeliest to buy .+ in the 30 days after \S+ +probability *\n(customer \S+ +[\d.]+%\s*\n){5}",
        r"^may be called on \S+, \S+ +people +local time",
        *(f'^make ask Q="{re.escape(question)}"\n(?!there)' for question in QUESTIONS),
    ):
        assert re.search(pattern, first, re.M), pattern
    parts = ("category, week", "decision for", "make ask", "Airflow: http")
    assert sorted(parts, key=first.index) == list(parts)


def test_every_delivered_row_is_accounted_for(instance: Instance, first: str) -> None:
    """What the simulator says it delivered is what ops.files counts."""
    check_accounted(instance)


def test_sales_are_there_up_to_the_last_day(instance: Instance, first: str) -> None:
    """daily_sales ran as of the last delivered day and its revenue is what the order lines say."""
    total = [row for row in instance.rows("gold/sales_day_rollup") if row["level"] == "total"]
    assert max(row["period_start"] for row in total) == instance.first_end
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


def test_the_logs_of_tasks_are_ours(instance: Instance, first: str) -> None:
    """Of a whole run no task's log shows more than five lines that neither we nor Airflow wrote about the task."""
    strange = {str(log): foreign_lines(log) for log in task_logs(instance.home)}
    assert len(strange) >= 7, "find_files, check_files, load, report of ingest; sales; offers twice"
    assert {log: lines for log, lines in strange.items() if len(lines) > FOREIGN_LINES} == {}


def test_status_shows_everything_running(instance: Instance, first: str) -> None:
    """All four services, and success."""
    done = instance.make("status")
    assert done.returncode == 0, done.stdout
    assert len(re.findall(r"\brunning\b", done.stdout)) == len(NAMES)


def test_a_second_run_does_nothing_twice(instance: Instance, first: str) -> None:
    """The same files again: no service is restarted, no table gets a version."""
    before, pids = instance.versions(), [processes.running(instance.home, name) for name in NAMES]
    done = instance.make("run", BASKETRY_DEMO_END=instance.first_end.isoformat())
    assert done.returncode == 0, done.stdout + done.stderr
    assert instance.versions() == before
    assert re.findall(r"^make ask .*", done.stdout, re.M) == re.findall(r"^make ask .*", first, re.M)
    assert all(heading in done.stdout for heading in ("decision for", "segment, ", "likeliest to buy", "may be called"))
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
    done = instance.make("run", BASKETRY_DEMO_END=instance.end.isoformat())
    assert done.returncode == 0, done.stdout + done.stderr
    assert processes.running(instance.home, "airflow-scheduler")
    assert not task.is_running()
    assert instance.airflow.wait("ingest", run, 600) == "success"
    check_accounted(instance, "products")  # of daily feeds the manifest tells the newest delivery alone
    total = [row for row in instance.rows("gold/sales_day_rollup") if row["level"] == "total"]
    assert max(row["period_start"] for row in total) == instance.end
    assert "daily_scoring as of" in done.stdout and "bootstrap" not in done.stdout
    for table in ("propensity_scores", "rfm_segments", "product_decisions"):
        assert max(row["as_of"] for row in instance.rows(f"gold/{table}")) == instance.end, table


def test_a_job_runs_by_hand_on_the_same_tables(instance: Instance, first: str) -> None:
    """`make plan` reads what the DAGs wrote and touches nothing."""
    before = instance.versions()
    done = instance.make("plan", AS_OF=instance.end.isoformat())
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
    ports = {"BASKETRY_AIRFLOW_PORT": str(free_port()), "BASKETRY_MLFLOW_PORT": taken}
    done = instance.make("run", BASKETRY_HOME=str(tmp_path / "second"), **ports)
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
