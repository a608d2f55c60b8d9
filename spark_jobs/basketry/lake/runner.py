"""How a job starts and ends, the same for all: arguments in, one report out, one exit code per kind of failure."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pkgutil import resolve_name
from typing import Any

from basketry.config.catalogs import load_catalog
from basketry.config.clock import check_day_is_over, now
from basketry.config.exit_codes import exits_by_code
from basketry.config.quiet import quiet_libraries
from basketry.config.settings import Settings
from basketry.jobs import DatedArguments, Job, JobArguments
from basketry.jobs.command_line import check_edition, job_settings, parse_arguments
from basketry.jobs.declare import A, P
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.opening import lake_backend, open_lake
from basketry.lake.report import JobReport
from basketry.tables import JOB_RUNS
from basketry.warehouse.job_runs import JobRun, job_run_row, send_failure
from basketry.warehouse.lineage_event import send_event

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
    quiet_libraries()
    with exits_by_code():
        arguments = parse_arguments(job)
        check_edition(arguments.edition)
        settings = job_settings(arguments)
        _check_over(arguments, settings)
        with _job_locks(job, arguments, settings):
            _run(arguments, job.name, job, settings)


def _check_over(arguments: JobArguments, settings: Settings) -> None:
    """Refuse an as-of day that is not over: its missing hours would be written as hours without a sale."""
    if isinstance(arguments, DatedArguments):
        check_day_is_over(arguments.as_of, now(), load_catalog(arguments.catalog, settings.include).time_zone)


def _job_locks(job: Job[P, A], arguments: A, settings: Settings) -> AbstractContextManager[None]:
    """Keep other runs from the same work, as the backend does; a dry run disturbs nobody."""
    works = [] if arguments.dry_run else [template.format_map(vars(arguments)) for template in job.work]
    return lake_backend(settings).job_locks(settings, arguments.catalog, works)


def _run(arguments: A, name: str, job: Job[P, A], settings: Settings) -> None:
    function = job_function(job)
    start = time.monotonic()
    spark = lake_backend(settings).start_session(name)
    run_job(open_lake(spark, arguments.catalog, settings), name, arguments, function, start=start)


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
    try:
        report = function(lake, arguments)
    except Exception as error:
        seconds = time.monotonic() - start
        send_failure(lake.settings, name, arguments, error, seconds=seconds, outputs=_outputs(lake))
        raise
    seconds = time.monotonic() - start
    for line in report.summary:
        print(f"{name}: {line}")  # among lines of libraries a reader sees whose it is
    suffix = " (dry run)" if report.dry_run else ""
    print(f"{name}: {report.rows_in:,} rows read, {report.rows_out:,} written in {seconds:.1f} s{suffix}")
    if not report.dry_run:
        _record(lake, name, arguments, report, seconds=seconds)
    return report


def _record(lake: Lakehouse, name: str, arguments: JobArguments, report: JobReport, *, seconds: float) -> None:
    row = job_run_row(
        name,
        vars(arguments),
        JobRun(
            as_of=report.as_of,
            input_versions=report.input_versions,
            rows_in=report.rows_in,
            rows_out=report.rows_out,
            seconds=seconds,
            model_version=report.model_version,
            details=report.details,
        ),
    )
    outputs = _outputs(lake)
    lake.record(JOB_RUNS, [tuple(row.values())], where=f"run_id = '{row['run_id']}' AND job = '{name}'")
    send_event(lake.settings, lake.catalog, row, outputs)


def _outputs(lake: Lakehouse) -> list[str]:
    return [table.full_name for table in lake.written]
