"""What runs: services and their ports, Airflow's health, its DAGs, the model registry."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

from tools.airflow_client import AirflowClient
from tools.deploy.finding import Finding
from tools.environment import InstancePaths
from tools.instance_secrets import USER
from tools.manage import service_state
from tools.problem import Problem
from tools.processes import check_port
from tools.services import answers, services

START = "make run"


def look(places: InstancePaths) -> Iterator[Finding]:
    """Check services first; what only an answering Airflow can tell after that."""
    for service in services(places).values():
        state = service_state(places.home, service.name)
        wrong, fix = {"running": "", "killed": "it ended unasked", "stopped": "it does not run"}[state], START
        if state != "running":
            try:
                check_port(service)
            except Problem as problem:
                wrong, _, fix = str(problem).rstrip(".").partition(": ")
        yield Finding(f"service {service.name}", wrong, fix)
    yield database(places)
    yield registry(places)
    yield from airflow(places)


def database(places: InstancePaths) -> Finding:
    """Check that Airflow's database belongs to the Airflow that is installed."""
    marker = places.home / "airflow" / f".migrated-{version('apache-airflow')}"
    there = (places.home / "airflow" / "airflow.db").exists()
    wrong = "" if marker.exists() and there else "it was not made by this version" if there else "there is none"
    return Finding("Airflow's database", wrong, START)


def registry(places: InstancePaths) -> Finding:
    """Check that MLflow answers, and asks for a log-in: who writes there decides what jobs compute."""
    address = f"http://127.0.0.1:{places.mlflow_port}"
    if not answers(f"{address}/health"):
        return Finding(f"model registry at {address}", "it does not answer", START)
    wrong = "it lets in who has no password" if answers(f"{address}/version") else ""
    return Finding(f"model registry at {address}", wrong, "make down && make run")


def airflow(places: InstancePaths) -> Iterator[Finding]:
    """Check heartbeats, files that cannot be read, and scheduled DAGs that are paused."""
    address = f"http://127.0.0.1:{places.airflow_port}"
    passwords = places.home / "airflow" / "passwords.json"
    password = dict(json.loads(passwords.read_text())).get(USER, "") if passwords.is_file() else ""
    client = AirflowClient(address, USER, password)
    try:
        yield from _heartbeats(client.health())
        errors, paused, waiting = client.import_errors(), client.paused_dags(), client.waiting_runs()
    except (Problem, OSError) as problem:
        yield Finding(f"Airflow at {address}", str(problem).partition(": `")[0].rstrip("."), START)
        return
    for error in errors:
        yield Finding("DAG files", error.rstrip("."), "correct the file; Airflow reads it again within a minute")
    if not errors:
        yield Finding("DAG files")
    program = f"AIRFLOW_HOME={shlex.quote(str(places.home / 'airflow'))} .venv/bin/airflow dags unpause"
    wrong = f"{', '.join(paused)} never start: paused" if paused else ""
    yield Finding("scheduled DAGs", wrong, f"{program} {paused[0]}" if paused else "")
    wrong = "".join(f"{run} of {dag} waits, because the DAG is paused" for dag, run in waiting[:1])
    more = f" ({len(waiting) - 1} more wait as well)" if len(waiting) > 1 else ""
    yield Finding("runs of paused DAGs", wrong + more, f"{program} {waiting[0][0]}" if waiting else "")


def _heartbeats(health: Mapping[str, Any]) -> Iterator[Finding]:
    for part in ("metadatabase", "scheduler", "dag_processor"):
        state = (health.get(part) or {}).get("status")
        yield Finding(
            f"Airflow's {part}", "" if state == "healthy" else f"it is {state or 'not there'}", "make down && make run"
        )
