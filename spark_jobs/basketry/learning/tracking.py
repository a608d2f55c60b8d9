"""What a training leaves behind in MLflow, the same for every kind of model. MLflow is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from basketry import registry
from basketry.lake.lakehouse import Lakehouse

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Restored = TypeVar("Restored")

_METRICS_A_CALL = 500
"""MLflow takes at most 1,000 at once; thirty categories have more."""


class Logged(Protocol):
    """What there is to keep beside the model. documents: JSON by file name; texts, figures: by file name.

    tags: `basketry.as_of` among them, and `basketry.champion_version`, which the gate reads.
    """

    @property
    def params(self) -> Mapping[str, object]:
        """What the training was given."""

    @property
    def metrics(self) -> Mapping[str, float]:
        """What it measured."""

    @property
    def tags(self) -> Mapping[str, str]:
        """What the run is found by."""

    @property
    def documents(self) -> Mapping[str, Any]:
        """JSON by file name."""

    @property
    def texts(self) -> Mapping[str, str]:
        """Texts by file name."""

    @property
    def figures(self) -> Mapping[str, Figure]:
        """Pictures by file name."""


@dataclass(frozen=True)
class Record:
    """The usual `Logged`: what a training keeps beside a model that is stored by its state."""

    params: Mapping[str, object]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    documents: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)


def register(lake: Lakehouse, model: str, record: Logged, log_model: Callable[[], str]) -> str:
    """Log the record, register the model and make it the challenger; returns its version.

    log_model: logs the model into the run that is open and returns its URI. The alias comes last: whatever is cut off
    before it leaves a run that nothing refers to.
    """
    import mlflow

    name = registry.registered_name(lake.catalog, model)
    with registry.answering(name), _run(lake, model, record.tags):
        mlflow.log_params({key: str(value)[:500] for key, value in record.params.items()})
        _log_metrics(record.metrics)
        _log_artifacts(record)
        number = str(mlflow.register_model(log_model(), name).version)
    registry.set_challenger(name, number)
    return number


def log_state(model: str, served: Any, columns: Mapping[str, str], packages: Sequence[str]) -> str:
    """Log a model that is plain values into the open run; returns its URI.

    served: an mlflow PythonModel whose `state` is all that it knows. columns: MLflow type of each input.
    """
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    info = mlflow.pyfunc.log_model(
        name=model,
        python_model=served,
        signature=ModelSignature(Schema([ColSpec(kind, name) for name, kind in columns.items()])),
        pip_requirements=pinned(packages),
    )
    return str(info.model_uri)


def load_state(name: str, number: str, restore: Callable[[Mapping[str, Any]], Restored]) -> Restored:
    """What `restore` makes of a version's state; ModelGoneError when it cannot be had, RegistryDownError when nobody answers."""
    import mlflow

    with registry.loading(name, number):
        return restore(mlflow.pyfunc.load_model(f"models:/{name}/{number}").unwrap_python_model().state)


def pinned(packages: Sequence[str]) -> list[str]:
    """Requirements of these packages at the versions that trained."""
    return [f"{package}=={installed_version(package)}" for package in packages]


@contextmanager
def _run(lake: Lakehouse, model: str, tags: Mapping[str, str]) -> Iterator[None]:
    import mlflow

    folder = "" if lake.settings.runtime == "local" else "/Shared/basketry/"
    mlflow.set_experiment(f"{folder}{lake.catalog}_{model}")
    with mlflow.start_run(run_name=f"{model}-{tags['basketry.as_of']}", tags=dict(tags)):
        yield


def _log_metrics(metrics: Mapping[str, float]) -> None:
    import mlflow

    named = list(metrics.items())
    for start in range(0, len(named), _METRICS_A_CALL):
        mlflow.log_metrics(dict(named[start : start + _METRICS_A_CALL]))


def _log_artifacts(record: Logged) -> None:
    import mlflow

    for file, content in record.documents.items():
        mlflow.log_dict(content, file)
    for file, text in record.texts.items():
        mlflow.log_text(text, file)
    for file, figure in record.figures.items():
        mlflow.log_figure(figure, f"plots/{file}")
