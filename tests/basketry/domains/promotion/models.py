"""A model registry of one's own on SQLite, and real but tiny models in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

MODEL_CODE = """\
import mlflow


class Even(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [0.5] * len(model_input)


mlflow.models.set_model(Even())
"""


@contextmanager
def own_registry(folder: Path) -> Iterator[str]:
    """MLflow on a SQLite file in the folder, for this process and its children."""
    import mlflow

    with registry_at(f"sqlite:///{folder / 'mlflow.db'}") as uri:
        mlflow.set_experiment(experiment_id=mlflow.create_experiment("tests", (folder / "artifacts").as_uri()))
        (folder / "even.py").write_text(MODEL_CODE)
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

    with mlflow.start_run():
        mlflow.log_metrics(dict(metrics or {}))
        mlflow.set_tags(dict(tags or {}))
        logged = mlflow.pyfunc.log_model(name="model", python_model=str(folder / "even.py"), pip_requirements=[])
        return str(mlflow.register_model(logged.model_uri, name).version)


def aliases(name: str) -> dict[str, str]:
    """Where the model's aliases point."""
    import mlflow

    found = mlflow.MlflowClient().get_registered_model(name).aliases
    return {alias: str(version) for alias, version in found.items()}
