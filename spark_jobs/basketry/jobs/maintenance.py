"""The jobs that look after tables, and the one that does nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from basketry.jobs.declare import Argument, DatedArguments, Job, JobArguments
from basketry.jobs.libraries import LIGHTGBM, MLFLOW


@dataclass(frozen=True, kw_only=True)
class NoopArguments(JobArguments):
    """The arguments of the job that does nothing."""

    write: Annotated[bool, Argument(help="note the run in ops.job_runs: a row is written")] = False


MAINTENANCE = Job(
    name="maintenance",
    description="Compacts small files of a catalog's tables and deletes those that no kept version needs.",
    arguments=JobArguments,
    entry="basketry.domains.maintenance.job:run",
)

RESTATE_RESULTS = Job(
    name="restate_results",
    description="Makes segments, forecasts, decisions, scores and their outcomes again for exactly those days that late order"
    " lines touch.",
    arguments=DatedArguments,
    entry="basketry.lake.restatement:run",
    libraries=(LIGHTGBM, MLFLOW),
    locks=("restate_results",),
)

NOOP = Job(
    name="noop",
    description="Opens a session and closes it: what starting any job costs.",
    arguments=NoopArguments,
    entry="basketry.domains.maintenance.noop:run",
)
