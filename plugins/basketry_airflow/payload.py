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


def lost_fields(requested: object, parsed: object, path: str) -> Iterator[str]:
    """Yield the paths in `requested` that did not survive; empty lists and objects never do, so they prove nothing."""
    if isinstance(requested, Mapping):
        for name, value in requested.items():
            if value is None or (isinstance(value, list | dict) and not value):
                continue
            if not isinstance(parsed, Mapping) or name not in parsed:
                yield f"{path}.{name}"
            else:
                yield from lost_fields(value, parsed[name], f"{path}.{name}")
    elif isinstance(requested, list) and isinstance(parsed, list):
        for position, (item, parsed_item) in enumerate(zip(requested, parsed, strict=True)):
            yield from lost_fields(item, parsed_item, f"{path}[{position}]")


def check_profile(include: Path, name: str, cloud: str) -> dict[str, Any]:
    """Return a profile's cluster, empty when it has none.

    Raises:
        BadInputError: The profile has a field or a value that the Jobs API does not know.
    """
    from databricks.sdk.service.jobs import JobEnvironment, SubmitTask

    compute = load_profile(include, name, cloud=cloud)
    task = {"task_key": "main", **compute.task_fields({})}
    _check(name, task, SubmitTask.from_dict, "task")
    for environment in compute.run.get("environments", ()):
        _check(name, environment, JobEnvironment.from_dict, "environment")
    return dict(compute.task.get("new_cluster", {}))


def _check(name: str, requested: Mapping[str, Any], read: Any, what: str) -> None:
    try:
        parsed = read(requested).as_dict()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"compute/{name}.yaml: {what} has the wrong shape ({error}).") from None
    for lost in lost_fields(requested, parsed, what):
        field = lost.removeprefix("task.")
        raise BadInputError(
            f"compute/{name}.yaml: the Jobs API knows no field or value '{field}': correct or delete it."
        )
