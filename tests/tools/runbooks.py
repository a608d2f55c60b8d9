"""The commands of the runbooks, read out of the Markdown, and what make would run for each."""

from __future__ import annotations

import re
import runpy
import shlex
from dataclasses import dataclass
from typing import Any

import pytest

from basketry.jobs import Job
from tools import __main__ as commands
from tools import job
from tools.environment import CHECKOUT

FOLDER = CHECKOUT / "docs" / "runbooks"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
AIRFLOW = re.compile(r"`(airflow [^`]+)`")
ASSIGNED = re.compile(r"([A-Z_]+)=(.*)", re.S)


@dataclass(frozen=True)
class Command:
    """`make <target> NAME=value …` of a runbook."""

    runbook: str
    text: str

    @property
    def target(self) -> str:
        """What make is asked for."""
        return self.text.split()[1]

    @property
    def variables(self) -> dict[str, str]:
        """What make hands on in the environment."""
        return dict(found.groups() for word in shlex.split(self.text)[2:] if (found := ASSIGNED.fullmatch(word)))


def make_commands() -> list[Command]:
    """Every line of every block, in order."""
    return [
        Command(path.stem, line)
        for path in sorted(FOLDER.glob("*.md"))
        for block in BLOCK.findall(path.read_text())
        for line in block.splitlines()
    ]


def airflow_commands() -> list[tuple[str, str]]:
    """Runbook and command line of Airflow, from running text."""
    return [(path.stem, found) for path in sorted(FOLDER.glob("*.md")) for found in AIRFLOW.findall(path.read_text())]


def job_of(command: Command, patch: pytest.MonkeyPatch) -> tuple[str, list[str]]:
    """Which job make starts, and with which arguments: asked of the very code behind make."""
    asked: list[tuple[str, list[str]]] = []
    for name in ("JOB", "ARGS", "AS_OF", "CATALOG"):
        patch.delenv(name, raising=False)
    for name, value in command.variables.items():
        patch.setenv(name, value)
    patch.setattr(job, "run_job", lambda name, arguments: asked.append((name, arguments)) or 0)
    function = getattr(job, commands.function_of(command.target))
    function([])
    return asked[0]


def script(name: str, patch: pytest.MonkeyPatch) -> Job[..., Any]:
    """A job, as its script hands it to job_main."""
    jobs: list[Job[..., Any]] = []
    for main in ("basketry.lake.runner.job_main", "basketry.warehouse.plain_job.plain_job_main"):
        patch.setattr(main, jobs.append)
    runpy.run_path(str(CHECKOUT / "spark_jobs" / f"{name}.py"), run_name="__main__")
    return jobs[0]
