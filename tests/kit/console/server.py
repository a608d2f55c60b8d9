"""A real Airflow over a lake: its web server, and its DAG processor where DAGs matter; nothing runs tasks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.kit.ports import free_port
from tests.kit.users import write_users
from tools import services
from tools.environment import InstancePaths
from tools.processes import ensure, stop, wait_until_alive

PASSWORD = "only-for-this-test"
USERS = ("admin", "sales")
WEB, DAGS = "airflow-api-server", "airflow-dag-processor"


@contextmanager
def real_airflow(home: Path, running: Sequence[str] = (WEB, DAGS)) -> Iterator[str]:
    """The address of the server, which has started when the context begins and is gone when it ends."""
    places = replace(InstancePaths.from_environment(), home=home, airflow_port=free_port(), mlflow_port=free_port())
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "BASKETRY_HOME": str(home),
        "BASKETRY_CATALOG": "demo",
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
    }
    roles = {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,sales:viewer"}
    airflow = {**services.airflow_environment(places, env), **roles}
    (home / "airflow" / "passwords.json").write_text(json.dumps(dict.fromkeys(USERS, PASSWORD)))
    write_users(home / "airflow" / "users.json")
    services.migrate(places, airflow)
    listed = services.services(places)
    url = f"http://127.0.0.1:{places.airflow_port}"
    try:
        for name in running:
            ensure(home, listed[name], airflow)
        healthy = partial(services.answers, f"{url}/api/v2/version")
        wait_until_alive(home, listed[WEB], services.START_SECONDS, healthy)
        yield url
    finally:
        for name in running:
            stop(home, name)
