"""What docker-compose.yaml says, for real: every service with its own command, variables and health check, as processes.

The daily flow's first part then runs on them: `ingest` and `daily_sales`, triggered through Airflow's API, computed by the
executors of the Spark cluster.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2
import pytest
import redis

from tests.containers.compose import CHECKOUT, SECRETS, services
from tests.containers.image import give, lay_out, new_root
from tests.containers.outside import Outside, Stack, wait_for
from tests.containers.running import CATALOG, Running
from tools.problem import Problem
from tools.processes import port_free
from tools.task_errors import failure_sentence

pytestmark = [pytest.mark.system, pytest.mark.timeout(1800)]

SAMPLES = CHECKOUT / "tests" / "samples" / CATALOG
DELIVERED = ("sales_orders_2026-11-20.csv", "sales_orders_2026-11-21.csv")
AS_OF = "2026-11-20"
START_SECONDS = 600.0
RUN_SECONDS = 600.0


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """All services, healthy."""
    root = new_root()
    outside = Outside(root)
    lay_out(root)
    variables = {**SECRETS, "BASKETRY_AIRFLOW_PORT": str(outside.ports["airflow-api-server:8080"])}
    stack = Stack(services(variables), outside)
    try:
        stack.up(START_SECONDS)
        yield Running(stack)
    finally:
        stack.down()
        shutil.rmtree(root)


@pytest.fixture(scope="module")
def daily(running: Running) -> Running:
    """Two files delivered, loaded and summed up, through Airflow."""
    landing = running.home / "landing" / CATALOG / "order_lines"
    landing.mkdir(parents=True)
    for name in DELIVERED:
        shutil.copy2(SAMPLES / name, landing)
    give(landing.parents[1])
    client = running.client()
    client.wait_for_dags({"ingest", "daily_sales"}, seconds=120)
    forms = {
        "ingest": {"catalog": CATALOG, "feed": "order_lines", "files": "*", "delivered_by": "tests"},
        "daily_sales": {"catalog": CATALOG, "as_of": AS_OF},
    }
    for dag, form in forms.items():
        if due := client.unpause_due(dag):
            client.skip(dag, due, "nothing was delivered for yesterday")
        run = client.trigger(dag, form)
        state = client.wait(dag, run, RUN_SECONDS)
        if state != "success":
            pytest.fail(
                failure_sentence(client, dag, run, running.home) + running.stack.containers["airflow-scheduler"].said()
            )
    return running


def test_every_service_becomes_healthy(running: Running) -> None:
    """By its own health check, in the order of depends_on; Airflow's page says the same of its components."""
    once = {name for name, how in running.stack.reached.items() if how == "service_completed_successfully"}
    assert once == {"airflow-init"}
    assert set(running.stack.reached) == set(services())
    health = running.page("airflow-api-server:8080", "/api/v2/monitor/health")
    assert {part: state["status"] for part, state in health.items()} == dict.fromkeys(
        ("metadatabase", "scheduler", "triggerer", "dag_processor"), "healthy"
    )


def test_nobody_is_root(running: Running) -> None:
    """No process of any container has root's rights."""
    users = set()
    for process in running.stack.alive():
        with suppress(psutil.NoSuchProcess):  # one that ends while it is asked
            users.add(process.uids().effective)
    assert users and 0 not in users


def test_the_metadata_is_in_postgres(daily: Running) -> None:
    """Airflow's runs are rows of the PostgreSQL that the file describes, of the image's major version."""
    address = daily.outside.ports["postgres:5432"]
    password = SECRETS["BASKETRY_DB_PASSWORD"]
    with psycopg2.connect(
        host="127.0.0.1", port=address, user="basketry", password=password, dbname="airflow"
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT dag_id, state FROM dag_run ORDER BY dag_id")
        assert set(cursor.fetchall()) == {("daily_sales", "success"), ("ingest", "success")}
        cursor.execute("SHOW server_version")
        assert cursor.fetchone()[0] == services()["postgres"]["image"].split(":")[1].split("-")[0]


def test_jobs_ran_on_the_cluster(daily: Running) -> None:
    """The master lists both applications as finished, each with executor cores on the worker, no more than it may take."""
    # A driver is gone a moment before the worker has put its executor away.
    wait_for(lambda: len(daily.page("spark-worker:8081", "/json/")["finishedexecutors"]) == 2, seconds=60)
    page = daily.page("spark-master:8080", "/json/")
    done = {app["name"]: app for app in page["completedapps"]}
    assert set(done) == {"basketry-ingest", "basketry-sales"}
    assert {app["state"] for app in done.values()} == {"FINISHED"}
    assert {app["cores"] for app in done.values()} == {1}
    assert page["activeapps"] == []


def test_the_tables_hold_the_delivered_numbers(daily: Running) -> None:
    """Every delivered row is accounted for, and the days' revenue is the sum of what was sold and not cancelled."""
    files = daily.rows("ops/files")
    assert {row["file_name"] for row in files} == set(DELIVERED)
    assert sum(row["rows_read"] for row in files) == 20
    for row in files:
        assert row["rows_read"] == row["rows_good"] + row["rows_quarantined"] + row["rows_duplicate"]
    total = {
        row["period_start"].isoformat(): row for row in daily.rows("gold/sales_day_rollup") if row["level"] == "total"
    }
    assert total["2026-11-19"]["net_revenue"] == Decimal("449.00") + 3 * Decimal("9.99") + 2 * Decimal("329.00")


def test_mlflow_and_redis_answer_where_airflow_is_told(running: Running) -> None:
    """The addresses in the scheduler's environment lead to an MLflow that takes experiments and a Redis with its limit."""
    env = running.stack.containers["airflow-scheduler"].environment()
    body = json.dumps({"name": "containers"}).encode()
    address = f"{env['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/experiments/create"
    login = f"{env['MLFLOW_TRACKING_USERNAME']}:{env['MLFLOW_TRACKING_PASSWORD']}"
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {b64encode(login.encode()).decode()}"}
    request = urllib.request.Request(address, data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        assert json.load(response)["experiment_id"]
    cache = redis.Redis.from_url(env["BASKETRY_REDIS_URL"])
    assert cache.config_get("maxmemory") == {"maxmemory": str(128 * 1024**2)}


def test_who_has_no_secret_is_let_in_nowhere(running: Running) -> None:
    """MLflow, Redis and the Spark cluster, by their real ports: whoever only reaches them does nothing there."""
    env = running.stack.containers["airflow-scheduler"].environment()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(
            f"{env['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/experiments/search?max_results=1", timeout=30
        )
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=running.outside.ports["redis:6379"]).ping()
    master = f"spark://{running.outside.address('spark-master:7077')}"
    applications = running.page("spark-master:8080", "/json/")["completedapps"]
    code = (
        f"from pyspark.sql import SparkSession as S; print(S.builder.master('{master}').getOrCreate().range(3).count())"
    )
    stranger = {"PATH": os.environ["PATH"], "HOME": "/tmp", "SPARK_LOCAL_IP": "127.0.0.1"}
    java = {"JAVA_HOME": os.environ["JAVA_HOME"]} if "JAVA_HOME" in os.environ else {}
    tried = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**stranger, **java},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output = tried.communicate(timeout=90)[0]
    except subprocess.TimeoutExpired:
        os.killpg(tried.pid, signal.SIGKILL)
        output = tried.communicate()[0]
    assert "Expected SaslMessage" in output and "\n3\n" not in output, output
    page = running.page("spark-master:8080", "/json/")
    assert page["completedapps"] == applications and page["activeapps"] == []


def test_users_are_in_airflow_s_database(running: Running) -> None:
    """One made as the guide says logs in at once and may do what the role may; one who is removed does not log in."""
    assert "team marketing of demo, role viewer" in running.user(NAME="ann", TEAM="marketing", ROLE="viewer")
    ann = running.client("ann")
    with pytest.raises(Problem, match="403"):
        ann.trigger("ingest", {"catalog": CATALOG})
    running.user(NAME="ann", TEAM="marketing", ROLE="op")
    assert ann.dag_ids() >= {"ingest", "daily_sales"}
    address = running.outside.ports["postgres:5432"]
    password = SECRETS["BASKETRY_DB_PASSWORD"]
    with psycopg2.connect(
        host="127.0.0.1", port=address, user="basketry", password=password, dbname="airflow"
    ) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT username, role.name, password FROM ab_user JOIN ab_user_role ON user_id = ab_user.id"
            " JOIN ab_role AS role ON role.id = role_id ORDER BY username"
        )
        users = cursor.fetchall()
    assert [user[:2] for user in users] == [("admin", "Admin"), ("ann", "Op"), ("data_protection", "User")]
    assert all(re.match(r"(scrypt|pbkdf2):", user[2]) for user in users), "only a hash of the password"
    stale = running.client("ann")
    running.user(NAME="ann", REMOVE="1")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        stale.dag_ids()


def test_a_second_person_is_one_by_name(running: Running) -> None:
    """FAB numbers its users: who started the run may not approve it, whom the grants name may."""
    starter, approver = running.client(), running.client("data_protection")
    starter.wait_for_dags({"forget"}, seconds=120)
    run = starter.trigger("forget", {"catalog": "demo", "request_id": "DP-7", "dry_run": False})
    starter.unpause("forget")

    def states() -> dict[str, str]:
        return {task["task_id"]: task["state"] for task in starter.tasks("forget", run)}

    wait_for(lambda: states().get("second_person") == "awaiting_input", seconds=120)
    time.sleep(10)  # an answer in the very moment of parking is lost
    question = f"/api/v2/dags/forget/dagRuns/{quote(run)}/taskInstances/second_person/-1/hitlDetails"
    answer = {"chosen_options": ["Approve"], "params_input": {}}
    with pytest.raises(Problem, match="403"):
        starter._call("PATCH", question, answer)
    approver._call("PATCH", question, answer)
    wait_for(lambda: states()["second_person"] == "success", seconds=120)


def test_what_was_written_is_its_user_s_alone(daily: Running) -> None:
    """Whoever mounts a volume under another account reads no customer, no model and no log."""
    written = [
        path
        for name in ("lake", "airflow", "logs")
        for path in (daily.home / name).rglob("*")
        if not path.is_symlink() and not path.is_socket()
    ]
    assert len(written) > 100
    assert [str(path) for path in written if path.stat().st_mode & 0o077] == []


def test_what_is_stopped_is_gone(daily: Running) -> None:
    """Every service ends when asked to; no process and no open port is left."""
    killed = daily.stack.down()
    assert killed == []
    assert daily.stack.alive() == []
    assert all(port_free(port) for port in daily.outside.ports.values())
    assert not [
        one
        for one in psutil.process_iter(["cmdline"])
        if str(daily.outside.root) in " ".join(one.info["cmdline"] or [])
    ]


def test_nothing_was_written_into_the_image(daily: Running) -> None:
    """Volumes, the cache and /tmp hold all that was written: the image's own folders stay as they were built."""
    image: Path = daily.outside.folder("/opt/basketry")
    assert {one.name for one in image.iterdir()} == {
        ".venv",
        "requirements.txt",
        "tools",
        "Makefile",
        "dags",
        "plugins",
        "include",
        "spark_jobs",
        "docs",
        "LICENSE",
        "README.md",
        "pyproject.toml",
    }
