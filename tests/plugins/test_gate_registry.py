"""The gate and the model registry: how it logs in, and what it says when nobody answers."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from basketry.config import quiet
from basketry.errors import BadInputError
from basketry_airflow.gate import log_in_to_registry
from basketry_airflow.workspace import LOGIN_VARIABLES, login_settings

MODEL = "demo.gold.propensity"


def test_a_registry_that_is_down_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer from MLflow is one sentence that the retry policy does not take for bad input."""
    import mlflow

    from basketry.registry import RegistryDownError
    from basketry_airflow.gate import decide
    from basketry_airflow.retry import never_passes

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    mlflow.set_tracking_uri("http://127.0.0.1:9")
    try:
        with pytest.raises(RegistryDownError) as error:
            decide.function("propensity", {"catalog": "demo"})
    finally:
        mlflow.set_tracking_uri(None)
    assert str(error.value) == (
        f"the model registry did not answer about {MODEL}: see that MLflow runs where MLFLOW_TRACKING_URI says."
    )
    assert never_passes(error.value) is None


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({}, {"DATABRICKS_TOKEN": "tok"}),
        ({"service_principal_oauth": True}, {"DATABRICKS_CLIENT_ID": "me", "DATABRICKS_CLIENT_SECRET": "tok"}),
        (
            {"azure_tenant_id": "tenant", "azure_resource_id": "/subscriptions/x"},
            {
                "ARM_TENANT_ID": "tenant",
                "ARM_CLIENT_ID": "me",
                "ARM_CLIENT_SECRET": "tok",
                "DATABRICKS_AZURE_RESOURCE_ID": "/subscriptions/x",
            },
        ),
    ],
)
def test_on_databricks_the_registry_is_unity_catalog(
    extra: dict[str, Any], expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow logs in as Airflow's connection says; another tracking server that is set already is left alone."""
    from airflow.sdk import Connection

    connection = SimpleNamespace(
        host="w.example", schema=None, port=None, login="me", password="tok", extra_dejson=extra
    )
    monkeypatch.setattr(Connection, "get", lambda name: connection)
    monkeypatch.setenv("BASKETRY_RUNTIME", "databricks")
    for preset in ({"MLFLOW_TRACKING_URI": "http://127.0.0.1:5000"}, {}):
        environment = {**os.environ, **preset}
        for name in [
            name for name in environment if name.startswith(("ARM_", "DATABRICKS_", "MLFLOW_")) and name not in preset
        ]:
            del environment[name]
        monkeypatch.setattr(os, "environ", environment)
        log_in_to_registry()
        variables = {
            name: value
            for name, value in environment.items()
            if name.startswith(("ARM_", "DATABRICKS_", "MLFLOW_")) and name not in quiet.MLFLOW
        }
        assert variables == preset or not preset
    addresses = {"MLFLOW_TRACKING_URI": "databricks", "MLFLOW_REGISTRY_URI": "databricks-uc"}
    assert variables == {**addresses, "DATABRICKS_HOST": "https://w.example", **expected}


@pytest.mark.parametrize(
    ("login", "extra"),
    [("", {"use_azure_managed_identity": True}), ("me", {"use_default_azure_credential": True}), ("federated_k8s", {})],
)
def test_a_login_of_the_provider_alone_is_named(login: str, extra: dict[str, Any]) -> None:
    """Jobs would run, and every page say that the login was refused."""
    connection: Any = SimpleNamespace(
        host="w.example", schema=None, port=None, login=login, password="", extra_dejson=extra
    )
    kind = next(iter(extra), login)
    with pytest.raises(
        BadInputError, match=f"logs in by {kind}, which runs of jobs can .* give it a service principal"
    ):
        login_settings(connection)


def test_the_variables_are_the_sdks() -> None:
    """Each setting of a login is read from the variable that is set for it."""
    from databricks.sdk.config import Config

    known = {attribute.name: attribute.env for attribute in Config.attributes()}
    assert LOGIN_VARIABLES.items() <= known.items()
