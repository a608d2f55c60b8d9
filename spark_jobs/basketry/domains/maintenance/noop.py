"""The job that does nothing: what starting any job costs."""

from __future__ import annotations

from basketry.jobs import JobArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport


def run(lake: Lakehouse, arguments: JobArguments) -> JobReport:
    """Do nothing, write nothing."""
    return JobReport(rows_in=0, rows_out=0, summary=(f"catalog {lake.catalog}: nothing to do",), dry_run=True)
