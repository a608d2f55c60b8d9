"""Rewrites the sales of every day, week, month and year that changed since the last run."""

from __future__ import annotations

from basketry.domains.sales.job import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("sales", __doc__, dated=True, locks=("sales",))
parser.add_argument("--full", action="store_true", help="rebuild every period as of exactly --as-of")

if __name__ == "__main__":
    job_main(parser, run)
