"""The gate and the model registry: how it logs in, and what it says when nobody answers."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from basketry_airflow.gate import log_in_to_registry

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
            name for name in environment if name.startswith(("DATABRICKS_", "MLFLOW_")) and name not in preset
        ]:
            del environment[name]
        monkeypatch.setattr(os, "environ", environment)
        log_in_to_registry()
        variables = {name: value for name, value in environment.items() if name.startswith(("DATABRICKS_", "MLFLOW_"))}
        assert variables == preset or not preset
    addresses = {"MLFLOW_TRACKING_URI": "databricks", "MLFLOW_REGISTRY_URI": "databricks-uc"}
    assert variables == {**addresses, "DATABRICKS_HOST": "https://w.example", **expected}
