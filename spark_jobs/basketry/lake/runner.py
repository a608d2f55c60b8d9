"""How a job starts and ends, the same for all: arguments in, one report out, one exit code per kind of failure."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pkgutil import resolve_name
from typing import Any

from basketry.config.catalogs import load_catalog
from basketry.config.clock import check_day_is_over, now
from basketry.config.edition import edition, installed_edition
from basketry.config.settings import Settings
from basketry.errors import BAD_INPUT_EXIT, TRY_AGAIN_EXIT, BadInputError, TryAgainError
from basketry.jobs import DatedArguments, Job, JobArguments
from basketry.jobs.command_line import parse_arguments
from basketry.jobs.declare import A, P
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.locks import job_lock
from basketry.lake.report import JobReport
from basketry.lake.session import spark_session
from basketry.tables import JOB_RUNS

JobFunction = Callable[[Lakehouse, Any], JobReport]
"""What a job does, given its arguments."""


def job_function(job: Job[P, A]) -> Callable[[Lakehouse, A], JobReport]:
    """Look up what a job does, with what it needs of other domains already handed to it."""
    entry: JobFunction = resolve_name(job.entry)
    needs = {parameter: resolve_name(name) for parameter, name in job.needs.items()}
    return partial(entry, **needs) if needs else entry


def job_main(job: Job[P, A]) -> None:
    """Run a job from the command line.

    The process exits with 0, with 65 on bad input, with 75 when a later try may help. On Databricks both errors are
    raised as they are: it shows them.
    """
    settings = None
    try:
        settings = Settings.from_environment()
        arguments = parse_arguments(job)
        _check_edition(arguments.edition)
        _check_over(arguments, settings)
        with _job_locks(job, arguments, settings):
            _run(arguments, job.name, job, settings)
    except (BadInputError, TryAgainError) as error:
        if settings is not None and settings.runtime == "databricks":
            raise
        print(f"basketry.errors.{type(error).__name__}: {error}", file=sys.stderr)
        sys.stderr.flush()
        sys.exit(BAD_INPUT_EXIT if isinstance(error, BadInputError) else TRY_AGAIN_EXIT)


def _check_edition(started_by: str | None) -> None:
    """Refuse a DAG of another edition than the library that this process or Spark's workers have; a run by hand has none."""
    for here in (edition, installed_edition) if started_by else ():
        if (own := here()) != started_by:
            raise BadInputError(
                f"the DAG of this run is of edition {started_by} and the library here of {own}: install the wheel of the"
                " DAG's commit here; on Databricks run make deploy from Airflow's checkout and restart a running cluster."
            )


def _check_over(arguments: JobArguments, settings: Settings) -> None:
    """Refuse an as-of day that is not over: its missing hours would be written as hours without a sale."""
    if isinstance(arguments, DatedArguments):
        check_day_is_over(arguments.as_of, now(), load_catalog(arguments.catalog, settings.include).time_zone)


@contextmanager
def _job_locks(job: Job[P, A], arguments: A, settings: Settings) -> Iterator[None]:
    """Locally, wait for another run of the same: a second one by hand, or one that outlived the task that started it."""
    with ExitStack() as locks:
        if settings.lake is not None and not arguments.dry_run:
            for template in sorted(job.work):  # in one order, so that no two runs wait for each other
                work = template.format_map(vars(arguments))
                locks.enter_context(job_lock(settings.home / "turns", arguments.catalog, work))
        yield


def _run(arguments: A, name: str, job: Job[P, A], settings: Settings) -> None:
    function = job_function(job)
    start = time.monotonic()
    lake = Lakehouse(spark_session(name, local=settings.runtime == "local"), arguments.catalog, settings)
    run_job(lake, name, arguments, function, start=start)


def run_job(
    lake: Lakehouse,
    name: str,
    arguments: A,
    function: Callable[[Lakehouse, A], JobReport],
    *,
    start: float | None = None,
) -> JobReport:
    """Run a job, print what it says, and note it in ops.job_runs unless it was a dry run.

    Args:
        lake: Where the job reads and writes.
        name: The job, as ops.job_runs calls it.
        arguments: What the job is given.
        function: What the job does.
        start: When the run began, by `time.monotonic`; now, when None.
    """
    start = time.monotonic() if start is None else start
    report = function(lake, arguments)
    seconds = time.monotonic() - start
    for line in report.summary:
        print(line)
    suffix = " (dry run)" if report.dry_run else ""
    print(f"{name}: {report.rows_in:,} rows read, {report.rows_out:,} written in {seconds:.1f} s{suffix}")
    if not report.dry_run:
        _record(lake, name, arguments, report, seconds=seconds)
    return report


def _record(lake: Lakehouse, name: str, arguments: JobArguments, report: JobReport, *, seconds: float) -> None:
    texts = {key: str(value) for key, value in vars(arguments).items() if value is not None}
    run_id = re.sub(r"['\\]", "", str(arguments.run_id))  # it becomes part of a condition
    row = (
        run_id,
        name,
        report.as_of,
        json.dumps(texts, sort_keys=True),
        dict(report.input_versions),
        report.rows_in,
        report.rows_out,
        seconds,
        report.model_version,
        json.dumps(report.details, sort_keys=True, default=str),
    )
    lake.record(JOB_RUNS, [row], where=f"run_id = '{run_id}' AND job = '{name}'")
