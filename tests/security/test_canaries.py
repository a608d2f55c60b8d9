"""Secrets stay where they are: each is an unlikely word, and after real runs of DAGs that word is found nowhere.

The runs are Airflow's own, through Databricks' own provider, against the emulated workspace; one succeeds, one fails for good
and alerts a webhook that refuses it. Looked through are Airflow's whole database (runs, rendered templates, XCom, events),
every log file, all that was printed, what the workspace was sent as a job, and what the alert said.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.kit.airflow import HOME
from tests.kit.dags import run_dag

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[2]
SECRETS = {
    name: f"canary-{name}-7f3a9c51"
    for name in (
        "databricks",
        "webhook-token",
        "webhook-path",
        "kafka",
        "redis",
        "model-key",
        "jwt",
        "api-key",
        "mlflow",
        "spark",
    )
}
MARKER = "seen-everywhere-4b1d"
"""A word that is no secret: it must be found, or the looking would prove nothing."""
SCRIPTS = {
    "sales.py": f"import os\nprint('{MARKER} worked')\n",
    "restate_features.py": (
        "import sys\nprint('basketry.errors.BadInputError: BAD_INPUT: silver.order_lines does not exist.', file=sys.stderr)\n"
        "sys.exit(65)\n"
    ),
}


@dataclass
class Webhook:
    """A receiver of alerts that keeps what it was sent and refuses it."""

    port: int = 0
    paths: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def webhook() -> Iterator[Webhook]:
    """It answers 500 with the login in its text, as badly written ones do."""
    receiver = Webhook()

    class _Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.paths.append(self.path)
            receiver.logins.append(self.headers["Authorization"])
            receiver.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(500)
            self.end_headers()
            self.wfile.write(self.headers["Authorization"].encode())

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    receiver.port = int(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield receiver
    server.shutdown()
    server.server_close()


@dataclass
class Left:
    """What the runs left behind, by where."""

    states: dict[str, str]
    texts: dict[str, str]


def secret_environment(emulator: DatabricksEmulator, webhook: Webhook) -> dict[str, str]:
    """Every setting and connection that holds a secret, each with its canary."""
    alerts = {
        "conn_type": "http",
        "schema": "http",
        "host": "127.0.0.1",
        "port": webhook.port,
        "password": SECRETS["webhook-token"],
        "extra": {"path": f"/{SECRETS['webhook-path']}"},
    }
    return {
        "BASKETRY_RUNTIME": "databricks",
        "BASKETRY_WAREHOUSE_ID": emulator.warehouse_id,
        "BASKETRY_POLLING_SECONDS": "0.05",
        "AIRFLOW_CONN_DATABRICKS_DEFAULT": emulator.connection,
        "AIRFLOW_CONN_BASKETRY_ALERTS": json.dumps(alerts),
        "BASKETRY_KAFKA_OPTIONS": json.dumps({"kafka.sasl.jaas.config": f"password='{SECRETS['kafka']}'"}),
        "BASKETRY_REDIS_URL": f"redis://:{SECRETS['redis']}@127.0.0.1:1/0",
        "BASKETRY_MODEL_KEY": SECRETS["model-key"],
        "BASKETRY_SPARK_SECRET": SECRETS["spark"],
        "MLFLOW_TRACKING_USERNAME": "admin",
        "MLFLOW_TRACKING_PASSWORD": SECRETS["mlflow"],
        "AIRFLOW__API_AUTH__JWT_SECRET": SECRETS["jwt"],
        "AIRFLOW__API__SECRET_KEY": SECRETS["api-key"],
    }


def run(dag_id: str) -> str:
    """A run of the DAG to its end, by hand, with a note that is no secret; its state."""
    return str(run_dag(dag_id, {"catalog": "demo", "as_of": "2026-01-31"}).state)


def files(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file below a folder as text, databases too."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes().decode("utf-8", "replace")


@pytest.fixture(scope="module")
def left(webhook: Webhook, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    """daily_sales succeeds, restate fails for good; all that is left of both."""
    from airflow.utils.db import initdb

    initdb()
    folder = tmp_path_factory.mktemp("canaries")
    for name, source in SCRIPTS.items():
        (folder / name).write_text(source)
    logged: list[str] = []
    listener = logging.Handler(logging.DEBUG)
    listener.emit = lambda record: logged.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(listener)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.DEBUG)
    workspace = DatabricksEmulator(folder, folder / "home", token=SECRETS["databricks"])
    with workspace as emulator, pytest.MonkeyPatch.context() as patch:
        for name, value in secret_environment(emulator, webhook).items():
            patch.setenv(name, value)
        patch.setattr("airflow.models.dagrun.DagRun.execute_dag_callbacks", lambda *arguments, **named: None)
        states = {dag: run(dag) for dag in ("daily_sales", "restate")}
        jobs = json.dumps([vars(one) for one in emulator.runs], default=str)
    logging.getLogger().removeHandler(listener)
    logging.getLogger().setLevel(level)
    texts = {"said": "\n".join(logged), "jobs": jobs, "alert": "\n".join(webhook.bodies)}
    texts |= {f"airflow/{name}": text for name, text in files(HOME)}
    texts |= {f"workspace/{name}": text for name, text in files(folder / "home")}
    yield Left(states, texts)


def test_the_runs_really_used_their_secrets(left: Left, webhook: Webhook) -> None:
    """One run succeeded with the workspace's token, one failed, and its alert was sent with the webhook's."""
    assert left.states == {"daily_sales": "success", "restate": "failed"}
    assert set(webhook.logins) == {f"Bearer {SECRETS['webhook-token']}"}
    assert set(webhook.paths) == {f"/{SECRETS['webhook-path']}"}
    assert "restate" in webhook.bodies[0]


def test_what_is_no_secret_is_found(left: Left) -> None:
    """The looking works: the job's output, the day of the form in the database, the alert's words in the log."""
    assert any(MARKER in text for name, text in left.texts.items() if name.startswith("workspace/"))
    database = "".join(text for name, text in left.texts.items() if name.startswith("airflow/airflow.db"))
    assert "2026-01-31" in database and "2026-01-31" in left.texts["jobs"]
    assert (
        "basketry alert" in left.texts["said"] and "the webhook of basketry_alerts answered 500" in left.texts["said"]
    )


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_left_nowhere(name: str, left: Left) -> None:
    """Not in the database, not in a log, not in rendered fields or XCom, not in the job, not in the alert."""
    found = [place for place, text in left.texts.items() if SECRETS[name] in text]
    assert not found


def test_the_environment_of_a_task_is_not_written_down(left: Left) -> None:
    """Neither are whole settings: the connection's JSON, the options of the broker."""
    assert "sasl.jaas" not in "".join(left.texts.values())
    assert os.environ.get("BASKETRY_KAFKA_OPTIONS") is None
