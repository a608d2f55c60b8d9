"""How versions are loaded: their files copied once, held against the digest of the promotion, and read as plain values.

Plain Python; MLflow is imported when it is used, because it takes seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from basketry.errors import BadInputError, UntrustedModelError
from basketry.registry.artifacts import (
    DATA,
    STATE,
    NotPlainError,
    artifacts_digest,
    check_plain,
    downloaded_version,
    read_state,
    untrusted,
    write_state,
)
from basketry.registry.client import (
    CHAMPION,
    RegistryDownError,
    RegistryLoginError,
    alias_version,
    refused_login,
    unanswered,
    version_exists,
)
from basketry.registry.models import ModelSpec, TensorOutput

if TYPE_CHECKING:
    from mlflow.types import Schema

_CUT_OFF = re.compile(
    r"Max retries exceeded (?!.*too many 500 error)|Connection (?:broken|aborted)|[Tt]imed out|\b(?:429|502|503|504) "
    r"|\b(?:TemporarilyUnavailable|InternalError|DeadlineExceeded|TooManyRequests)\("
)
"""How a file's download ended that is not the file's fault. Not by 500: so MLflow's server answers for one that is gone.

The last are the Databricks SDK's errors, as MLflow repeats them of files of Unity Catalog.
"""


_FORBIDDEN = re.compile(r"\b(?:PermissionDenied|Unauthenticated)\(|\b(?:401|403) Client Error")
"""How it ended for a login that may see the model and not its files."""


class ModelGoneError(BadInputError):
    """A registered version does not exist or cannot be loaded any more."""


class OldModelError(ModelGoneError):
    """A version was promoted by an earlier release that noted no digest of its files: nobody knows whether they still fit."""


@contextmanager
def loading_version(name: str, version: str) -> Iterator[None]:
    """Turn whatever fails while a version is loaded into a ModelGoneError, unless the registry itself is down."""
    try:
        yield
    except UntrustedModelError:
        raise
    except Exception as error:  # files can be missing or broken in as many ways as there are stores
        _check_answers(name, error)
        message = f"version {version} of {name} cannot be loaded ({type(error).__name__}): train or name another one."
        raise ModelGoneError(message) from error


def check_loadable(name: str, version: str, loaders: Mapping[str, str], *, has_libraries: bool = True) -> str:
    """Load a version as a job that scores would, and return the digest of its files.

    Args:
        name: The registered model.
        version: The version.
        loaders: The module that loads a version, by kind of model.
        has_libraries: This process has the libraries of the jobs. Without, one that it lacks proves nothing: the version's
            files are all there.

    Raises:
        BadInputError: The version does not exist, is no model of plain values, or cannot be loaded.
    """
    if not version_exists(name, version):
        raise BadInputError(f"version {version} of {name} does not exist: name one that the registry lists.")
    try:
        with downloaded_version(name, version) as folder:
            digest = artifacts_digest(folder)
            module = check_plain(folder, loaders, name.rpartition(".")[2])
            try:
                import_module(module)._load_pyfunc(str(folder / DATA))
            except ModuleNotFoundError:
                if has_libraries:
                    raise
            return digest
    except NotPlainError as error:
        raise BadInputError(
            f"version {version} of {name} cannot be promoted, {error}: train again, or run make upgrade when an earlier"
            " release made it."
        ) from error
    except Exception as error:  # a model's files can fail in as many ways as there are kinds of models
        _check_answers(name, error)
        message = f"version {version} of {name} cannot be loaded ({type(error).__name__}): choose another version."
        raise BadInputError(message) from error


def _check_answers(name: str, error: Exception) -> None:
    """Raise a RegistryDownError when the registry, and not the model, is to blame for an error while loading."""
    if _CUT_OFF.search(str(error)):
        raise RegistryDownError(unanswered(name)) from error
    if _FORBIDDEN.search(str(error)):
        raise RegistryLoginError(refused_login(name)) from error
    alias_version(name, CHAMPION)


def column_schema(columns: Mapping[str, str]) -> Schema:
    """Return what MLflow calls a schema of the columns, whose MLflow types are given by name."""
    from mlflow.types import ColSpec, Schema

    return Schema([ColSpec(kind, name) for name, kind in columns.items()])


def _output_schema(spec: ModelSpec) -> Schema:
    import numpy as np
    from mlflow.types import Schema, TensorSpec

    outputs = spec.outputs
    if isinstance(outputs, TensorOutput):
        return Schema([TensorSpec(np.dtype(outputs.dtype), outputs.shape)])
    return column_schema(outputs)


def log_plain_values(spec: ModelSpec, state: Mapping[str, Any], inputs: Schema, requirements: Sequence[str]) -> str:
    """Log a model's plain values into the run that is open, and return the URI of the logged model.

    Args:
        spec: The kind of model, which says what comes out.
        state: The values, see `write_state`.
        inputs: What goes in, for other tools.
        requirements: What these need, as pip takes it.
    """
    import mlflow
    from mlflow.models import ModelSignature

    with TemporaryDirectory(prefix="basketry-model-") as folder:
        data = Path(folder) / Path(DATA).name
        write_state(data, spec.name, state)
        info = mlflow.pyfunc.log_model(
            name=spec.name,
            loader_module=spec.serving,
            data_path=str(data),
            signature=ModelSignature(inputs, _output_schema(spec)),
            pip_requirements=list(requirements),
        )
    return str(info.model_uri)


def register_version(name: str, model_uri: str) -> str:
    """Register a logged model and return its version.

    Args:
        name: The registered model; it is made with its first version, and belongs to who registers that.
        model_uri: The logged model.

    Raises:
        BadInputError: It does not say what goes in and what comes out. Unity Catalog takes no such model, so none is
            registered anywhere.
    """
    import mlflow

    signature = mlflow.models.get_model_info(model_uri).signature
    if signature is None or signature.inputs is None or signature.outputs is None:
        raise BadInputError(
            f"a version of {name} says not what goes in and what comes out, and Unity Catalog takes no such model: give its"
            " ModelSpec outputs and its training inputs, and train again."
        )
    return str(mlflow.register_model(model_uri, name).version)


def load_plain_values(name: str, version: str, kind: str, digest: str) -> dict[str, Any]:
    """Load the plain values of a version whose files are still those that were promoted.

    Args:
        name: The registered model.
        version: The version.
        kind: The kind of model.
        digest: The digest of its files when it was promoted.

    Raises:
        ModelGoneError: The version cannot be loaded.
        RegistryDownError: The registry does not answer.
        UntrustedModelError: Its files are others than those that were promoted.
    """
    with loading_version(name, version), downloaded_version(name, version) as folder:
        if not (folder / DATA / STATE).is_file():  # what is lost was not changed: MLflow gives what is left of it
            raise FileNotFoundError(f"{DATA}/{STATE}")
        if artifacts_digest(folder) != digest:
            raise untrusted(name, version, f"the files of version {version} of {name} are not those that were promoted")
        return read_state(folder / DATA, kind)


def version_digest(name: str, version: str) -> str:
    """Return the digest of the files of a version, as they lie in the registry now.

    Raises:
        ModelGoneError: The version cannot be loaded.
        RegistryDownError: The registry does not answer.
    """
    with loading_version(name, version), downloaded_version(name, version) as folder:
        return artifacts_digest(folder)
