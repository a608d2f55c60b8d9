"""docker-compose.yaml, read as what it says (there is no engine in the tests)."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tools.environment import CHECKOUT, Places
from tools.services import services

COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yaml").read_text())
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text()
LASTING = {"postgres", "redis", "airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "mlflow"}


def test_it_has_the_same_services_as_make_run() -> None:
    """What runs under make runs in containers, with PostgreSQL and the one-time migration besides."""
    places = Places(CHECKOUT, CHECKOUT, 8080, 5000)
    assert set(COMPOSE["services"]) == set(services(places)) | {"postgres", "redis", "airflow-init"}


def test_older_docker_compose_reads_it() -> None:
    """docker-compose 1.29 refuses a top-level name."""
    assert "name" not in COMPOSE


@pytest.mark.parametrize("name", sorted(LASTING))
def test_every_lasting_service_is_watched(name: str) -> None:
    """A health check and a restart policy for each service that stays up."""
    service = COMPOSE["services"][name]
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert service["restart"] == "unless-stopped"


def test_the_scheduler_waits_for_the_api() -> None:
    """A task that starts before the API answers fails, so health decides the order."""
    waits = COMPOSE["services"]["airflow-scheduler"]["depends_on"]
    assert waits == {"airflow-api-server": {"condition": "service_healthy"}}


def test_only_this_machine_can_connect() -> None:
    """Published ports are bound to the loopback address."""
    for service in COMPOSE["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_no_secret_is_written_down() -> None:
    """Passwords and keys come from the environment, and a missing one stops the start."""
    text = (CHECKOUT / "docker-compose.yaml").read_text()
    for name in ("BASKETRY_DB_PASSWORD", "BASKETRY_API_SECRET", "BASKETRY_JWT_SECRET"):
        assert f"${{{name}:?" in text


def test_the_image_copies_what_exists() -> None:
    """Every COPY source is in the repository, and nothing private is in the build context."""
    for sources in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.M):
        assert all((CHECKOUT / source).exists() for source in sources.split())
    ignored = (CHECKOUT / ".dockerignore").read_text().split()
    assert {".git", ".venv", ".basketry"} <= set(ignored)


def test_the_image_has_a_full_java() -> None:
    """Spark 4.1 needs Java 17 or newer with all its modules."""
    assert re.search(r"openjdk-(17|21)-jdk-headless", DOCKERFILE)
