"""The services of one instance: MLflow, and Airflow in three processes (no triggerer: nothing here defers)."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from tools.engine import Engine, cores
from tools.environment import CHECKOUT, InstancePaths
from tools.instance_secrets import instance_secrets
from tools.memory import jobs_at_once, memory_limit
from tools.problem import Problem, disk_full
from tools.processes import Service, Stopped, ensure, last_line, stop, wait_until_alive
from tools.service_records import log_file
from tools.user import instance_users, passwords_file, simple_auth_users, users_file

NAMES = ("mlflow", "airflow-api-server", "airflow-dag-processor", "airflow-scheduler")
START_SECONDS = 180
LOCAL_SETTINGS = '''\
"""Written anew by tools/services.py: warnings that Airflow itself causes, which would begin every task's log."""

import warnings

warnings.filterwarnings("ignore", message="GitWildMatchPattern", category=DeprecationWarning)
'''
"""Airflow imports this when it starts. By Python's own variable it could not be said: then Airflow shows no deprecation at all."""


def program(name: str) -> str:
    """Return the path of a program of the project's virtual environment."""
    return str(CHECKOUT / ".venv" / "bin" / name)


def services(places: InstancePaths) -> dict[str, Service]:
    """Return every service by name, in the order in which they start."""
    airflow, mlflow = places.airflow_port, places.mlflow_port
    store = places.home / "mlflow"
    mlflow_command = (
        program("mlflow"),
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(mlflow),
        "--workers",
        "1",
        "--app-name",
        "basketry",
        "--backend-store-uri",
        f"sqlite:///{store / 'mlflow.db'}",
        "--artifacts-destination",
        str(store / "artifacts"),
    )
    api_command = (program("airflow"), "api-server", "--host", "127.0.0.1", "--port", str(airflow), "--workers", "1")
    listed = (
        Service("mlflow", mlflow_command, mlflow, "BASKETRY_MLFLOW_PORT"),
        Service("airflow-api-server", api_command, airflow, "BASKETRY_AIRFLOW_PORT"),
        Service("airflow-dag-processor", (program("airflow"), "dag-processor")),
        Service("airflow-scheduler", (program("airflow"), "scheduler", "--skip-serve-logs")),
    )
    return {service.name: service for service in listed}


def write_local_settings(airflow_home: Path) -> None:
    """Write what Airflow imports from its home when it starts."""
    path = airflow_home / "config" / "airflow_local_settings.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != LOCAL_SETTINGS:
        path.write_text(LOCAL_SETTINGS)


def airflow_environment(places: InstancePaths, env: Mapping[str, str]) -> dict[str, str]:
    """Add to `environment` what Airflow's processes need: where its things are, how it runs tasks, who may log in."""
    home = places.home / "airflow"
    secret_values = instance_secrets(places.home)
    write_local_settings(home)
    address = f"http://127.0.0.1:{places.airflow_port}"
    engine = Engine.from_environment(env)
    parallelism = jobs_at_once(memory_limit(), engine.driver_memory, cores())
    master = engine.master if engine.distributed else f"local[{max(2, cores())}]"
    return {
        **env,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "utc",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(parallelism),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": simple_auth_users(instance_users(places.home)),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file(places.home)),
        "BASKETRY_USERS": str(users_file(places.home)),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__PORT": str(places.airflow_port),
        "AIRFLOW__API__SECRET_KEY": secret_values["api"],
        "AIRFLOW__API_AUTH__JWT_SECRET": secret_values["jwt"],
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(places.home / "logs" / "tasks"),
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        # A scheduler that was killed is held for dead only later than it is started anew: look again soon, not in five minutes.
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW_CONN_SPARK_LOCAL": json.dumps({"conn_type": "spark", "host": master}),
    }


def migrate(places: InstancePaths, env: Mapping[str, str]) -> None:
    """Make or update Airflow's database, once per version of Airflow."""
    from importlib.metadata import version

    done = places.home / "airflow" / f".migrated-{version('apache-airflow')}"
    if done.exists() and (places.home / "airflow" / "airflow.db").exists():
        return
    log = log_file(places.home, "airflow-db-migrate")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        command = [program("airflow"), "db", "migrate"]
        code = subprocess.call(command, env=dict(env), stdout=output, stderr=subprocess.STDOUT)  # noqa: S603
    if code != 0:
        if disk_full(log.read_text(errors="replace")):
            raise OSError(28, "No space left on device")
        raise Problem(f"Airflow's database could not be made ({last_line(log)}): see {log}.")
    done.touch()


def answers(url: str) -> bool:
    """Whether a server answers there with success."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 our own loopback address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def start_servers(places: InstancePaths, env: Mapping[str, str], say: Callable[[str], None]) -> dict[str, str]:
    """Start what answers requests, and the DAG processor; returns Airflow's environment. Does not wait."""
    listed = services(places)
    (places.home / "mlflow").mkdir(parents=True, exist_ok=True)
    airflow_env = airflow_environment(places, env)
    if ensure(places.home, listed["mlflow"], env):
        say("MLflow starts")
    if not (places.home / "airflow" / "airflow.db").exists():
        say("making Airflow's database")
    migrate(places, airflow_env)
    for name in ("airflow-api-server", "airflow-dag-processor"):
        if ensure(places.home, listed[name], airflow_env):
            say(f"{name} starts")
    return airflow_env


def finish_start(places: InstancePaths, airflow_env: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Wait for the servers, then start the scheduler: a task that it starts before the API answers would fail."""
    listed = services(places)
    for name, path in (("airflow-api-server", "/api/v2/version"), ("mlflow", "/health")):
        service = listed[name]
        say(f"waiting for {name}")
        healthy = partial(answers, f"http://127.0.0.1:{service.port}{path}")
        wait_until_alive(places.home, service, START_SECONDS, healthy)
    if ensure(places.home, listed["airflow-scheduler"], airflow_env):
        say("airflow-scheduler starts")


def stop_all(places: InstancePaths) -> dict[str, Stopped]:
    """Stop every service, the scheduler first so that nothing new begins; returns what became of each, by name."""
    return {name: stop(places.home, name) for name in reversed(NAMES)}
