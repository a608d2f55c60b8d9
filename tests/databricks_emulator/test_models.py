"""The five models in Unity Catalog, by MLflow's own client: registered, aliased, loaded; and refused as MLflow refuses them.

Runs and registry are the emulated workspace's (`databricks`, `databricks-uc`), as they are for a job on Databricks.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from databricks.sdk.errors import PermissionDenied, TemporarilyUnavailable, TooManyRequests
from mlflow.models import ModelSignature, infer_signature
from mlflow.protos.databricks_uc_registry_service_pb2 import UcModelRegistryService
from mlflow.utils.rest_utils import extract_api_info_for_service

from basketry import registry
from basketry.access.unity import GrantChange, apply_change, privileges_on
from basketry.domains.forecast.tracking import register_forecaster
from basketry.domains.offers import train_recommender
from basketry.domains.offers.policy import FEATURE_NAMES
from basketry.domains.offers.tracking import register_policy
from basketry.domains.propensity.inputs import InputDefinition
from basketry.domains.propensity.plain import PlainClassifier
from basketry.domains.propensity.tracking import PropensityRecord, PropensityVersion, register_propensity_version
from basketry.domains.rfm.holdout import Expectations
from basketry.domains.rfm.tracking import RfmRecord, RfmVersion, register_rfm_version
from basketry.domains.rfm.values import VALUES, Scoring
from basketry.errors import BadInputError
from basketry.lake.unity_lake import EXPERIMENTS
from basketry.learning import tracking
from basketry.registry.artifacts import DATA, STATE, write_state
from basketry.registry.loading import column_schema, register_version
from basketry.registry.models import LOADERS, MODELS, RECOMMENDATIONS_MODEL
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.databricks_emulator.models_api import MODEL, models_router
from tests.databricks_emulator.runs import CREATOR
from tests.kit.registry import registry_at, tiny_state

pytestmark = pytest.mark.slow

LAKE: Any = SimpleNamespace(catalog="demo", experiment=lambda name: f"{EXPERIMENTS}demo_{name}")
AS_OF = date(2026, 11, 20)
LOGGED: dict[str, Any] = {"params": {}, "metrics": {"lift": 2.0}, "tags": {"basketry.as_of": AS_OF.isoformat()}}
RECORD = tracking.TrainingRecord(**LOGGED)
PREFIX = "/mlflow/unity-catalog"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, empty_registry: Path) -> Iterator[DatabricksEmulator]:
    """A workspace with an empty schema demo.gold as this process's tracking server and registry."""
    folder = tmp_path_factory.mktemp("unity")
    running = DatabricksEmulator(folder, folder / "home", with_tracking=True)
    (running.home / "lake" / "demo" / "gold").mkdir(parents=True)
    (running.home / "mlflow").mkdir()
    shutil.copy2(empty_registry, running.home / "mlflow" / "tracking.db")
    running.tree.add(EXPERIMENTS.rstrip("/"), "DIRECTORY")
    variables = {
        "DATABRICKS_HOST": running.url,
        "DATABRICKS_TOKEN": running.token,
        "MLFLOW_REGISTRY_URI": "databricks-uc",
        "MLFLOW_DATABRICKS_ENDPOINT_HTTP_RETRY_TIMEOUT": "1",
    }
    with running, registry_at("databricks"), pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield running


def plain(kind: str) -> Any:
    """Something learned that is stored as the least model of a kind."""
    return SimpleNamespace(state=lambda: tiny_state(kind))


def register_propensity() -> str:
    """As its training does."""
    version = PropensityVersion(
        number="",
        trained_as_of=AS_OF,
        estimator=PlainClassifier(tiny_state("propensity")["estimator"]),
        definition=InputDefinition({}),
        categories=("Tea",),
        profile={},
    )
    return register_propensity_version(LAKE, PropensityRecord(version=version, **LOGGED))


def register_rfm() -> str:
    """As its training does; the pipeline has but the numbers that are kept of a fitted one."""
    change, bins = SimpleNamespace(kw_args={"cap": 9.0}), SimpleNamespace(bin_edges_=[np.array([0.0, 1.0])])
    steps = SimpleNamespace(steps=[("change", change), ("bins", bins)])
    named = {
        "bins": SimpleNamespace(transformers_=[(name, steps, [name]) for name in VALUES]),
        "clusters": SimpleNamespace(cluster_centers_=np.zeros((1, 3)), numbers=[1]),
    }
    version = RfmVersion(
        number="",
        trained_as_of=AS_OF,
        window_days=365,
        scoring=Scoring({}, {}),
        expectations=Expectations(28, None, None, ()),
        pipeline=SimpleNamespace(named_steps=named),
    )
    return register_rfm_version(LAKE, RfmRecord(version=version, **LOGGED))


REGISTER: dict[str, Callable[[], str]] = {
    "propensity": register_propensity,
    "rfm": register_rfm,
    "forecast": lambda: register_forecaster(LAKE, plain("forecast"), RECORD),
    "offer_policy": lambda: register_policy(LAKE, plain("offer_policy"), RECORD),
    "recommendations": lambda: tracking.register_challenger(
        LAKE, RECOMMENDATIONS_MODEL, RECORD, lambda: train_recommender._log_model(plain("recommendations"))
    ),
}
ROWS = {
    "propensity": pd.DataFrame({"category": ["Tea", "Milk"]}),
    "rfm": pd.DataFrame([[1.0, 2.0, 3.0]], columns=list(VALUES)),
    "offer_policy": pd.DataFrame([{"category": "Tea", **dict.fromkeys(FEATURE_NAMES, 1.0)}]),
    "recommendations": pd.DataFrame({"customer_id": ["C1"], "product_id": ["P1"], "orders": [2]}),
}
"""What is scored below. The forecaster needs a shop, and its own test holds what it serves against its signature."""


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_is_registered_aliased_and_loaded(workspace: DatabricksEmulator, kind: str) -> None:
    """From a catalog without the model to a champion that serves what its signature says; who trains it owns it."""
    name = registry.registered_name("demo", kind)
    assert registry.alias_version(name, registry.CHAMPION) is None
    version = REGISTER[kind]()
    assert (version, registry.alias_version(name, registry.CHALLENGER)) == ("1", "1")
    registry.move_champion(name, version, None)
    assert registry.alias_version(name, registry.CHAMPION) == "1"
    assert registry.alias_version(name, registry.CHALLENGER) is None
    run = registry.version_run(name, version)
    assert run.metrics == LOGGED["metrics"]
    verdict = {"verdict": "promote", "champion": None, "reason": "all checks hold.", "checks": []}
    registry.save_verdict(name, run.run_id, verdict)
    assert registry.load_verdict(name, version) == verdict
    digest = registry.check_loadable(name, version, LOADERS)
    assert registry.load_plain_values(name, version, kind, digest).keys() >= tiny_state(kind).keys()
    served = mlflow.pyfunc.load_model(f"models:/{name}@{registry.CHAMPION}")
    assert served.metadata.signature.outputs is not None
    if kind in ROWS:
        predicted = infer_signature(ROWS[kind], served.predict(ROWS[kind]))
        assert predicted.outputs == served.metadata.signature.outputs
    assert workspace.models.version(name, version)["status"] == "READY"
    assert workspace.unity.securables.info(MODEL, name)["owner"] == CREATOR
    assert (workspace.home / "models" / "demo" / "gold" / kind / version / DATA / STATE).is_file()
    assert list((workspace.home / "mlflow" / "artifacts").glob(f"*/LoggedModels/*/artifacts/{DATA}/{STATE}"))
    with pytest.raises(BadInputError, match=f"^BAD_INPUT: version 9 of {name} does not exist"):
        registry.check_loadable(name, "9", LOADERS)


def log_without_outputs(kind: str, folder: Path, signature: ModelSignature | None) -> str:
    """The URI of the least model of a kind, logged with such a signature."""
    spec = MODELS[kind]
    mlflow.set_experiment(f"{EXPERIMENTS}refused")
    write_state(folder / "model", kind, tiny_state(kind))
    with mlflow.start_run():
        logged = mlflow.pyfunc.log_model(
            name=kind,
            loader_module=spec.serving,
            data_path=str(folder / "model"),
            signature=signature,
            pip_requirements=[],
        )
    return str(logged.model_uri)


@pytest.mark.parametrize("kind", ["forecast", "offer_policy", "recommendations"])
def test_mlflow_itself_refuses_a_model_without_outputs(
    workspace: DatabricksEmulator, tmp_path: Path, kind: str
) -> None:
    """Nothing of it was asked of the workspace, so nobody says that the registry did not answer; no version is left."""
    uri = log_without_outputs(kind, tmp_path, ModelSignature(column_schema({"weeks_ago": "long"})))
    name = f"demo.gold.refused_{kind}"
    refused = rf"^BAD_INPUT: MLflow refuses what was asked about {name} \(.*a signature that includes only inputs\): mend that"
    with pytest.raises(BadInputError, match=refused), registry.registry_client(name):
        mlflow.register_model(uri, name)
    assert workspace.unity.securables.versions.get(name, []) == []


@pytest.mark.parametrize(
    "signature", [None, ModelSignature(column_schema({"weeks_ago": "long"}))], ids=["no", "half a"]
)
def test_no_registry_is_given_what_unity_catalog_refuses(registry_home: Path, signature: ModelSignature | None) -> None:
    """A local one would take it, and the first training in a workspace would fail."""
    uri = log_without_outputs("forecast", registry_home, signature)
    with pytest.raises(BadInputError, match="says not what goes in and what comes out"):
        register_version("demo.gold.forecast", uri)
    assert mlflow.MlflowClient().search_registered_models() == []


def test_a_refused_login_is_told_as_one(workspace: DatabricksEmulator) -> None:
    """A token that has expired, and a right that is missing, each by the sentence that leads to the command."""
    sentence = "^the model registry refused the login that asked about demo.gold.propensity: renew .* make deploy-check TARGET="
    workspace.faults.add("expired_token", path="unity-catalog")
    with pytest.raises(registry.RegistryLoginError, match=sentence):
        registry.alias_version("demo.gold.propensity", registry.CHAMPION)
    workspace.denied.append("POST .*/model-versions/create")
    try:
        with pytest.raises(registry.RegistryLoginError, match=sentence):
            register_propensity()
    finally:
        workspace.denied.clear()


def test_a_workspace_that_fails_is_tried_again(workspace: DatabricksEmulator) -> None:
    """A server error and no answer at all, after the patience that is set, are no refusal and no login."""
    for status in (500, 503):
        workspace.faults.add("server_error", path="unity-catalog", status=status, times=20)
        with pytest.raises(registry.RegistryDownError, match="^the model registry did not answer") as error:
            registry.alias_version("demo.gold.propensity", registry.CHAMPION)
        assert not isinstance(error.value, registry.RegistryLoginError)
        workspace.faults.clear()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TemporarilyUnavailable("busy"), registry.RegistryDownError),
        (TooManyRequests("busy"), registry.RegistryDownError),
        (TimeoutError("Timed out after 0:05:00"), registry.RegistryDownError),
        (PermissionDenied("no"), registry.RegistryLoginError),
    ],
)
def test_files_that_do_not_come_make_no_model_gone(
    workspace: DatabricksEmulator, error: Exception, kind: type[Exception]
) -> None:
    """MLflow repeats the SDK's errors of files in a sentence of its own: nobody is told to train another version."""
    text = f"The following failures occurred while downloading one or more artifacts from /Models/x: {{'MLmodel': {error!r}}}"
    with pytest.raises(kind) as raised, registry.loading_version("demo.gold.propensity", "1"):
        raise mlflow.exceptions.MlflowException(text)
    assert type(raised.value) is kind


def test_a_version_that_is_registered_keeps_its_files(workspace: DatabricksEmulator) -> None:
    """Whoever asks for them to be written again is refused."""
    from databricks.sdk import WorkspaceClient

    version, next_version = register_propensity(), register_propensity()
    assert int(next_version) == int(version) + 1
    files = WorkspaceClient().files
    with pytest.raises(PermissionDenied):
        files.delete(f"/Models/demo/gold/propensity/{version}/MLmodel")


def test_the_right_to_register_versions_is_given_by_its_name(workspace: DatabricksEmulator) -> None:
    """Of a model that somebody else made the jobs own nothing, and the SDK's list of privileges lacks the one they need."""
    from databricks.sdk import WorkspaceClient

    name, right, client = "demo.gold.of_somebody", "CREATE_MODEL_VERSION", WorkspaceClient()
    workspace.models.create_model(name)
    workspace.unity.principals.add("basketry-jobs")
    for grant, held in ((True, {"basketry-jobs": frozenset({right})}), (False, {})):
        apply_change(
            client, GrantChange(securable=(MODEL, name), principal="basketry-jobs", privilege=right, grant=grant)
        )
        assert privileges_on(client, (MODEL, name)) == held


def test_the_routes_are_mlflows_own(workspace: DatabricksEmulator) -> None:
    """Each path and method is one that MLflow's service names; but for searching, tags and prompts all are there."""
    service = {
        (path.removeprefix(PREFIX), method)
        for path, method in extract_api_info_for_service(UcModelRegistryService, "").values()
    }
    there = {(route.path, method) for route in models_router(workspace.models).routes for method in route.methods}  # type: ignore[attr-defined]
    assert there <= service
    assert {path for path, _ in service - there} == {
        "/registered-models/update",
        "/registered-models/delete",
        "/registered-models/search",
        "/registered-models/set-tag",
        "/registered-models/delete-tag",
        "/model-versions/update",
        "/model-versions/search",
        "/model-versions/set-tag",
        "/model-versions/delete-tag",
        "/model-versions/generate-temporary-credentials",
    }
