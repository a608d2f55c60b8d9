"""The command line of a job, rendered by Airflow right before the job starts; the same for both runtimes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RUN_ID = "{{ dag.dag_id }}/{{ run_id }}/{{ ti.task_id }}/{{ ti.map_index }}/{{ ti.try_number }}"
"""Names one try of one task; the part before the last slash names the task of the run, whatever the try."""


@dataclass(frozen=True)
class FormValue:
    """The value that the run's form holds under `name`, with its type: true becomes a flag, an empty one nothing."""

    name: str


def form_value(name: str) -> FormValue:
    """Return a job's argument that a person fills in, by the name of the form's field."""
    return FormValue(name)


Argument = str | bool | FormValue | None


class ScriptArguments:
    """A job's arguments as `--name=value`, so that no value can be taken for an argument of its own.

    Airflow calls `resolve` when it renders a task's templates and `serialize` when it shows them.
    """

    def __init__(self, arguments: Mapping[str, Argument]) -> None:
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

    def _value(self, value: Argument, context: Any) -> str | bool | None:
        if isinstance(value, FormValue):
            filled_in: str | bool | None = context["params"][value.name]
            return filled_in
        if isinstance(value, str):
            return str(context["task"].render_template(value, context))
        return value


def _shown(value: Argument) -> str | bool | None:
    return f"{{{{ params.{value.name} }}}}" if isinstance(value, FormValue) else value


def _tokens(name: str, value: str | bool | None) -> list[str]:
    argument = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [argument] if value else []
    return [] if value is None or value == "" else [f"{argument}={value}"]
