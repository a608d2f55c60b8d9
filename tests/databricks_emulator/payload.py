"""Reads a `runs/submit` body, and refuses what the service would drop in silence or the emulator cannot run.

The real service ignores a field it does not know: a mistyped `timeout_second` costs money for weeks. Here it is a 400.
What is known comes from databricks-sdk: every value must survive the way through the SDK's own types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, get_args, get_type_hints

from databricks.sdk.service.jobs import JobsAPI

from basketry_airflow.payload import lost_fields
from tests.databricks_emulator.errors import invalid

SUBMIT_FIELDS: dict[str, Any] = {
    name: hint for name, hint in get_type_hints(JobsAPI.submit).items() if name not in {"self", "return"}
}
COMPUTE_FIELDS = ("new_cluster", "existing_cluster_id", "environment_key")
NOT_EMULATED = ("max_retries", "run_if", "disabled", "environment_variables_key", "compute")
"""Task fields that change what runs; accepting them without doing so would let a test prove something untrue."""
LONGEST_TOKEN = 64
MOST_TASKS = 100
LONGEST_PARAMETERS = 10_000


@dataclass(frozen=True, kw_only=True)
class TaskSettings:
    """One task of a submission: a workspace path of a script and its arguments; timeout in seconds, 0 is none.

    dependencies: what the environment of a serverless task installs; None on a cluster.
    """

    key: str
    python_file: str
    parameters: tuple[str, ...]
    depends_on: tuple[str, ...]
    timeout_seconds: int
    settings: Mapping[str, Any]
    dependencies: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Submission:
    """A run as asked for; tasks in an order in which each comes after those it depends on.

    run_as: the service principal, empty for whoever asks.
    """

    name: str
    token: str | None
    timeout_seconds: int
    tasks: tuple[TaskSettings, ...]
    run_as: str = ""


def read_submission(body: object) -> Submission:
    """The submission in a request body; ApiError 400 with one sentence when it cannot be run as it says."""
    if not isinstance(body, dict):
        raise invalid("The body of runs/submit must be a JSON object.")
    for name, value in body.items():
        if name not in SUBMIT_FIELDS:
            raise invalid(f"runs/submit has no field '{name}' (the service would ignore it); what runs is in 'tasks'.")
        _refuse_lost_fields(value, _round_trip(name, value), name)
    token = body.get("idempotency_token") or None
    if token is not None and len(token) > LONGEST_TOKEN:
        raise invalid(f"The idempotency token has {len(token)} characters; at most {LONGEST_TOKEN} are allowed.")
    tasks = _tasks(body)
    name, run_as = body.get("run_name") or "Untitled", body.get("run_as", {}).get("service_principal_name", "")
    return Submission(name, token, _seconds(body, "runs/submit"), tuple(_in_order(tasks)), run_as)


def _round_trip(name: str, value: object) -> object:
    """The value after a way through the SDK's type of the field."""
    arguments = get_args(get_args(SUBMIT_FIELDS[name])[0])
    kind = arguments[0] if arguments else get_args(SUBMIT_FIELDS[name])[0]
    if not hasattr(kind, "from_dict"):
        return value
    try:
        if arguments:
            return [kind.from_dict(item).as_dict() for item in value]  # type: ignore[attr-defined]
        return kind.from_dict(value).as_dict()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise invalid(f"'{name}' of runs/submit has the wrong shape ({type(error).__name__}: {error}).") from None


def _refuse_lost_fields(given: object, kept: object, path: str) -> None:
    for lost in lost_fields(given, kept, path):
        raise invalid(f"runs/submit has no field or value '{lost}' (the service would ignore it).")


def _tasks(body: Mapping[str, Any]) -> list[TaskSettings]:
    task_bodies = body.get("tasks") or []
    if not 1 <= len(task_bodies) <= MOST_TASKS:
        raise invalid(f"runs/submit has {len(task_bodies)} tasks; give 1 to {MOST_TASKS}.")
    environments = {
        entry["environment_key"]: tuple(entry.get("spec", {}).get("dependencies", ()))
        for entry in body.get("environments") or []
    }
    tasks = [_task(task, environments) for task in task_bodies]
    if len({task.key for task in tasks}) < len(tasks):
        raise invalid("Two tasks have the same task_key.")
    return tasks


def _task(task: Mapping[str, Any], environments: Mapping[str, tuple[str, ...]]) -> TaskSettings:
    key = task["task_key"]
    kinds = [name for name in task if name.endswith("_task")]
    if kinds != ["spark_python_task"]:
        raise invalid(f"Task {key} has {kinds or 'nothing to run'}; the emulator runs exactly one spark_python_task.")
    _refuse_not_emulated(key, task)
    _check_compute(key, task, environments)
    script = task["spark_python_task"]
    return TaskSettings(
        key=key,
        python_file=script["python_file"],
        parameters=_parameters(key, script),
        depends_on=tuple(dependency["task_key"] for dependency in task.get("depends_on") or []),
        timeout_seconds=_seconds(task, f"Task {key}"),
        settings=task,
        dependencies=environments.get(task.get("environment_key", "")),
    )


def _refuse_not_emulated(key: str, task: Mapping[str, Any]) -> None:
    for name in NOT_EMULATED:
        if task.get(name) not in (None, 0, "0", False, "ALL_SUCCESS"):
            raise invalid(f"Task {key} sets {name}, which the emulator cannot honour; leave it out.")
    if task["spark_python_task"].get("source") not in (None, "WORKSPACE"):
        raise invalid(f"Task {key} takes its script from a Git repository; the emulator knows WORKSPACE only.")


def _check_compute(key: str, task: Mapping[str, Any], environments: Mapping[str, tuple[str, ...]]) -> None:
    chosen = [name for name in COMPUTE_FIELDS if task.get(name)]
    if len(chosen) != 1:
        raise invalid(f"Task {key} names {chosen or 'no compute'}; give exactly one of {', '.join(COMPUTE_FIELDS)}.")
    wanted = task.get("environment_key")
    if wanted and wanted not in environments:
        raise invalid(f"Task {key} wants environment '{wanted}', which is not in 'environments'.")


def _parameters(key: str, script: Mapping[str, Any]) -> tuple[str, ...]:
    parameters = script.get("parameters") or []
    if not isinstance(parameters, list) or not all(isinstance(value, str) for value in parameters):
        raise invalid(f"parameters of task {key} must be a list of strings.")
    if sum(len(value) for value in parameters) > LONGEST_PARAMETERS:
        raise invalid(f"parameters of task {key} are longer than {LONGEST_PARAMETERS} characters.")
    return tuple(parameters)


def _seconds(settings: Mapping[str, Any], whose: str) -> int:
    # The provider turns every number into text before it sends it, and the service accepts both.
    given = settings.get("timeout_seconds") or 0
    if not str(given).isdecimal():
        raise invalid(f"{whose}: timeout_seconds is '{given}'; give whole seconds.")
    return int(given)


def _in_order(tasks: list[TaskSettings]) -> Iterator[TaskSettings]:
    by_key = {task.key: task for task in tasks}
    for task in tasks:
        for wanted in task.depends_on:
            if wanted not in by_key:
                raise invalid(f"Task {task.key} depends on '{wanted}', which is not in the run.")
    try:
        order = list(TopologicalSorter({task.key: task.depends_on for task in tasks}).static_order())
    except CycleError:
        raise invalid("The tasks depend on one another in a circle.") from None
    return (by_key[key] for key in order)
