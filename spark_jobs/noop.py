"""Opens a session and closes it: what starting any job costs."""

from __future__ import annotations

import argparse

from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.runner import job_main, job_parser


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Do nothing, write nothing."""
    return JobReport(rows_in=0, rows_out=0, summary=(f"catalog {lake.catalog}: nothing to do",), dry_run=True)


if __name__ == "__main__":
    job_main(job_parser("noop", __doc__, dated=False), run)
