"""The REST client against a small stand-in server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tools.airflow_client import AirflowClient
from tools.problem import Problem


class Airflow(ThreadingHTTPServer):
    """Answers as Airflow does; remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, Any]] = []
        self.states = ["queued", "running", "success"]
        self.valid_token = "t1"
        self.import_errors: list[dict[str, str]] = []
        self.next_run: str | None = None
        self.scheduled: list[list[str]] = []
        self.active: list[dict[str, Any]] = []


class Handler(BaseHTTPRequestHandler):
    server: Airflow

    def do_GET(self) -> None:
        if self.path.startswith("/api/v2/importErrors"):
            self._answer(200, {"import_errors": self.server.import_errors})
        elif self.path.startswith("/api/v2/dags?"):
            self._answer(200, {"dags": [{"dag_id": "ingest"}]})
        elif self.path.startswith("/api/v2/dags/ingest/dagRuns?"):
            wanted = self.path.endswith("order_by=id&state=queued&state=running")
            self._answer(200, {"dag_runs": self.server.active if wanted else self.server.active[::-1]})
        elif self.path == "/api/v2/dags/offers":
            self._answer(200, {"next_dagrun_run_after": self.server.next_run})
        elif self.path.startswith("/api/v2/dags/offers/dagRuns?"):
            self._answer(200, {"dag_runs": [{"dag_run_id": run} for run in self.server.scheduled.pop(0)]})
        else:
            states = self.server.states
            self._answer(200, {"state": states.pop(0) if len(states) > 1 else states[0]})

    def do_PATCH(self) -> None:
        self.server.seen.append((self.path, "", json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self._answer(200, {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/auth/token":
            self.server.valid_token = "t2" if self.server.seen else "t1"
            self._answer(201, {"access_token": self.server.valid_token})
            return
        self.server.seen.append((self.path, self.headers["Authorization"], body))
        if self.path.endswith("/clearTaskInstances"):
            self._answer(200, {"task_instances": []})
        elif body["conf"].get("feed") == "wrong":
            self._answer(400, {"detail": "'wrong' is not one of ['products']"})
        elif self.headers["Authorization"] != f"Bearer {self.server.valid_token}" or len(self.server.seen) == 2:
            self._answer(401, {"detail": "expired"})
        else:
            self._answer(200, {"dag_run_id": "manual__1"})

    def _answer(self, code: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Silence."""


@pytest.fixture
def airflow() -> Iterator[Airflow]:
    with Airflow() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def client(airflow: Airflow) -> AirflowClient:
    return AirflowClient(f"http://127.0.0.1:{airflow.server_port}", "admin", "secret")


def test_a_run_is_triggered_without_a_logical_date(airflow: Airflow, client: AirflowClient) -> None:
    """A run by hand has answers to the form, no logical date, and a token."""
    assert client.trigger("ingest", {"feed": "products"}) == "manual__1"
    path, token, body = airflow.seen[0]
    assert path == "/api/v2/dags/ingest/dagRuns"
    assert token == "Bearer t1"
    assert body == {"conf": {"feed": "products"}, "logical_date": None}


def test_an_old_token_is_renewed(airflow: Airflow, client: AirflowClient) -> None:
    """A 401 costs one more login, not the run."""
    client.trigger("ingest", {})
    assert client.trigger("ingest", {}) == "manual__1"
    assert airflow.seen[-1][1] == "Bearer t2"


def test_waiting_ends_with_the_run(client: AirflowClient) -> None:
    """Every look calls back, and the final state is returned."""
    looks: list[int] = []
    assert client.wait("ingest", "manual__1", 30, lambda: looks.append(1)) == "success"
    assert len(looks) == 2


def test_a_run_under_way_is_known_by_its_answers(airflow: Airflow, client: AirflowClient) -> None:
    """The same answers to the form make it the same run; further ones, as of a default, do not matter."""
    assert client.active_run("ingest", {"feed": "*"}) is None
    airflow.active = [
        {"dag_run_id": "scheduled__1", "conf": None},
        {"dag_run_id": "manual__1", "conf": {"feed": "products", "files": "*"}},
        {"dag_run_id": "manual__2", "conf": {"feed": "*", "files": "*", "dry_run": False}},
    ]
    assert client.active_run("ingest", {"feed": "*", "files": "*"}) == "manual__2"
    assert client.active_run("ingest", {"feed": "customers"}) is None


def test_the_failed_tasks_of_the_newest_run_are_tried_again(airflow: Airflow, client: AirflowClient) -> None:
    """Only of a run with these answers, and only where it is the newest one that failed."""
    form = {"catalog": "demo"}
    airflow.active = [
        {"dag_run_id": "manual__1", "conf": form, "state": "failed"},
        {"dag_run_id": "manual__2", "conf": {"catalog": "other"}, "state": "success"},
    ]
    assert client.resume("ingest", form) == "manual__1"
    path, _, body = airflow.seen[-1]
    assert path == "/api/v2/dags/ingest/clearTaskInstances"
    assert body == {"dag_run_id": "manual__1", "only_failed": True, "reset_dag_runs": True, "dry_run": False}
    airflow.active.append({"dag_run_id": "manual__3", "conf": form, "state": "success"})
    assert client.resume("ingest", form) is None
    assert client.resume("ingest", {"catalog": "none"}) is None


def test_a_schedule_that_is_due_begins_a_run_by_itself(airflow: Airflow, client: AirflowClient) -> None:
    """Its run is waited for and named; one that comes later, or never, or not in time is not."""
    airflow.next_run, airflow.scheduled = "2026-01-05T09:30:00Z", [[], ["scheduled__1"], []]
    assert client.unpause_due("offers") == "scheduled__1"
    assert ("/api/v2/dags/offers", "", {"is_paused": False}) in airflow.seen
    assert client.unpause_due("offers", seconds=0.2) is None
    for later in ("2999-01-05T09:30:00Z", None):
        airflow.next_run = later
        assert client.unpause_due("offers") is None


def test_a_refused_form_says_why(client: AirflowClient) -> None:
    """Airflow's own reason reaches the person."""
    with pytest.raises(Problem, match=r"400: 'wrong' is not one of"):
        client.trigger("ingest", {"feed": "wrong"})


def test_an_unreadable_dag_file_is_named(airflow: Airflow, client: AirflowClient) -> None:
    """A DAG that never comes is explained by its import error instead of a time-out."""
    airflow.import_errors = [{"filename": "daily_sales.py", "stack_trace": "Traceback\nNameError: x"}]
    with pytest.raises(Problem, match=r"daily_sales\.py: NameError: x"):
        client.wait_for_dags({"daily_sales"}, 30)


def test_a_silent_airflow_is_one_sentence() -> None:
    """Nothing listens: the sentence says what restarts it."""
    with pytest.raises(Problem, match=r"Airflow does not answer at http://127\.0\.0\.1:9 .*make run"):
        AirflowClient("http://127.0.0.1:9", "admin", "secret").dag_ids()
