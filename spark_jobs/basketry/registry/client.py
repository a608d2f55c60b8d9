"""The registered models: names, aliases and versions in MLflow, locally and in Unity Catalog alike.

Plain Python; MLflow is imported when it is used, because it takes seconds. Three aliases say who does what: `champion`
scores, `challenger` waits for its gate, `previous` scored before the champion and is what a rollback returns to.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from basketry.config.settings import Settings
from basketry.errors import LOGIN_EXIT, BadInputError, BasketryError, TryAgainError
from basketry.registry.failures import Failure, failure_of, mlflow_code
from basketry.registry.server import PASSWORD, USERNAME

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

VERDICT_ARTIFACTS = "basketry.verdict_artifacts"
"""Tag of a challenger's run: the digest of the version's files when its gate judged it."""

_LONGEST_REFUSAL = 300
"""Letters of what MLflow itself says that are repeated."""

_LONGEST_TAG = 4000
"""Letters of a reason that are kept as a tag; registries take at least 5,000."""

RETRY_ENV = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_DATABRICKS_ENDPOINT_HTTP_RETRY_TIMEOUT": "120",
}
"""Timeout in seconds and retries of a request, and seconds of retrying in a workspace, where nothing else is set.

MLflow's own would wait a quarter of an hour for a server that hangs, though Airflow tries again anyway.
"""
for _name, _value in RETRY_ENV.items():
    os.environ.setdefault(_name, _value)

_ABSENT = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}
"""Names and aliases are written by this library, so what is called invalid is one that is not there."""


class RegistryDownError(TryAgainError):
    """The model registry did not answer. Not bad input: it may pass by itself, so Airflow tries again."""


class RegistryLoginError(RegistryDownError):
    """The model registry answered, and refused the login. A person mends it, who may do so between two tries."""

    exit_code = LOGIN_EXIT


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
    """Return what a catalog's model is called in the registry: three parts, as Unity Catalog wants them.

    On Databricks they are those of the place where the catalog lies, see `Settings.names`.
    """
    settings = Settings.from_environment()
    return (
        f"{catalog}.gold.{model}" if settings.runtime == "local" else settings.names(catalog).full_name("gold", model)
    )


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
        artifacts: Digest of the version's files that were judged, None when an earlier release judged them.
    """

    verdict: str
    champion: str | None
    reason: str
    artifacts: str | None


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
        client.set_tag(run_id, VERDICT_ARTIFACTS, verdict.get("artifacts") or "")
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
    return GateVerdict(
        tags[VERDICT],
        tags.get(VERDICT_AGAINST) or None,
        tags.get(VERDICT_REASON, ""),
        tags.get(VERDICT_ARTIFACTS) or None,
    )


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
        RegistryDownError: The registry does not answer; a RegistryLoginError, when it refuses to.
        BadInputError: It, or MLflow itself, can never do what is asked.
    """
    from mlflow import MlflowClient

    try:
        yield MlflowClient()
    except BasketryError:
        raise
    except Exception as error:
        explained = explain_failure(name, error)
        if explained is None:
            raise
        raise explained from error


def unanswered(name: str) -> str:
    """Return the sentence for a registry that does not answer."""
    return f"the model registry did not answer about {name}: see that MLflow runs where MLFLOW_TRACKING_URI says."


def refused_login(name: str) -> str:
    """Return the sentence for a registry that refuses the login, with the command that mends it."""
    import mlflow

    fix = f"set {USERNAME} and {PASSWORD} to the user and the password that make run prints"
    if str(mlflow.get_registry_uri()).startswith("databricks"):
        fix = "renew it if it has expired, else make deploy-check TARGET=<target> names the right that it lacks"
    return f"the model registry refused the login that asked about {name}: {fix}."


def explain_failure(name: str, error: Exception) -> BasketryError | None:
    """Return the error, in words of ours, in which a question about a registered model ended; None for one of somebody else."""
    from mlflow.exceptions import MlflowException

    failure = failure_of(error)
    if failure is Failure.UNANSWERED:
        return RegistryDownError(unanswered(name))
    if failure is Failure.REFUSED_LOGIN:
        return RegistryLoginError(refused_login(name))
    if failure is Failure.REFUSED and isinstance(error, MlflowException):
        words = " ".join(error.message.split()).partition(". ")[0].rstrip(".")[:_LONGEST_REFUSAL]
        return BadInputError(f"MLflow refuses what was asked about {name} ({words}): mend that and run the job again.")
    return None


def _or_none(ask: Callable[[], Answer]) -> Answer | None:
    """Return what the registry answers, None when it has no such thing; MLflow raises one type for every cause."""
    try:
        return ask()
    except Exception as error:
        if mlflow_code(error) in _ABSENT:
            return None
        raise
