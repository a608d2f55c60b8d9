"""What a training leaves behind in MLflow, the same for every kind of model. MLflow is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING, Any

from basketry import registry
from basketry.lake.lakehouse import Lakehouse
from basketry.registry.loading import column_schema, log_plain_values, register_version
from basketry.registry.models import ModelSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_METRICS_PER_CALL = 500
"""MLflow takes at most 1,000 at once; thirty categories have more."""


@dataclass(frozen=True, kw_only=True)
class TrainingRecord:
    """What a training leaves behind beside the model.

    Attributes:
        params: What the training was given, by name.
        metrics: What the training measured, by name.
        tags: Tags of the run: `basketry.as_of` among them, and `basketry.champion_version`, which the gate reads.
        documents: JSON by file name.
        texts: Texts by file name.
        figures: Pictures by file name.
    """

    params: Mapping[str, object]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    documents: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)


def register_challenger(lake: Lakehouse, model: ModelSpec, record: TrainingRecord, log_model: Callable[[], str]) -> str:
    """Log the record, register the model and make it the challenger.

    The alias comes last: whatever is cut off before it leaves a run that nothing refers to.

    Args:
        lake: The lakehouse whose catalog the model belongs to.
        model: The kind of model.
        record: What the training leaves behind.
        log_model: Logs the model into the run that is open and returns its URI.

    Returns:
        The registered version.

    Raises:
        BadInputError: The registry can never take the model.
        RegistryDownError: The registry does not answer.
    """
    import mlflow

    name = registry.registered_name(lake.catalog, model.name)
    with registry.registry_client(name), _run(lake, model.name, record.tags):
        mlflow.log_params({key: str(value)[:500] for key, value in record.params.items()})
        _log_metrics(record.metrics)
        _log_artifacts(record)
        number = register_version(name, log_model())
    registry.set_challenger(name, number)
    return number


def log_state(model: ModelSpec, state: Mapping[str, Any], columns: Mapping[str, str], packages: Sequence[str]) -> str:
    """Log a model that is plain values into the open run; without an example, whose rows would be persons.

    Args:
        model: The kind of model, whose module for serving makes a model of the values.
        state: The plain values.
        columns: MLflow type of each input, by name.
        packages: Packages that serving needs, see `pinned_requirements`.

    Returns:
        The URI of the logged model.
    """
    return log_plain_values(model, state, column_schema(columns), pinned_requirements(packages))


def pinned_requirements(packages: Sequence[str]) -> list[str]:
    """Return pip requirements of packages at the installed versions, which are those that trained."""
    return [f"{package}=={installed_version(package)}" for package in packages]


@contextmanager
def _run(lake: Lakehouse, model: str, tags: Mapping[str, str]) -> Iterator[None]:
    import mlflow

    mlflow.set_experiment(lake.experiment(model))
    with mlflow.start_run(run_name=f"{model}-{tags['basketry.as_of']}", tags=dict(tags)):
        yield


def _log_metrics(metrics: Mapping[str, float]) -> None:
    import mlflow

    items = list(metrics.items())
    for start in range(0, len(items), _METRICS_PER_CALL):
        mlflow.log_metrics(dict(items[start : start + _METRICS_PER_CALL]))


def _log_artifacts(record: TrainingRecord) -> None:
    import mlflow

    for file, content in record.documents.items():
        mlflow.log_dict(content, file)
    for file, text in record.texts.items():
        mlflow.log_text(text, file)
    for file, figure in record.figures.items():
        mlflow.log_figure(figure, f"plots/{file}")
