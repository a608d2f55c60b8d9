"""What the real Databricks CLI asked when it deployed this bundle, asked again: where there is no CLI, this judges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from basketry.config.settings import CHECKOUT
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.databricks_emulator.principals_api import SERVICE_PRINCIPAL
from tests.tools.deploy.recording import FILE, JOB, RECORDING, SPACE, Names, filled
from tools.bundle import CLI_VERSION, bundle_files
from tools.deploy.target import load_target

JSON = {"Content-Type": "application/json"}
TARGET = "prod"


def resolved(name: str) -> dict[str, Any]:
    """The resources of a file of the bundle, each variable replaced by its value."""
    text = bundle_files(CHECKOUT)[name]
    bundle = yaml.safe_load(bundle_files(CHECKOUT)["databricks.yml"])
    values = {variable: one.get("default") for variable, one in bundle["variables"].items()}
    values |= bundle["targets"][TARGET]["variables"] | {"warehouse_id": "emulator"}
    for variable, value in values.items():
        if isinstance(value, str):
            text = text.replace(f"${{var.{variable}}}", value)
    resources: dict[str, Any] = yaml.safe_load(text)["resources"]
    return resources


def own_documents() -> dict[str, str]:
    """The job and the space of this checkout as the CLI sends them."""
    (space,) = resolved("resources/genie_spaces.json")["genie_spaces"].values()
    (job,) = resolved("resources/jobs.yml")["jobs"].values()
    target = yaml.safe_load(bundle_files(CHECKOUT)["databricks.yml"])["targets"]["prod"]
    job |= target["resources"]["jobs"]["offers_stream"] | {"run_as": {"service_principal_name": SERVICE_PRINCIPAL}}
    return {SPACE: json.dumps(space["serialized_space"]), JOB: json.dumps(job)}


@pytest.fixture
def emulator(tmp_path: Path) -> Any:
    """A workspace as it was when the requests were recorded."""
    with DatabricksEmulator(tmp_path / "nothing", tmp_path / "home") as running:
        running.unity.principals = {"basketry-jobs", *_teams()}
        running.tree.make_folder("/basketry")
        yield running


def _teams() -> set[str]:
    from basketry.access import load_grants

    return {team.principal for team in load_grants("demo", CHECKOUT / "include").teams.values()}


def test_every_request_of_the_cli_is_answered_as_it_was(emulator: DatabricksEmulator) -> None:
    """With this checkout's own documents, which the workspace takes; at the end nothing of the bundle is left."""
    recording = json.loads(RECORDING.read_text(encoding="utf-8"))
    folder = CHECKOUT / "include" / "dashboards"
    boards = {path.name.removesuffix(".lvdash.json"): path.read_text() for path in folder.glob("*.json")}
    names, made = Names(), set()
    with httpx.Client(base_url=emulator.url, headers={"Authorization": f"Bearer {emulator.token}"}) as client:
        for exchange in filled(recording["requests"], own_documents(), boards):
            path, body = names.shown(exchange["path"]), exchange["body"]
            text = "content" if path.startswith(FILE) else names.shown(json.dumps(body, ensure_ascii=False))
            address = path + ("?" + names.shown(exchange["query"]) if "query" in exchange else "")
            sent = None if exchange["method"] == "GET" else text.encode()
            answer = client.request(exchange["method"], address, content=sent, headers=JSON)
            assert answer.status_code == exchange["status"], (exchange["method"], address, answer.text[:300])
            names.learn(answer.text)
            made |= {one["display_name"] for one in emulator.dashboards.documents.values()}
    assert len(made) == 12
    assert not emulator.dashboards.documents and not emulator.genie.documents and not emulator.named_jobs.jobs
    root = load_target("prod", CHECKOUT / "include").root.removeprefix("/Workspace")
    assert not [path for path in emulator.tree._entries if path.startswith(root)]


def test_the_recording_is_of_a_cli_that_is_new_enough() -> None:
    """Its head names the version and what was done."""
    recording = json.loads(RECORDING.read_text(encoding="utf-8"))
    version = tuple(int(part) for part in recording["cli"].partition("-")[0].split("."))
    assert version >= CLI_VERSION
    assert recording["commands"][0] == "bundle validate" and recording["commands"][-1].startswith("bundle destroy")
