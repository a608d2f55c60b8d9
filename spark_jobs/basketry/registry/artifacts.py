"""The files of a model version: plain values that no code comes with, and the digest by which they are known again.

A version is a JSON text with numbers and names, and beside it arrays. Reading it runs nothing but this module: MLflow's
loaders, which run whatever a version names, are for other tools. MLflow is imported when it is asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from basketry.config.alerting import raise_alert
from basketry.errors import UntrustedModelError

DATA = "data/model"
"""Where a version's plain values lie among its files."""

STATE, ARRAYS = "state.json", "arrays.npz"
"""The two files there; without an array there is only the first."""

FORMAT = 1
"""Of the files; another number is of a later release."""

_ADDED_BY_MLFLOW = "registered_model_meta"
"""A file that MLflow writes beside what it has downloaded: not one of the version's."""

_DESCRIPTIONS = ("MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt")
"""What MLflow writes of any model: how it is called, and what it needs."""

_FILES = {*_DESCRIPTIONS, *(f"metadata/{file}" for file in _DESCRIPTIONS), f"{DATA}/{STATE}", f"{DATA}/{ARRAYS}"}
"""All that a version may hold; clusters keep the descriptions twice."""

_ARRAY = "__array__"
"""The one key of an object that stands for an array of that name."""

_ARRAY_KINDS = "biuf"
"""Kinds of arrays: numbers alone."""

RUNBOOK = "docs/runbooks/model_rollback.md"


class NotPlainError(Exception):
    """The files are not those of a model of plain values."""


def write_state(folder: Path, kind: str, state: Mapping[str, Any]) -> None:
    """Write a model's plain values: texts, numbers, lists and objects of them as JSON, arrays of numbers beside them.

    Args:
        folder: A folder that does not exist yet.
        kind: The kind of model.
        state: The values.

    Raises:
        TypeError: Something is no plain value.
    """
    import numpy as np

    arrays: dict[str, Any] = {}
    content = {"format": FORMAT, "kind": kind, "state": _without_arrays(state, arrays)}
    folder.mkdir(parents=True)
    (folder / STATE).write_text(json.dumps(content))  # the order of names is one of the values
    if arrays:
        np.savez_compressed(folder / ARRAYS, **arrays)


def read_state(folder: Path, kind: str | None = None) -> dict[str, Any]:
    """Read what `write_state` wrote.

    Args:
        folder: The folder.
        kind: The kind of model that is expected; None for any.

    Raises:
        NotPlainError: It is of another kind or format.
        OSError: The files are not there.
        ValueError: They are broken.
    """
    import numpy as np

    content = json.loads((folder / STATE).read_text())
    if content.get("format") != FORMAT or kind not in (None, content.get("kind")):
        raise NotPlainError("it is a model of another kind, or of a later release")
    arrays: dict[str, Any] = {}
    if (folder / ARRAYS).exists():
        with np.load(folder / ARRAYS, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    state: dict[str, Any] = _with_arrays(content["state"], arrays)
    return state


def _without_arrays(value: Any, arrays: dict[str, Any]) -> Any:
    import numpy as np

    if isinstance(value, np.ndarray):
        if value.dtype.kind not in _ARRAY_KINDS:
            raise TypeError("an array of a model holds something else than numbers")
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {_ARRAY: name}
    if isinstance(value, Mapping):
        return {str(key): _without_arrays(part, arrays) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_arrays(part, arrays) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def _with_arrays(value: Any, arrays: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_ARRAY}:
            return arrays[value[_ARRAY]]
        return {key: _with_arrays(part, arrays) for key, part in value.items()}
    return [_with_arrays(part, arrays) for part in value] if isinstance(value, list) else value


@contextmanager
def downloaded_version(name: str, version: str) -> Iterator[Path]:
    """Copy the files of a version into a private folder that is there as long as the block lasts."""
    import mlflow

    with TemporaryDirectory(prefix="basketry-model-") as folder:
        yield Path(mlflow.artifacts.download_artifacts(artifact_uri=f"models:/{name}/{version}", dst_path=folder))


def artifacts_digest(folder: Path) -> str:
    """Return the SHA-256 over the sorted paths and SHA-256 of a version's files."""
    digest = hashlib.sha256()
    for path in sorted(_files(folder)):
        digest.update(f"{path}\0{hashlib.sha256((folder / path).read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[str]:
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    return (path for path in paths if path != _ADDED_BY_MLFLOW)


def check_plain(folder: Path, loaders: Mapping[str, str], kind: str) -> str:
    """Check that the files of a version are plain values and nothing else, and return the module that MLflow loads them by.

    Args:
        folder: The downloaded files.
        loaders: The module by kind of model.
        kind: The kind that it is registered as; of one that is not declared any declared module is right.

    Raises:
        NotPlainError: There is another file, or MLflow would load them in another way.
    """
    import yaml

    files = set(_files(folder))
    if unknown := files - _FILES:
        raise NotPlainError(f"{len(unknown)} of its files are none of a model of plain values")
    flavors = yaml.safe_load((folder / "MLmodel").read_text())["flavors"]
    function = flavors.get("python_function", {})
    module = str(function.get("loader_module"))
    allowed = {loaders[kind]} if kind in loaders else set(loaders.values())
    if (
        flavors.keys() != {"python_function"}
        or function.get("data") != DATA
        or function.get("code")
        or module not in allowed
    ):
        raise NotPlainError("MLflow would load it in another way than as a model of plain values")
    read_state(folder / DATA, kind if kind in loaders else None)
    return module


def untrusted(name: str, version: str, problem: str) -> UntrustedModelError:
    """Raise the alarm about a version that is not what was promoted, and return the error that refuses it.

    Args:
        name: The registered model.
        version: The version.
        problem: What is wrong, as a clause.
    """
    message = (
        f"{problem}: nothing is loaded; find out who changed the registry, then run model_rollback or train and promote"
        " another version."
    )
    cause = UntrustedModelError.cause
    raise_alert({"text": f"{problem}.", "cause": cause, "model": name, "version": version, "runbook": RUNBOOK})
    return UntrustedModelError(message)
