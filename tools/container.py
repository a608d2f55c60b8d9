"""Runs a program of Airflow or MLflow inside a container, in the same environment as `make run` gives it."""

from __future__ import annotations

import os
import sys

from tools.environment import InstancePaths
from tools.services import airflow_environment, program
from tools.setup import prepare


def container_environment() -> dict[str, str]:
    """Return the environment of `make run`; what the container's own environment says about Airflow and MLflow wins."""
    places = InstancePaths.from_environment()
    env = airflow_environment(places, prepare(places, say=print))
    overrides = {name: value for name, value in os.environ.items() if name.startswith(("AIRFLOW", "MLFLOW"))}
    return {**env, **overrides}


def main(arguments: list[str]) -> None:
    """Become `<program> <arguments>`; the program is one of the virtual environment's."""
    path = program(arguments[0])
    os.execve(path, [path, *arguments[1:]], container_environment())  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
