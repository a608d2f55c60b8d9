"""A small client of Airflow's REST API: what `make run` needs, and no more."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from typing import Any

from tools.problem import Problem

ENDED = frozenset({"success", "failed"})
"""States of a DAG run that nothing follows."""


class AirflowClient:
    """Talks to one Airflow as one user."""

    def __init__(self, address: str, user: str, password: str) -> None:
        """Prepare a client; it logs in with its first request.

        Args:
            address: Such as `http://127.0.0.1:8080`.
            user: A user of Airflow's simple auth manager.
            password: The password of that user.
        """
        self.address = address
        self._login = {"username": user, "password": password}
        self._token = ""

    def unpause(self, dag: str) -> None:
        """Let the DAG run."""
        self._call("PATCH", f"/api/v2/dags/{dag}", {"is_paused": False})

    def unpause_due(self, dag: str, seconds: float = 30) -> str | None:
        """Let the DAG run.

        Args:
            dag: The id of the DAG.
            seconds: How long the scheduler may take to begin a run.

        Returns:
            The id of the run that begins by itself, because its schedule is due, or None.
        """
        path = f"/api/v2/dags/{dag}"
        due = self._call("GET", path)["next_dagrun_run_after"]
        self.unpause(dag)
        if due is None or datetime.fromisoformat(due) > datetime.now(UTC):
            return None
        active = f"{path}/dagRuns?limit=1&run_type=scheduled&state=queued&state=running"
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if runs := self._call("GET", active)["dag_runs"]:
                return str(runs[0]["dag_run_id"])
            time.sleep(0.5)
        return None

    def skip(self, dag: str, run: str, reason: str) -> None:
        """Let a run end without its tasks, and note at it why."""
        self._call("PATCH", _run_path(dag, run), {"note": reason})
        for task in self.tasks(dag, run):
            path = f"{_run_path(dag, run)}/taskInstances/{task['task_id']}"
            self._call("PATCH", path, {"new_state": "skipped"})

    def pause(self, dag: str) -> None:
        """Let no more run of the DAG begin."""
        self._call("PATCH", f"/api/v2/dags/{dag}", {"is_paused": True})

    def dag_ids(self) -> set[str]:
        """Return the DAGs that Airflow has parsed so far."""
        return {str(dag["dag_id"]) for dag in self._call("GET", "/api/v2/dags?limit=100")["dags"]}

    def health(self) -> dict[str, Any]:
        """Return the state of the database, the scheduler and the dag-processor, `healthy` or not, by their heartbeats."""
        return self._call("GET", "/api/v2/monitor/health")

    def paused_dags(self) -> list[str]:
        """List the DAGs that have a schedule and do not follow it, sorted."""
        dags = self._call("GET", "/api/v2/dags?limit=100&paused=true")["dags"]
        return sorted(str(dag["dag_id"]) for dag in dags if dag["timetable_periodic"])

    def waiting_runs(self) -> list[tuple[str, str]]:
        """List DAG and run of every run that waits because its DAG is paused; it begins when somebody unpauses the DAG."""
        paused = {dag["dag_id"] for dag in self._call("GET", "/api/v2/dags?limit=100&paused=true")["dags"]}
        queued = self._call("GET", "/api/v2/dags/~/dagRuns?state=queued&limit=100")["dag_runs"] if paused else []
        return [(str(run["dag_id"]), str(run["dag_run_id"])) for run in queued if run["dag_id"] in paused]

    def import_errors(self) -> list[str]:
        """List why DAG files could not be read, each as `file: last line of the error`."""
        errors = self._call("GET", "/api/v2/importErrors?limit=10")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in errors]

    def wait_for_dags(self, wanted: set[str], seconds: float) -> None:
        """Wait until Airflow knows the DAGs.

        Raises:
            Problem: Airflow cannot read one of them (with its error), or the time is over.
        """
        end = time.monotonic() + seconds
        while not wanted <= self.dag_ids():
            errors = self.import_errors()
            if errors:
                raise Problem(f"Airflow cannot read a DAG file ({errors[0]}): correct it and run again.")
            if time.monotonic() > end:
                missing = ", ".join(sorted(wanted - self.dag_ids()))
                raise Problem(f"Airflow did not find {missing} in dags/ within {seconds:.0f} s: see `make logs`.")
            time.sleep(0.5)

    def trigger(self, dag: str, conf: Mapping[str, object]) -> str:
        """Start a run by hand with these answers to the form; returns the run's id."""
        body = {"conf": dict(conf), "logical_date": None}
        return str(self._call("POST", f"/api/v2/dags/{dag}/dagRuns", body)["dag_run_id"])

    def state(self, dag: str, run: str) -> str:
        """Return the state of a run, one of Airflow's words."""
        return str(self._call("GET", _run_path(dag, run))["state"])

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        """List the run's task instances, each with task_id, state, try_number and more."""
        return list(self._call("GET", f"{_run_path(dag, run)}/taskInstances?limit=100")["task_instances"])

    def active_run(self, dag: str, conf: Mapping[str, object]) -> str | None:
        """Return the oldest run that waits or works with these answers to the form, None when there is none."""
        runs = self._runs(dag, conf, "order_by=id&state=queued&state=running")
        return str(runs[0]["dag_run_id"]) if runs else None

    def resume(self, dag: str, conf: Mapping[str, object]) -> str | None:
        """Let the tasks that failed in the newest run with these answers be tried again; None when it did not fail."""
        runs = self._runs(dag, conf, "order_by=-id")
        if not runs or runs[0]["state"] != "failed":
            return None
        run = str(runs[0]["dag_run_id"])
        body = {"dag_run_id": run, "only_failed": True, "reset_dag_runs": True, "dry_run": False}
        self._call("POST", f"/api/v2/dags/{dag}/clearTaskInstances", body)
        return run

    def _runs(self, dag: str, conf: Mapping[str, object], query: str) -> list[dict[str, Any]]:
        runs = self._call("GET", f"/api/v2/dags/{dag}/dagRuns?limit=100&{query}")["dag_runs"]
        return [run for run in runs if conf.items() <= (run.get("conf") or {}).items()]

    def polls(self, dag: str, run: str, seconds: float) -> Generator[str, None, str]:
        """Yield the state of a run with each look until it has ended; return `success` or `failed`.

        Raises:
            Problem: The time is over.
        """
        end = time.monotonic() + seconds
        while (state := self.state(dag, run)) not in ENDED:
            yield state
            if time.monotonic() > end:
                raise Problem(f"{dag} is still {state} after {seconds / 60:.0f} minutes: see {self.page(dag, run)}.")
        return state

    def wait(self, dag: str, run: str, seconds: float, on_poll: Callable[[], None] = lambda: None) -> str:
        """Wait for the end of a run; returns `success` or `failed`.

        Raises:
            Problem: The time is over.
        """
        looks = self.polls(dag, run, seconds)
        while True:
            try:
                next(looks)
            except StopIteration as ended:
                return str(ended.value)
            on_poll()
            time.sleep(1)

    def page(self, dag: str, run: str) -> str:
        """Return the address of a run's page in the UI."""
        return f"{self.address}/dags/{dag}/runs/{urllib.parse.quote(run)}"

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        if not self._token:
            self._token = str(self._send("POST", "/auth/token", self._login)["access_token"])
        try:
            return self._send(method, path, body)
        except urllib.error.HTTPError as error:
            if error.code == 401:  # tokens end after a day
                self._token = str(self._send("POST", "/auth/token", self._login)["access_token"])
                return self._send(method, path, body)
            raise Problem(f"Airflow refused {method} {path} ({error.code}: {_detail(error)}).") from None

    def _send(self, method: str, path: str, body: Mapping[str, object] | None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data=data, headers=headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 our own loopback address
                return dict(json.load(response))
        except urllib.error.HTTPError:
            raise
        except OSError as error:
            raise Problem(f"Airflow does not answer at {self.address} ({error}): `make run` restarts it.") from None


def _run_path(dag: str, run: str) -> str:
    return f"/api/v2/dags/{dag}/dagRuns/{urllib.parse.quote(run)}"


def _detail(error: urllib.error.HTTPError) -> str:
    text = error.read().decode(errors="replace")
    try:
        return str(json.loads(text).get("detail", text))[:300]
    except (ValueError, AttributeError):
        return text[:300]
