"""The job that does nothing: what starting any job costs, and whether one may write at all."""

from __future__ import annotations

from basketry.jobs.maintenance import NoopArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport


def run(lake: Lakehouse, arguments: NoopArguments) -> JobReport:
    """Do nothing; with --write the run is noted in ops.job_runs like that of any other job."""
    summary = (f"catalog {lake.catalog}: nothing to do",)
    return JobReport(rows_in=0, rows_out=0, summary=summary, dry_run=arguments.dry_run or not arguments.write)
