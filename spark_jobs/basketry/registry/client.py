"""The registered models: names, aliases and versions in MLflow, locally and in Unity Catalog alike.

Plain Python; MLflow is imported when it is used, because it takes seconds. Three aliases say who does what: `champion`
scores, `challenger` waits for its gate, `previous` scored before the champion and is what a rollback returns to.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from basketry.errors import BadInputError, TryAgainError

if TYPE_CHECKING:
    from mlflow import MlflowClient

Answer = TypeVar("Answer")

CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS = "previous"

AS_THEN = "as-then"
"""Asks, in place of an alias or a version, for the champion of each day."""

VERDICT_FILE = "gate/verdict.json"
"""Where a gate leaves its verdict, among the artifacts of the challenger's run."""

VERDICT, VERDICT_AGAINST, VERDICT_REASON = "basketry.verdict", "basketry.verdict_champion", "basketry.verdict_reason"
"""Tags of a challenger's run: what its gate said, against which champion (empty for none), and why."""

_LONGEST_TAG = 4000
"""Letters of a reason that are kept as a tag; registries take at least 5,000."""

RETRY_ENV = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "30", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3"}
"""Timeout in seconds and retries of a request, where nothing else is set.

MLflow's own would wait a quarter of an hour for a server that hangs, though Airflow tries again anyway.
"""
for _name, _value in RETRY_ENV.items():
    os.environ.setdefault(_name, _value)

_DOWN = {
    "INTERNAL_ERROR",
    "TEMPORARILY_UNAVAILABLE",
    "REQUEST_LIMIT_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "DEADLINE_EXCEEDED",
    "ENDPOINT_NOT_FOUND",
}
_REFUSED = {"PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED", "UNAUTHENTICATED"}
_ABSENT = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}
"""Names and aliases are written by this library, so what is called invalid is one that is not there."""

_CUT_OFF = re.compile(
    r"Max retries exceeded (?!.*too many 500 error)|Connection (?:broken|aborted)|timed out|\b(?:429|502|503|504) "
)
"""How a file's download ended that is not the file's fault. Not by 500: so MLflow's server answers for one that is gone."""


class RegistryDownError(TryAgainError):
    """The model registry did not answer. Not bad input: it may pass by itself, so Airflow tries again."""


class ModelGoneError(BadInputError):
    """A registered version does not exist or cannot be loaded any more."""


@dataclass(frozen=True)
class VersionRun:
    """What the run that made a model version left behind.

    Attributes:
        run_id: The run, as MLflow calls it.
        metrics: What the training measured, by name.
        tags: Tags of the run.
    """

    run_id: str
    metrics: Mapping[str, float]
    tags: Mapping[str, str]


def registered_name(catalog: str, model: str) -> str:
    """Return what a catalog's model is called in the registry: three parts, as Unity Catalog wants them."""
    return f"{catalog}.gold.{model}"


def alias_version(name: str, alias: str) -> str | None:
    """Return the version that an alias points at; None when model or alias do not exist."""
    with registry_client(name) as client:
        version = _or_none(lambda: client.get_model_version_by_alias(name, alias))
    return None if version is None else str(version.version)


def set_challenger(name: str, version: str) -> None:
    """Make a version the challenger; it does not score before a gate or a person lets it."""
    with registry_client(name) as client:
        client.set_registered_model_alias(name, CHALLENGER, version)


def move_champion(name: str, version: str, before: str | None) -> None:
    """Make a version the champion and the one before it `previous`; a challenger that was promoted is none any more.

    Repeatable: cut off between two steps it leaves one champion, and doing it again ends the same.

    Args:
        name: The registered model.
        version: The new champion.
        before: The champion before it, None when there was none.
    """
    with registry_client(name) as client:
        if before is not None and before != version:
            client.set_registered_model_alias(name, PREVIOUS, before)
        client.set_registered_model_alias(name, CHAMPION, version)
        if alias_version(name, CHALLENGER) == version:
            client.delete_registered_model_alias(name, CHALLENGER)


def version_run(name: str, version: str) -> VersionRun:
    """Return metrics and tags of the run that made a version.

    Raises:
        BadInputError: The version or its run is gone.
    """
    with registry_client(name) as client:
        run = _or_none(lambda: client.get_run(str(client.get_model_version(name, version).run_id)))
    if run is None:
        raise BadInputError(f"version {version} of {name} or the run that made it does not exist: train again.")
    return VersionRun(run.info.run_id, dict(run.data.metrics), dict(run.data.tags))


@dataclass(frozen=True)
class GateVerdict:
    """What a gate has left with the run of a challenger.

    Attributes:
        verdict: promote, provisional, ask or refuse.
        champion: The champion that the challenger was judged against, None when there was none.
        reason: Why, in one sentence.
    """

    verdict: str
    champion: str | None
    reason: str


@contextmanager
def loading_version(name: str, version: str) -> Iterator[None]:
    """Turn whatever fails while a version is loaded into a ModelGoneError, unless the registry itself is down."""
    try:
        yield
    except Exception as error:  # files can be missing or broken in as many ways as there are stores
        _check_answers(name, error)
        message = f"version {version} of {name} cannot be loaded ({type(error).__name__}): train or name another one."
        raise ModelGoneError(message) from error


def check_loadable(name: str, version: str, *, has_libraries: bool = True) -> None:
    """Load a version as a job that scores would.

    Args:
        name: The registered model.
        version: The version.
        has_libraries: This process has the libraries of the jobs. Without, one that it lacks proves nothing: the version's
            files are all there.

    Raises:
        BadInputError: The version does not exist or cannot be loaded.
    """
    import mlflow

    if not version_exists(name, version):
        raise BadInputError(f"version {version} of {name} does not exist: name one that the registry lists.")
    try:
        mlflow.pyfunc.load_model(f"models:/{name}/{version}")
    except Exception as error:  # a model's files can fail in as many ways as there are kinds of models
        if isinstance(error, ModuleNotFoundError) and not has_libraries:
            return
        _check_answers(name, error)
        message = f"version {version} of {name} cannot be loaded ({type(error).__name__}): choose another version."
        raise BadInputError(message) from error


def _check_answers(name: str, error: Exception) -> None:
    """Raise a RegistryDownError when the registry, and not the model, is to blame for an error while loading."""
    if _CUT_OFF.search(str(error)):
        raise RegistryDownError(_unanswered(name)) from error
    alias_version(name, CHAMPION)


def version_exists(name: str, version: str) -> bool:
    """Return whether the registry has a version; a version that was deleted takes its aliases with it."""
    with registry_client(name) as client:
        return _or_none(lambda: client.get_model_version(name, version)) is not None


def save_verdict(name: str, run_id: str, verdict: Mapping[str, Any]) -> None:
    """Store a gate's verdict with the challenger's run, in place of an earlier one.

    With its checks as a file; then, as tags, what alone may be carried out: the verdict, and against which champion.
    """
    with registry_client(name) as client:
        client.log_dict(run_id, dict(verdict), VERDICT_FILE)
        client.set_tag(run_id, VERDICT_AGAINST, verdict["champion"] or "")
        client.set_tag(run_id, VERDICT_REASON, str(verdict["reason"])[:_LONGEST_TAG])
        client.set_tag(run_id, VERDICT, verdict["verdict"])


def gate_verdict(name: str, version: str) -> GateVerdict | None:
    """Return what a gate has said of a version; None when none has judged it.

    Raises:
        BadInputError: The version or its run is gone.
    """
    tags = version_run(name, version).tags
    if VERDICT not in tags:
        return None
    return GateVerdict(tags[VERDICT], tags.get(VERDICT_AGAINST) or None, tags.get(VERDICT_REASON, ""))


def load_verdict(name: str, version: str) -> dict[str, Any]:
    """Load the verdict that a gate stored for a version; empty when none did."""
    run_id = version_run(name, version).run_id
    import mlflow

    with registry_client(name) as client:
        folder = VERDICT_FILE.rpartition("/")[0]
        if VERDICT_FILE not in [file.path for file in client.list_artifacts(run_id, folder)]:
            return {}
        content: dict[str, Any] = mlflow.artifacts.load_dict(f"runs:/{run_id}/{VERDICT_FILE}")
        return content


@contextmanager
def registry_client(name: str) -> Iterator[MlflowClient]:
    """Open a client of the registry for questions about a registered model.

    Raises:
        RegistryDownError: The registry does not answer, or refuses to.
    """
    from mlflow import MlflowClient

    try:
        yield MlflowClient()
    except Exception as error:
        if _code(error) in _REFUSED:
            message = (
                f"the model registry refused to answer about {name}: see that its login is valid and may use the model."
            )
            raise RegistryDownError(message) from error
        if not _is_down(error):
            raise
        raise RegistryDownError(_unanswered(name)) from error


def _unanswered(name: str) -> str:
    return f"the model registry did not answer about {name}: see that MLflow runs where MLFLOW_TRACKING_URI says."


def _or_none(ask: Callable[[], Answer]) -> Answer | None:
    """Return what the registry answers, None when it has no such thing; MLflow raises one type for every cause."""
    try:
        return ask()
    except Exception as error:
        if _code(error) in _ABSENT:
            return None
        raise


def _code(error: BaseException) -> str:
    """Return MLflow's code for the cause; empty for an error of somebody else."""
    from mlflow.exceptions import MlflowException

    return str(error.error_code) if isinstance(error, MlflowException) else ""


def _is_down(error: BaseException) -> bool:
    from requests.exceptions import RequestException

    return _code(error) in _DOWN or isinstance(error, RequestException)
