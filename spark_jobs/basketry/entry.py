"""How a job starts and ends, the same for all: arguments in, one report out, one exit code per kind of failure."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable
from datetime import date
from typing import NoReturn

from basketry.errors import BAD_INPUT_EXIT, BadInputError
from basketry.lakehouse import Lakehouse
from basketry.report import JobReport
from basketry.session import spark_session
from basketry.settings import Settings
from basketry.tables import JOB_RUNS

Job = Callable[[Lakehouse, argparse.Namespace], JobReport]


class _JobParser(argparse.ArgumentParser):
    """Bad arguments are bad input: they exit like every other one."""

    def error(self, message: str) -> NoReturn:
        """Name the problem and the way to help."""
        raise BadInputError(f"job {self.prog}: {message} (--help explains the arguments).")


def job_parser(name: str, description: str | None, *, dated: bool) -> argparse.ArgumentParser:
    """The arguments that every job has. dated: the job also needs --as-of."""
    parser = _JobParser(prog=name, description=description, allow_abbrev=False)
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
        return date.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"--as-of is '{text}'; write a day as YYYY-MM-DD.") from None


def job_main(parser: argparse.ArgumentParser, job: Job) -> None:
    """Run a job from the command line: exits 0, or 65 on bad input (raised as it is on Databricks, which shows it)."""
    settings = None
    try:
        settings = Settings.from_environment()
        _run(parser.parse_args(), parser.prog, job, settings)
    except BadInputError as error:
        if settings is not None and settings.runtime == "databricks":
            raise
        print(f"basketry.errors.{type(error).__name__}: {error}", file=sys.stderr)
        sys.stderr.flush()
        sys.exit(BAD_INPUT_EXIT)


def _run(arguments: argparse.Namespace, name: str, job: Job, settings: Settings) -> None:
    start = time.monotonic()
    lake = Lakehouse(spark_session(name, local=settings.runtime == "local"), arguments.catalog, settings)
    run_job(lake, name, arguments, job, start)


def run_job(
    lake: Lakehouse, name: str, arguments: argparse.Namespace, job: Job, start: float | None = None
) -> JobReport:
    """Run a job, print what it says, and note it in ops.job_runs unless it was a dry run. start: of the process's clock."""
    start = time.monotonic() if start is None else start
    report = job(lake, arguments)
    seconds = time.monotonic() - start
    for line in report.summary:
        print(line)
    print(
        f"{name}: {report.rows_in:,} rows read, {report.rows_out:,} written in {seconds:.1f} s{' (dry run)' * report.dry_run}"
    )
    if not report.dry_run:
        _record(lake, name, arguments, report, seconds)
    return report


def _record(lake: Lakehouse, name: str, arguments: argparse.Namespace, report: JobReport, seconds: float) -> None:
    given = {key: str(value) for key, value in vars(arguments).items() if value is not None}
    run_id = re.sub(r"['\\]", "", str(arguments.run_id))  # it becomes part of a condition
    row = (
        run_id, name, report.as_of, json.dumps(given, sort_keys=True), dict(report.input_versions),
        report.rows_in, report.rows_out, seconds, report.model_version, json.dumps(report.details, sort_keys=True, default=str),
    )  # fmt: skip
    lake.record(JOB_RUNS, [row], where=f"run_id = '{run_id}' AND job = '{name}'")
