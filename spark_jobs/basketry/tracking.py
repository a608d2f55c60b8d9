"""What a training leaves behind in MLflow, the same for every kind of model. MLflow is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from matplotlib.figure import Figure

from basketry import registry
from basketry.lakehouse import Lakehouse

_METRICS_A_CALL = 500
"""MLflow takes at most 1,000 at once; thirty categories have more."""


class Record(Protocol):
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


def register(lake: Lakehouse, model: str, record: Record, log_model: Callable[[], str]) -> str:
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


def _log_artifacts(record: Record) -> None:
    import mlflow

    for file, content in record.documents.items():
        mlflow.log_dict(content, file)
    for file, text in record.texts.items():
        mlflow.log_text(text, file)
    for file, figure in record.figures.items():
        mlflow.log_figure(figure, f"plots/{file}")
