"""What a Databricks run is computed on: the profiles in `include/compute/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from basketry.errors import BadInputError

KNOWN = {"description", "new_cluster", "libraries", "tags", "polling_seconds", "timeout_seconds"}


@dataclass(frozen=True)
class Compute:
    """One profile: the Jobs API's new_cluster and libraries, own cost tags, seconds between looks, seconds at most."""

    new_cluster: Mapping[str, Any]
    libraries: tuple[Mapping[str, Any], ...]
    tags: Mapping[str, str]
    polling_seconds: int
    timeout_seconds: int


def load_compute(include: Path, profile: str = "default") -> Compute:
    """Read `include/compute/<profile>.yaml`; BadInputError names the file and what is wrong with it."""
    path = include / "compute" / f"{profile}.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        raise BadInputError(f"{path} cannot be read: write a compute profile there.") from None
    except yaml.YAMLError as error:
        raise BadInputError(f"{path} is not YAML: {str(error).splitlines()[0]}.") from None
    _check(content, path)
    return Compute(
        new_cluster=content["new_cluster"],
        libraries=tuple(content.get("libraries", ())),
        tags={str(key): str(value) for key, value in content.get("tags", {}).items()},
        polling_seconds=int(content.get("polling_seconds", 15)),
        timeout_seconds=int(content.get("timeout_seconds", 0)),
    )


def _check(content: object, path: Path) -> None:
    if not isinstance(content, dict) or not isinstance(content.get("new_cluster"), dict):
        raise BadInputError(f"{path} says nothing under new_cluster: put the Jobs API's cluster specification there.")
    unknown = sorted(set(content) - KNOWN)
    if unknown:
        raise BadInputError(
            f"{path} has the unknown key '{unknown[0]}'; the known ones are: {', '.join(sorted(KNOWN))}."
        )
    if nothing := _empty_key(content):
        raise BadInputError(f"{path} leaves '{nothing}' empty: give it a value or delete the line.")


def _empty_key(content: Mapping[str, Any]) -> str | None:
    for key, value in content.items():
        if value is None:
            return key
        if isinstance(value, dict) and (inner := _empty_key(value)):
            return f"{key}.{inner}"
    return None
