"""The command line of a job, built from its declaration."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any, NoReturn

from basketry.config.edition import edition, installed_edition
from basketry.config.settings import UNITY_NAMES, Settings
from basketry.errors import BadInputError
from basketry.jobs.declare import A, ArgumentField, Job, JobArguments, P, argument_fields

TRACKING_URI = "MLFLOW_TRACKING_URI"
"""The environment variable that says where MLflow keeps runs and, on Databricks, models."""

FIRST, LAST = date(1900, 1, 1), date(2999, 12, 31)
"""Days that a job may look at: far enough from the calendar's ends for what lies before and after a day."""


class JobParser(argparse.ArgumentParser):
    """Parse the arguments of a job; bad ones are bad input and exit like every other one."""

    def error(self, message: str) -> NoReturn:
        """Name the problem and the way to help."""
        raise BadInputError(f"job {self.prog}: {message} (--help explains the arguments).")


def job_parser(job: Job[P, A]) -> JobParser:
    """Make the parser of a job's command line: an option for each argument."""
    parser = JobParser(prog=job.name, description=job.description, allow_abbrev=False)
    declared = argument_fields(job).values()
    words = {argument.about.one_of for argument in declared} - {""}
    groups: dict[str, Any] = {"": parser, **{word: parser.add_mutually_exclusive_group() for word in sorted(words)}}
    for argument in declared:
        groups[argument.about.one_of].add_argument(argument.option, **_options(argument))
    return parser


def parse_arguments(job: Job[P, A], words: Sequence[str] | None = None) -> A:
    """Return the arguments that a command line gives a job.

    Args:
        job: The job.
        words: The command line after the script's name; that of this process, when None.

    Raises:
        BadInputError: An argument is unknown, missing, or its value cannot be.
    """
    make: Any = job.arguments
    arguments: A = make(**vars(job_parser(job).parse_args(words)))
    return arguments


def job_settings(arguments: JobArguments) -> Settings:
    """Return the settings of a job's process; what its arguments say of them holds for all of the process from now on.

    Raises:
        BadInputError: A setting, or what the job was told of its retailer's place, is wrong.
    """
    if arguments.unity_names:
        os.environ[UNITY_NAMES] = arguments.unity_names
    settings = Settings.of_run(arguments.settings)
    if settings.runtime == "databricks":  # without a word MLflow would keep everything in the job's own folder
        os.environ.setdefault(TRACKING_URI, "databricks")
    if settings.unity_names:
        settings.names(arguments.catalog)
    return settings


def check_edition(started_by: str | None) -> None:
    """Refuse a DAG of another edition than the library that this process or Spark's workers have; a run by hand has none.

    Raises:
        BadInputError: Their editions differ.
    """
    for here in (edition, installed_edition) if started_by else ():
        if (own := here()) != started_by:
            raise BadInputError(
                f"the DAG of this run is of edition {started_by} and the library here of {own}: install the wheel of the"
                " DAG's commit here; on Databricks run make deploy from Airflow's checkout and restart a running cluster."
            )


def _options(argument: ArgumentField) -> dict[str, Any]:
    about = argument.about
    if argument.kind is bool:
        return {"action": "store_true", "help": about.help}
    options = {"help": about.help, "required": argument.is_required, "default": argument.default}
    parsers: dict[Any, Callable[[str], object]] = {date: partial(_day, argument.option), int: int}
    parse = about.parse or parsers.get(argument.kind)
    more = {"type": parse, "choices": about.choices or None, "metavar": about.metavar}
    return options | {name: value for name, value in more.items() if value is not None}


def _day(option: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"{option} is '{text}'; write a day as YYYY-MM-DD.") from None
    if not FIRST <= day <= LAST:
        raise BadInputError(f"{option} is '{text}'; write a day from {FIRST} to {LAST}.")
    return day
