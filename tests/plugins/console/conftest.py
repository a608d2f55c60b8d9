"""The console within the real Airflow application, over a small lake; one client for each kind of user."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.kit.users import write_users

USERS = {
    "admin": "ADMIN",
    "on_call": "OP",
    "marketing": "USER",
    "data_science": "USER",
    "sales": "VIEWER",
    "auditor": "VIEWER",
    "stranger": "VIEWER",
}
"""Users and their role in Airflow; tests.kit.users puts all but the stranger into a team."""

Client = Any


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose catalog `demo` has every table."""
    from tests.kit.console.lake import make_lake

    folder = tmp_path_factory.mktemp("console")
    make_lake(folder / "lake" / "demo", weeks=60, each=2, customers=150)
    return folder


@pytest.fixture(scope="session")
def airflow_app(home: Path) -> Iterator[Any]:
    """Airflow's own application as its api-server runs it, with our plugin in it."""
    before = dict(os.environ)
    os.environ.update(
        {
            "BASKETRY_HOME": str(home),
            "BASKETRY_CATALOG": "demo",
            "BASKETRY_USERS": str(write_users(home / "airflow" / "users.json")),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
                f"{name}:{role.lower()}" for name, role in USERS.items()
            ),
            "AIRFLOW__API_AUTH__JWT_SECRET": "secret-of-the-tests" * 4,
        }
    )
    from airflow.api_fastapi.app import create_app
    from airflow.utils.db import initdb

    initdb()
    yield create_app(apps="core")
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def _no_registry(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of the application meet a model registry that is down; the tests of the asking itself do not."""
    from basketry_airflow.console import model_aliases

    if "airflow_app" in request.fixturenames:
        monkeypatch.setattr(model_aliases, "_ask", _nobody_answers)


def _nobody_answers(name: str) -> None:
    """What asking a model registry that is down comes to, without the minutes."""
    from basketry_airflow.console import model_aliases

    with model_aliases._lock:
        model_aliases._known[name] = (time.monotonic(), model_aliases._UNKNOWN)
        model_aliases._waiting.pop(name).set()


@pytest.fixture(scope="session")
def client(airflow_app: Any) -> Callable[[str | None], Client]:
    """A client logged in as that user, by the UI's cookie; None for nobody."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from starlette.testclient import TestClient

    def logged_in(user: str | None) -> Client:
        made = TestClient(airflow_app, raise_server_exceptions=False)
        if user:
            token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=user, role=USERS[user]))
            made.cookies.set("_token", token)
        return made

    return logged_in


@pytest.fixture
def forgotten(airflow_app: Any) -> Iterator[None]:
    """Nobody has exported or asked anything yet."""
    from basketry_airflow.console import audit

    audit.delete_before(datetime.max.replace(tzinfo=UTC))
    yield
