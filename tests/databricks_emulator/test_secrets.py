"""Secrets of a workspace: read by a job with its own login, put by the workspace into a cluster's variables, or missing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient

from basketry.config.run_settings import REDIS_URL, settings_argument
from basketry.config.settings import Settings
from basketry.errors import BadInputError
from basketry.lake.unity_lake import UnityLake
from basketry.retail.suppression import SECRET, new_digester
from tests.databricks_emulator.conftest import python_task, sdk_tasks
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.kit.documents import INCLUDE
from tools.deploy.target import load_target, target_names

REFERENCE = "{{secrets/retail/redis_url}}"


def test_the_key_is_a_secret_of_the_workspace(emulator: DatabricksEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read with the job's own login; without a value the job says who has to do what."""
    monkeypatch.setenv("DATABRICKS_HOST", emulator.url)
    monkeypatch.setenv("DATABRICKS_TOKEN", emulator.token)
    nobody: Any = None
    settings = Settings.from_environment({"BASKETRY_RUNTIME": "databricks", "BASKETRY_SECRET_SCOPE": "retail"})
    lake = UnityLake(nobody, "demo", settings)
    governance = emulator.governance
    governance.scopes["retail"] = {}
    with pytest.raises(BadInputError, match="databricks secrets put-secret retail forget_key"):
        new_digester(lake)
    governance.secrets["retail"], governance.secret_values[("retail", SECRET)] = [SECRET], b"\x00\xff a key"
    assert lake.secret(SECRET) == b"\x00\xff a key"
    assert new_digester(lake).of_customer("77") != new_digester(lake).of_customer("78")


def test_every_secret_that_a_target_names_is_read() -> None:
    """deploy-check asks a person for its value, so a job must need it."""
    named = {name for target in target_names(INCLUDE) for name in load_target(target, INCLUDE).secrets}
    assert named == {SECRET}


def test_a_setting_is_read_from_its_secret(emulator: DatabricksEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on serverless compute, which has no variables: the argument names the secret, the run's login reads it."""
    monkeypatch.setenv("DATABRICKS_HOST", emulator.url)
    monkeypatch.setenv("DATABRICKS_TOKEN", emulator.token)
    monkeypatch.setenv("BASKETRY_RUNTIME", "databricks")
    settings = Settings.of_run(settings_argument({REDIS_URL: REFERENCE}, (REDIS_URL,)))
    governance = emulator.governance
    governance.scopes["retail"] = {}
    with pytest.raises(BadInputError, match="put it in with databricks secrets put-secret retail redis_url"):
        settings.resolve_secret(settings.redis_url)
    governance.secrets["retail"], governance.secret_values[("retail", "redis_url")] = ["redis_url"], b"redis://cache"
    assert settings.resolve_secret(settings.redis_url) == "redis://cache"


def test_a_cluster_has_its_own_variables_alone(
    emulator: DatabricksEmulator, client: WorkspaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret in place of its reference, and nothing that the submitting side has set; without the secret no cluster."""
    monkeypatch.setenv("BASKETRY_OFFER_EVENTS", "kafka://of-the-tester/events")
    task = python_task("show.py")
    del task["existing_cluster_id"]
    task["new_cluster"] = {"spark_version": "18.x-scala2.13", "spark_env_vars": {REDIS_URL: REFERENCE}}
    governance = emulator.governance
    governance.scopes["retail"] = {}
    run = emulator.wait(int(client.jobs.submit(tasks=sdk_tasks(task)).response.run_id))
    assert run.state.result == "FAILED" and not (emulator.home / "seen.json").exists()
    governance.secrets["retail"], governance.secret_values[("retail", "redis_url")] = ["redis_url"], b"redis://cache"
    emulator.wait(int(client.jobs.submit(tasks=sdk_tasks(task)).response.run_id))
    seen = json.loads((emulator.home / "seen.json").read_text())["variables"]
    assert seen[REDIS_URL] == "redis://cache"
    assert "BASKETRY_OFFER_EVENTS" not in seen
