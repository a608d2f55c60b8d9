"""Forgets customers on request: masks or removes their personal data in every table and deletes the old files."""

from __future__ import annotations

import argparse

from basketry.domains.marketing.export import rewrite_export
from basketry.domains.privacy import forget
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.runner import job_main, job_parser

parser = job_parser(
    "forget",
    __doc__,
    dated=False,
    # A run that read a person's data before they were forgotten would write it again afterwards.
    locks=("audience *", "export_audience *", "ingest *"),
)
parser.add_argument("--customers", required=True, help="customer ids, with commas between; never names or addresses")
parser.add_argument("--request-id", required=True, help="the request's number at the retailer; kept in ops.forgotten")
parser.add_argument("--decided-by", required=True, help="the user who started it; kept in ops.forgotten")
parser.add_argument("--requested-at", required=True, help="when the run began, 2026-01-31T09:30:00+00:00")


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Forget the customers, in the exported files too."""
    return forget.run(lake, arguments, rewrite_export)


if __name__ == "__main__":
    job_main(parser, run)
