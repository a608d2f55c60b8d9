"""The real MLflow server, as `make run` starts it: who has not the instance's password changes and reads nothing."""

from __future__ import annotations

import json
import os
import stat
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from basketry.errors import BadInputError
from basketry.registry import server
from tests.kit.ports import free_port
from tests.kit.registry import registry_at
from tools.doctor import running
from tools.environment import InstancePaths
from tools.instance_secrets import BYTES, USER, instance_secrets, registry_login
from tools.processes import ensure, stop, wait_until_alive
from tools.services import answers, services

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MODEL = "demo.gold.propensity"
ATTACK = (
    ("POST", "/api/2.0/mlflow/experiments/create", {"name": "attack"}),
    ("POST", "/api/2.0/mlflow/runs/create", {"experiment_id": "0"}),
    ("PUT", "/api/2.0/mlflow-artifacts/artifacts/0/run/artifacts/model/MLmodel", {"flavors": {}}),
    ("PUT", "/api/2.0/mlflow-artifacts/artifacts/0/run/artifacts/model/model.pkl", {}),
    ("POST", "/api/2.0/mlflow/registered-models/create", {"name": MODEL}),
    (
        "POST",
        "/api/2.0/mlflow/model-versions/create",
        {"name": MODEL, "source": "mlflow-artifacts:/0/run/artifacts/model"},
    ),
    ("POST", "/api/2.0/mlflow/registered-models/alias", {"name": MODEL, "alias": "champion", "version": "1"}),
)
"""What made a stranger's pickle the champion, call by call."""
READING = (
    "/",
    "/version",
    "/api/2.0/mlflow/experiments/search?max_results=1",
    "/ajax-api/2.0/mlflow/experiments/search?max_results=1",
    "/api/2.0/mlflow-artifacts/artifacts",
    "/get-artifact?path=model.pkl&run_id=0",
    "/graphql",
    "/health/../version",
    "/health/",
)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InstancePaths]:
    """An instance whose MLflow is up."""
    home = tmp_path_factory.mktemp("instance")
    places = InstancePaths(home, home / "cache", free_port(), free_port())
    (home / "mlflow").mkdir()
    mlflow = services(places)["mlflow"]
    try:
        ensure(home, mlflow, {**os.environ, "BASKETRY_HOME": str(home), **registry_login(home)})
        wait_until_alive(home, mlflow, 180, lambda: answers(f"http://127.0.0.1:{places.mlflow_port}/health"))
        yield places
    finally:
        stop(home, "mlflow")


def status(places: InstancePaths, method: str, path: str, body: object = None, login: str = "") -> int:
    """The status of the server's answer."""
    headers = {"Content-Type": "application/json"}
    if login:
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    address = f"http://127.0.0.1:{places.mlflow_port}{path}"
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, data, headers, method=method), timeout=60
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("login", ["", "admin:", "admin:wrong", "basketry:", ":"])
def test_no_step_of_the_attack_is_let_in(places: InstancePaths, login: str) -> None:
    """Whoever only reaches the port is asked for a log-in, with each call that would name a champion."""
    assert {status(places, *call, login=login) for call in ATTACK} == {401}


def test_nothing_is_read_without_the_password(places: InstancePaths) -> None:
    """No page, no run, no artifact; only that the server lives is said to everybody, by exactly one path."""
    assert {path: status(places, "GET", path) for path in READING} == dict.fromkeys(READING, 401)
    assert status(places, "GET", "/health") == 200


def test_the_instance_s_own_clients_come_in(places: InstancePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's client takes user and password from the environment that `make` gives every job; the browser asks for them."""
    import mlflow

    for name, value in registry_login(places.home).items():
        monkeypatch.setenv(name, value)
    with registry_at(f"http://127.0.0.1:{places.mlflow_port}"):
        mlflow.set_experiment("own")
        with mlflow.start_run() as run:
            mlflow.log_dict({"trees": 3}, "model.json")
        assert mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/model.json") == {"trees": 3}
    assert status(places, "GET", "/version", login=f"{USER}:{instance_secrets(places.home)['mlflow']}") == 200


def test_the_doctor_sees_that_it_asks(places: InstancePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Well with the log-in; wrong where the server lets anybody read."""
    assert not running.registry(places).wrong
    monkeypatch.setattr(running, "answers", lambda url: True)
    assert running.registry(places).wrong == "it lets in who has no password"


def test_the_password_is_its_owner_s(places: InstancePaths) -> None:
    """No other account reads it from the home, and none from the command line, which `ps` shows to everybody."""
    assert stat.S_IMODE((places.home / "airflow" / "secrets.json").stat().st_mode) == 0o600
    assert instance_secrets(places.home)["mlflow"] not in " ".join(services(places)["mlflow"].command)


def test_an_older_home_gets_what_it_lacks(tmp_path: Path) -> None:
    """The secrets that are there stay: a running Airflow goes on with them."""
    (tmp_path / "airflow").mkdir()
    (tmp_path / "airflow" / "secrets.json").write_text('{"api": "a", "jwt": "j", "password": "p"}')
    values = instance_secrets(tmp_path)
    assert (values["api"], values["jwt"], values["password"]) == ("a", "j", "p")
    assert set(values) == set(BYTES) and len(values["mlflow"]) >= 12
    assert instance_secrets(tmp_path) == values


def test_an_open_server_is_never_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a password in the environment it ends with a sentence."""
    monkeypatch.delenv(server.PASSWORD, raising=False)
    with pytest.raises(BadInputError, match="MLflow does not start without a log-in"):
        server.create_app()
