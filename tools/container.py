"""Runs a program of Airflow, MLflow or Spark inside a container, in the same environment as `make run` gives it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from tools.environment import InstancePaths, environment
from tools.fab_users import THIS
from tools.java import java_home
from tools.masks import OWNERS_ALONE
from tools.services import airflow_environment, program
from tools.setup import install

STARTS_JOBS = ("airflow", "scheduler")
SPARK = "spark-class"


def container_environment(command: Sequence[str]) -> dict[str, str]:
    """Return the environment of a command; what the container's own environment says about Airflow and MLflow wins.

    Only Airflow's programs are given, and make, what Airflow needs; Spark's settings, with the cluster's secret, are written
    only where jobs or Spark's own processes start.
    """
    places = InstancePaths.from_environment()
    needs_spark = command[0] == SPARK or tuple(command[:2]) == STARTS_JOBS
    java = install(places, print) if needs_spark else java_home(places.cache, print)
    env = environment(places, java)
    if command[0] == "airflow" or tuple(command[: len(THIS)]) == THIS:
        env = airflow_environment(places, env)
    overrides = {name: value for name, value in os.environ.items() if name.startswith(("AIRFLOW", "MLFLOW"))}
    return {**env, **overrides}


def main(arguments: list[str]) -> None:
    """Become `<program> <arguments>`; the program is one of the virtual environment's."""
    os.umask(OWNERS_ALONE)  # every container has the same user
    path = program(arguments[0])
    os.execve(path, [path, *arguments[1:]], container_environment(arguments))  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
