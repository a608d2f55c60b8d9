"""A model registry of a test's own on SQLite, real but tiny models in it, and who promotes them."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from basketry import registry
from basketry.registry.artifacts import write_state
from basketry.registry.models import MODELS, RECOMMENDATIONS_MODEL

if TYPE_CHECKING:
    from mlflow.entities import Run

    from basketry.lake.lakehouse import Lakehouse
    from basketry.registry.ledger import PromotionDecision
    from basketry.warehouse.rows import RowStore

RUNS = itertools.count(1)
MOMENT = "2026-03-10T09:30:00+00:00"


@contextmanager
def own_registry(folder: Path) -> Iterator[str]:
    """MLflow on a SQLite file in the folder, for this process and its children."""
    import mlflow

    with registry_at(f"sqlite:///{folder / 'mlflow.db'}") as uri:
        mlflow.set_experiment(experiment_id=mlflow.create_experiment("tests", (folder / "artifacts").as_uri()))
        yield uri


@contextmanager
def copied_registry(empty: Path, folder: Path) -> Iterator[str]:
    """The MLflow of a database in which nothing happened, copied to the folder; its files lie in the folder too."""
    shutil.copy2(empty, folder / "mlflow.db")
    with registry_at(f"sqlite:///{folder / 'mlflow.db'}") as uri, chdir(folder):
        yield uri


@contextmanager
def registry_at(uri: str) -> Iterator[str]:
    """This MLflow, for this process and its children."""
    import mlflow

    before = {name: os.environ.get(name) for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")}
    os.environ["MLFLOW_TRACKING_URI"] = uri
    os.environ.pop("MLFLOW_REGISTRY_URI", None)
    mlflow.set_tracking_uri(uri)
    try:
        yield uri
    finally:
        mlflow.set_tracking_uri(None)
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def register(
    folder: Path, name: str, metrics: Mapping[str, float] | None = None, tags: Mapping[str, str] | None = None
) -> str:
    """Train nothing, log everything: a run with these metrics and tags, and its model as the next version of `name`."""
    import mlflow

    kind = name.rpartition(".")[2]
    spec = MODELS.get(kind, RECOMMENDATIONS_MODEL)
    with mlflow.start_run(), TemporaryDirectory(dir=folder) as written:
        mlflow.log_metrics(dict(metrics or {}))
        mlflow.set_tags(dict(tags or {}))
        write_state(Path(written) / "model", spec.name, tiny_state(spec.name))
        logged = mlflow.pyfunc.log_model(
            name="model", loader_module=spec.serving, data_path=f"{written}/model", pip_requirements=[]
        )
        return str(mlflow.register_model(logged.model_uri, name).version)


def tiny_state(kind: str) -> dict[str, Any]:
    """The plain values of the least model of a kind: it loads, and knows nothing."""
    nothing, nowhere = np.zeros(0), {"offset": 1.0, "edges": [], "quantiles": {}}
    linear = {"mean": nothing, "scale": nothing, "indicated": nothing, "rates_mean": None, "rates_scale": None}
    bins = [
        {"name": name, "cap": None, "edges": np.array([0.0, 1.0])} for name in ("recency_days", "frequency", "monetary")
    ]
    states: dict[str, dict[str, Any]] = {
        "propensity": {"estimator": {
            "kind": "linear", "categories": ["Tea"], "inputs": [], "rates": None, **linear, "weights": np.zeros(1),
            "intercept": 0.0,
        }},
        "rfm": {"pipeline": {"columns": bins, "centroids": np.zeros((1, 3)), "numbers": [1]}},
        "forecast": {
            "trained_as_of": "2026-01-01", "active_weeks": 1, "new_weeks": 1,
            "norms": {"order_mean": 0.0, "order_spread": 1.0, "kept": 1.0, "mean_level": 1.0, "category_levels": {}},
            "booster": {"names": [], "models": []}, "choice": {}, "spreads": [], "group_spread": nowhere,
            "variances": {"products": 1.0, "departments": 1.0, "total": 1.0},
            "group_methods": {"department": "moving_average", "total": "moving_average"},
        },
        "offer_policy": {
            "categories": ["Tea"], "numbers": ["interest", "propensity", "recommended", "beside", "appeal", "discount"],
            "precision": np.eye(7), "moment": np.zeros(7), "newest": 0.0,
        },
        "recommendations": {"products": ["P1"], "factors": np.zeros((1, 1))},
    }  # fmt: skip
    return states[kind]


def aliases(name: str) -> dict[str, str]:
    """Where the model's aliases point."""
    import mlflow

    found = mlflow.MlflowClient().get_registered_model(name).aliases
    return {alias: str(version) for alias, version in found.items()}


def pointing(model: str) -> dict[str, str]:
    """Where the aliases of this kind of model point."""
    return aliases(registry.registered_name("demo", model))


def run_of(name: str, version: str) -> Run:
    """The MLflow run that made a version."""
    import mlflow

    client = mlflow.MlflowClient()
    return client.get_run(client.get_model_version(name, version).run_id)


@contextmanager
def lost_version(name: str, version: str) -> Iterator[None]:
    """The version's files are gone meanwhile."""
    import mlflow

    uri = mlflow.MlflowClient().get_model_version_download_uri(name, version)
    source = Path(uri.removeprefix("file://"))
    aside = source.rename(source.with_name("aside"))
    try:
        yield
    finally:
        aside.rename(source)


def gate_says(
    model: str, version: str, verdict: str, champion: str | None = None, *, catalog: str = "demo", **more: object
) -> None:
    """Leave a verdict with the version's run, as a gate does."""
    name = registry.registered_name(catalog, model)
    usual: dict[str, object] = {
        "gate": model,
        "champion": champion,
        "verdict": verdict,
        "reason": "all 5 checks hold.",
        "checks": [],
        "artifacts": registry.version_digest(name, version),
    }
    registry.save_verdict(name, registry.version_run(name, version).run_id, {**usual, **more})


def promote(
    rows: RowStore, kind: str, version: str | None, expected: str | None = None, **given: Any
) -> PromotionDecision:
    """Run the job as a gate does: it says first what is then carried out, unless it is told to have said something else."""
    from basketry.registry.promotion import promote as carry_out
    from basketry.registry.promotion_request import PromotionRequest

    arguments = {
        "model": kind,
        "challenger": version,
        "expected_champion": expected,
        "verdict": "promote",
        "decided_by": "gate",
        "decided_at": MOMENT,
        "reason": "all 5 checks hold.",
        "run_id": f"weekly_retraining/run_{next(RUNS)}/gate.promote/-1/1",
        **given,
    }
    gate_verdict = arguments.pop("said", "ask" if arguments["decided_by"] != "gate" else arguments["verdict"])
    more = arguments.pop("more", {})
    if version is not None and gate_verdict:
        gate_says(kind, version, gate_verdict, expected, **more)
    return carry_out(rows, PromotionRequest(**arguments))


def let_in(lake: Lakehouse, kind: str, version: str, expected: str | None = None, **given: Any) -> None:
    """Promote a version in the catalog of a lake, as its gate does."""
    from basketry.warehouse import open_rows

    promote(open_rows(lake.catalog, lake.settings), kind, version, expected, **given)


def rollback(rows: RowStore, model: str, to: str, **given: Any) -> PromotionDecision:
    """Run the job as model_rollback does."""
    return promote(rows, model, None, **{"verdict": None, "rollback_to": to, "decided_by": "alice", **given})


def stored_decisions(rows: RowStore, model: str) -> list[PromotionDecision]:
    """The model's rows of ops.promotions."""
    from basketry.registry import ledger

    return ledger.load_promotion_decisions(rows, registry.registered_name("demo", model))
