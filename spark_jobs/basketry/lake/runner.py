"""How a job starts and ends, the same for all: arguments in, one report out, one exit code per kind of failure."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import NoReturn

from basketry.config.catalogs import load_catalog
from basketry.config.clock import check_day_is_over, now
from basketry.config.settings import Settings
from basketry.errors import BAD_INPUT_EXIT, TRY_AGAIN_EXIT, BadInputError, TryAgainError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.locks import job_lock
from basketry.lake.report import JobReport
from basketry.lake.session import spark_session
from basketry.tables import JOB_RUNS

FIRST, LAST = date(1900, 1, 1), date(2999, 12, 31)
"""Days that a job may look at: far enough from the calendar's ends for what lies before and after a day."""

Job = Callable[[Lakehouse, argparse.Namespace], JobReport]
"""What a job does, given its arguments."""


class JobParser(argparse.ArgumentParser):
    """Parse the arguments of a job; bad ones are bad input and exit like every other one.

    Attributes:
        locks: What only one run at a time may work on, with arguments in braces; see `job_lock`.
    """

    locks: Sequence[str] = ()

    def error(self, message: str) -> NoReturn:
        """Name the problem and the way to help."""
        raise BadInputError(f"job {self.prog}: {message} (--help explains the arguments).")


def job_parser(name: str, description: str | None, *, dated: bool, locks: Sequence[str] = ()) -> JobParser:
    """Make a parser with the arguments that every job has.

    Args:
        name: The job.
        description: What it does, for --help.
        dated: The job also needs --as-of.
        locks: What only one run at a time may work on, see `JobParser`. By default all runs of the job exclude each
            other, those of a dated job only when they are of the same as-of date.
    """
    parser = JobParser(prog=name, description=description, allow_abbrev=False)
    parser.locks = locks or (f"{name} {{as_of}}" if dated else name,)
    parser.add_argument("--catalog", required=True, help="the retailer, e.g. demo")
    parser.add_argument(
        "--run-id", default="manual", help="names this run in ops.job_runs; a repeated id replaces its line"
    )
    parser.add_argument("--dry-run", action="store_true", help="do everything but write")
    if dated:
        parser.add_argument(
            "--as-of", required=True, type=_day, help="last complete business day to look at, YYYY-MM-DD"
        )
    return parser


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"--as-of is '{text}'; write a day as YYYY-MM-DD.") from None
    if not FIRST <= day <= LAST:
        raise BadInputError(f"--as-of is '{text}'; write a day from {FIRST} to {LAST}.")
    return day


def job_main(parser: JobParser, job: Job) -> None:
    """Run a job from the command line.

    The process exits with 0, with 65 on bad input, with 75 when a later try may help. On Databricks both errors are
    raised as they are: it shows them.
    """
    settings = None
    try:
        settings = Settings.from_environment()
        arguments = parser.parse_args()
        _check_over(arguments, settings)
        with _job_locks(parser, arguments, settings):
            _run(arguments, parser.prog, job, settings)
    except (BadInputError, TryAgainError) as error:
        if settings is not None and settings.runtime == "databricks":
            raise
        print(f"basketry.errors.{type(error).__name__}: {error}", file=sys.stderr)
        sys.stderr.flush()
        sys.exit(BAD_INPUT_EXIT if isinstance(error, BadInputError) else TRY_AGAIN_EXIT)


def _check_over(arguments: argparse.Namespace, settings: Settings) -> None:
    """Refuse an as-of day that is not over: its missing hours would be written as hours without a sale."""
    as_of: date | None = getattr(arguments, "as_of", None)
    if as_of is not None:
        check_day_is_over(as_of, now(), load_catalog(arguments.catalog, settings.include).time_zone)


@contextmanager
def _job_locks(parser: JobParser, arguments: argparse.Namespace, settings: Settings) -> Iterator[None]:
    """Locally, wait for another run of the same: a second one by hand, or one that outlived the task that started it."""
    with ExitStack() as locks:
        if settings.lake is not None and not arguments.dry_run:
            for template in sorted(parser.locks):  # in one order, so that no two runs wait for each other
                work = template.format_map(vars(arguments))
                locks.enter_context(job_lock(settings.home / "turns", arguments.catalog, work))
        yield


def _run(arguments: argparse.Namespace, name: str, job: Job, settings: Settings) -> None:
    start = time.monotonic()
    lake = Lakehouse(spark_session(name, local=settings.runtime == "local"), arguments.catalog, settings)
    run_job(lake, name, arguments, job, start=start)


def run_job(
    lake: Lakehouse, name: str, arguments: argparse.Namespace, job: Job, *, start: float | None = None
) -> JobReport:
    """Run a job, print what it says, and note it in ops.job_runs unless it was a dry run.

    Args:
        lake: Where the job reads and writes.
        name: The job, as ops.job_runs calls it.
        arguments: What the job is given.
        job: What the job does.
        start: When the run began, by `time.monotonic`; now, when None.
    """
    start = time.monotonic() if start is None else start
    report = job(lake, arguments)
    seconds = time.monotonic() - start
    for line in report.summary:
        print(line)
    suffix = " (dry run)" if report.dry_run else ""
    print(f"{name}: {report.rows_in:,} rows read, {report.rows_out:,} written in {seconds:.1f} s{suffix}")
    if not report.dry_run:
        _record(lake, name, arguments, report, seconds=seconds)
    return report


def _record(lake: Lakehouse, name: str, arguments: argparse.Namespace, report: JobReport, *, seconds: float) -> None:
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
