"""The one table that says where a container's addresses and folders are when its service runs as a process."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.containers.compose import services
from tests.containers.image import FOLDERS
from tests.containers.outside import ADDRESSES, Outside


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    made = Outside(tmp_path)
    made.ports = {address: 20001 + index for index, address in enumerate(ADDRESSES)}
    return made


@pytest.mark.parametrize(
    ("service", "inside", "there"),
    [
        ("mlflow", "--port=5000", "--port={mlflow:5000}"),
        ("airflow-api-server", "8080", "{airflow-api-server:8080}"),
        ("airflow-api-server", "0.0.0.0", "127.0.0.1"),
        ("airflow-scheduler", "8080", "8080"),
        ("spark-master", "spark-master", "127.0.0.1"),
        ("mlflow", "--host=0.0.0.0", "--host=127.0.0.1"),
        ("spark-worker", "2", "2"),
        ("spark-worker", "spark://spark-master:7077", "spark://127.0.0.1:{spark-master:7077}"),
        ("spark-worker", "http://127.0.0.1:8081/json/", "http://127.0.0.1:{spark-worker:8081}/json/"),
        (
            "airflow-init",
            "postgresql://a:b@postgres:5432/airflow",
            "postgresql://a:b@127.0.0.1:{postgres:5432}/airflow",
        ),
        ("mlflow", "sqlite:////var/lib/mlflow/mlflow.db", "sqlite:///{root}/mlflow/mlflow.db"),
        ("airflow-scheduler", "/var/lib/basketry/airflow/users.json", "{root}/home/airflow/users.json"),
        ("airflow-scheduler", "redis://:a@redis:6379/0", "redis://:a@127.0.0.1:{redis:6379}/0"),
        ("mlflow", "/opt/basketry-cache", "{root}/cache"),
    ],
)
def test_a_word_is_translated(outside: Outside, service: str, inside: str, there: str) -> None:
    """Addresses, a service's own port and folders are replaced; programs, other numbers and other services' ports stay."""
    for address, port in outside.ports.items():
        there = there.replace(f"{{{address}}}", str(port))
    assert outside.translate(service, inside) == there.replace("{root}", str(outside.root))


def test_the_table_knows_every_address_and_folder() -> None:
    """Nothing that the file says about a place goes past the table: a new one must be entered there."""
    declared = services()
    text = json.dumps(
        [{key: service.get(key) for key in ("command", "environment", "healthcheck")} for service in declared.values()]
    )
    names = "|".join(declared)
    assert {":".join(match) for match in re.findall(rf"(?<![\w-])({names}):(\d+)", text)} == set(ADDRESSES) - {
        "spark-worker:8081"
    }
    mounted = {mount["target"] for service in declared.values() for mount in service.get("volumes", [])}
    assert mounted <= set(FOLDERS)
    assert all(
        any(path.startswith(folder) for folder in FOLDERS) for path in re.findall(r"/(?:var|opt|tmp)/[\w./-]+", text)
    )
