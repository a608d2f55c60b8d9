"""Forecasts the revenue of every product, department and the catalog as of a day, and keeps what is known of products."""

from __future__ import annotations

from basketry.domains.forecast.score import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("forecast", __doc__, dated=True)
parser.add_argument(
    "--model", default="champion", help="champion, a version, or as-then: the champion at the end of the as-of date"
)

if __name__ == "__main__":
    job_main(parser, run)
