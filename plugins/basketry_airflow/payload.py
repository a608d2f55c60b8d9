"""Whether a request says only what the Jobs API knows: the API drops an unknown field in silence.

What is known comes from databricks-sdk: a value must survive the way through its types. Importing those takes seconds, so
profiles are checked by `make deploy`, `make deploy-check` and the tests, not whenever a DAG file is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from basketry.errors import BadInputError
from basketry_airflow.compute import load_profile


def lost_fields(given: object, kept: object, path: str) -> Iterator[str]:
    """Paths in `given` that did not survive; empty lists and objects are never kept, so they prove nothing."""
    if isinstance(given, Mapping):
        for name, value in given.items():
            if value is None or (isinstance(value, list | dict) and not value):
                continue
            if not isinstance(kept, Mapping) or name not in kept:
                yield f"{path}.{name}"
            else:
                yield from lost_fields(value, kept[name], f"{path}.{name}")
    elif isinstance(given, list) and isinstance(kept, list):
        for position, (item, kept_item) in enumerate(zip(given, kept, strict=True)):
            yield from lost_fields(item, kept_item, f"{path}[{position}]")


def check_profile(include: Path, name: str, cloud: str) -> dict[str, Any]:
    """A profile's cluster, empty when it has none; BadInputError for a field or value that the Jobs API does not know."""
    from databricks.sdk.service.jobs import JobEnvironment, SubmitTask

    compute = load_profile(include, name, cloud=cloud)
    task = {"task_key": "main", **compute.task_fields({})}
    _check(name, task, SubmitTask.from_dict, "task")
    for environment in compute.run.get("environments", ()):
        _check(name, environment, JobEnvironment.from_dict, "environment")
    return dict(compute.task.get("new_cluster", {}))


def _check(name: str, given: Mapping[str, Any], read: Any, what: str) -> None:
    try:
        kept = read(given).as_dict()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"compute/{name}.yaml: {what} has the wrong shape ({error}).") from None
    for lost in lost_fields(given, kept, what):
        field = lost.removeprefix("task.")
        raise BadInputError(
            f"compute/{name}.yaml: the Jobs API knows no field or value '{field}': correct or delete it."
        )
