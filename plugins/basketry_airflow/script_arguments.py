"""The command line of a job, rendered by Airflow right before the job starts; the same for both runtimes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from basketry.config.documents import did_you_mean
from basketry.config.run_settings import settings_argument
from basketry.config.settings import Settings
from basketry.errors import BadInputError
from basketry.jobs import Job, argument_fields
from basketry_airflow.checkout import edition_of

Value = TypeVar("Value")

RUN_ID = "{{ dag.dag_id }}/{{ run_id }}/{{ ti.task_id }}/{{ ti.map_index }}/{{ ti.try_number }}"
"""Names one try of one task; the part before the last slash names the task of the run, whatever the try."""


@dataclass(frozen=True)
class FormValue:
    """The value that the run's form holds under `name`, with its type: true becomes a flag, an empty one nothing."""

    name: str


def form_value(name: str, kind: type[Value]) -> Value:
    """Return a job's argument that a person fills in.

    Args:
        name: The name of the form's field.
        kind: What the field holds; the type checker takes the argument for one.
    """
    return cast(Value, FormValue(name))


def template(text: str, kind: type[Value]) -> Value:
    """Return a job's argument that Airflow renders.

    Args:
        text: The Jinja template.
        kind: What it renders to; the type checker takes the argument for one.
    """
    return cast(Value, text)


@dataclass(frozen=True)
class EditionOf:
    """The edition of a checkout, looked up right before the job starts, so that no edit of a file changes the DAG."""

    checkout: Path


@dataclass(frozen=True)
class SettingsOf:
    """What the worker's environment sets of a job, looked up right before the job starts.

    Attributes:
        names: The variables that the job reads.
    """

    names: tuple[str, ...]


@dataclass(frozen=True)
class UnityNamesOf:
    """Where the run's retailer lies in Unity Catalog, as a target says right before the job starts."""

    settings: Settings


CATALOG = template("{{ params.catalog }}", str)
"""The catalog that the run's form names."""


def check_arguments(job: Job[..., Any], arguments: Mapping[str, object]) -> None:
    """Check that a task gives a job the arguments that it declares.

    Raises:
        BadInputError: An argument is unknown, or one that the job needs is missing.
    """
    declared = argument_fields(job)
    for name in arguments:
        if name not in declared:
            raise BadInputError(f"the job {job.name} has no argument '{name}'; {did_you_mean(name, declared)}")
    missing = [name for name, argument in declared.items() if argument.is_required and name not in arguments]
    if missing:
        raise BadInputError(f"the job {job.name} needs {', '.join(missing)}: give it in the DAG.")


class ScriptArguments:
    """A job's arguments as `--name=value`, so that no value can be taken for an argument of its own.

    Airflow calls `resolve` when it renders a task's templates and `serialize` when it shows them.
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        """Keep the arguments.

        Args:
            arguments: Values by the name of the job's argument, underscores for dashes; texts are Jinja templates.
        """
        self.arguments = dict(arguments)

    def resolve(self, context: Any) -> list[str]:
        """Return the arguments for this try.

        Args:
            context: Airflow's context, with the task, the params and what the templates name.
        """
        rendered = ((name, self._value(value, context)) for name, value in self.arguments.items())
        return [token for name, value in rendered for token in _tokens(name, value)]

    def serialize(self) -> list[str]:
        """Return what the Airflow page shows before a run exists."""
        placeholders = ((name, _shown(value)) for name, value in self.arguments.items())
        return [token for name, value in placeholders for token in _tokens(name, value)]

    def _value(self, value: Any, context: Any) -> Any:
        if isinstance(value, FormValue):
            return context["params"][value.name]
        if isinstance(value, EditionOf):
            return edition_of(value.checkout)
        if isinstance(value, SettingsOf):
            return settings_argument(os.environ, value.names)
        if isinstance(value, UnityNamesOf):
            return value.settings.names(context["params"]["catalog"]).as_argument()
        if isinstance(value, str):
            return str(context["task"].render_template(value, context))
        return value


def _shown(value: Any) -> Any:
    if isinstance(value, EditionOf):
        return "{{ edition }}"
    if isinstance(value, SettingsOf):
        return "{{ settings }}"
    if isinstance(value, UnityNamesOf):
        return "{{ unity_names }}"
    return f"{{{{ params.{value.name} }}}}" if isinstance(value, FormValue) else value


def _tokens(name: str, value: Any) -> list[str]:
    argument = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [argument] if value else []
    return [] if value is None or value == "" else [f"{argument}={value}"]
