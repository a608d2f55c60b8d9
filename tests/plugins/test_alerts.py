"""The alert: enough to act on, nothing to leak, and harmless when it cannot be delivered."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG

from basketry_airflow.alerts import FailureAlert

RUNBOOK = "docs/runbooks/ingest.md"
SECRET = "Ada Lovelace, ada@example.com"


def failed(**more: Any) -> dict[str, Any]:
    """What Airflow hands to the callback of a failed task; the error carries a customer's name."""
    good = SimpleNamespace(run_id="scheduled__2026-03-09")
    task_instance = SimpleNamespace(
        dag_id="ingest",
        task_id="load",
        run_id="manual__1+1",
        try_number=4,
        get_previous_dagrun=lambda state: good,
        get_previous_ti=lambda state, logical_date: None,
    )
    dag = DAG("ingest", schedule=None)
    error = ValueError(f"row of {SECRET}")
    return {"dag": dag, "ti": task_instance, "run_id": "manual__1+1", "exception": error, "dag_run": _dated(), **more}


def _dated() -> SimpleNamespace:
    return SimpleNamespace(logical_date="2026-03-10", run_after="2026-03-10")


def alert(**options: Any) -> FailureAlert:
    """The alert of a DAG of tier 1."""
    return FailureAlert(tier=1, owner="data-engineering", runbook=RUNBOOK, **options)


@contextmanager
def webhook(monkeypatch: pytest.MonkeyPatch, status: int = 200, path: str = "/hook") -> Iterator[list[dict[str, Any]]]:
    """A local server behind the connection; yields what it was sent."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append({"path": self.path, "login": self.headers.get("Authorization"), "body": json.loads(body)})
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    connection = {
        "conn_type": "http",
        "schema": "http",
        "host": "127.0.0.1",
        "port": server.server_port,
        "password": "token",
        "extra": {"path": path},
    }
    monkeypatch.setenv("AIRFLOW_CONN_BASKETRY_ALERTS", json.dumps(connection))
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def logged(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """The alert in the log."""
    (line,) = [record.getMessage() for record in caplog.records if "basketry alert: " in record.getMessage()]
    return dict(json.loads(line.partition("basketry alert: ")[2]))


def test_the_alert_names_everything_to_begin_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """DAG, task, owner, tier, the run's page, the runbook, the last good run."""
    with webhook(monkeypatch) as received:
        alert()(failed())
    (request,) = received
    assert (request["path"], request["login"]) == ("/hook", "Bearer token")
    expected = {
        "dag": "ingest",
        "task": "load",
        "owner": "data-engineering",
        "tier": 1,
        "run_page": "http://airflow.example:8080/dags/ingest/runs/manual__1%2B1",
        "runbook": RUNBOOK,
        "last_good_run": "scheduled__2026-03-09",
    }
    assert expected.items() <= request["body"].items()


def test_no_error_text_leaves(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """What the error says could be a person's data, so the alert says where to read it instead."""
    with caplog.at_level(logging.INFO), webhook(monkeypatch) as received:
        alert()(failed())
    told = json.dumps(received) + caplog.text
    assert "Ada" not in told
    assert "Traceback" not in told


def test_without_a_connection_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The log has the alert even where no webhook is configured."""
    alert()(failed())
    assert logged(caplog)["dag"] == "ingest"


@pytest.mark.parametrize("status", [500, 302])
def test_a_webhook_that_refuses_costs_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """An answer that is no success fails nothing."""
    with webhook(monkeypatch, status):
        alert()(failed())
    assert logged(caplog)
    assert status == 302 or f"answered {status}" in caplog.text


def test_a_dead_webhook_costs_a_warning(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """No server: the failure is still logged, and the secret address is not."""
    with webhook(monkeypatch, path="/secret-path"):
        pass
    alert()(failed())
    assert logged(caplog)
    assert "did not reach the webhook" in caplog.text
    assert "secret-path" not in caplog.text


def test_a_run_that_timed_out_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """The DAG's own callback speaks only of time; failed tasks have spoken for themselves."""
    of_dag = alert(only_reason="timed_out")
    of_dag({**failed(), "reason": "task_failure"})
    assert not caplog.records
    of_dag({**failed(), "reason": "timed_out"})
    assert logged(caplog)["text"] == "ingest: run (timed_out) failed; tier 1, owner data-engineering."


def test_a_run_without_a_logical_date_asks_for_its_task(caplog: pytest.LogCaptureFixture) -> None:
    """Airflow knows no previous run of an undated one; the task's last good run stands for it."""
    context = failed(dag_run=SimpleNamespace(logical_date=None, run_after="2026-03-10"))
    context["ti"].get_previous_ti = lambda state, logical_date: SimpleNamespace(run_id=f"{state} before {logical_date}")
    alert()(context)
    assert logged(caplog)["last_good_run"] == "success before 2026-03-10"


def test_a_callback_that_cannot_ask_still_speaks(caplog: pytest.LogCaptureFixture) -> None:
    """Where the last good run cannot be found out, the rest is told."""
    context = failed()
    context["ti"].get_previous_dagrun = _unreachable
    alert()(context)
    assert logged(caplog)["last_good_run"] is None


def _unreachable(state: str) -> None:
    raise RuntimeError("no supervisor")


def test_the_runbook_becomes_an_address(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Where the repository can be read online, the alert links there."""
    monkeypatch.setenv("BASKETRY_DOCS_URL", "https://git.example/basketry/")
    alert()(failed())
    assert logged(caplog)["runbook"] == f"https://git.example/basketry/{RUNBOOK}"
