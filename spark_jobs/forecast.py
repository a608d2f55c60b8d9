"""Forecasts the revenue of every product, department and the catalog as of a day, and keeps what is known of products."""

from __future__ import annotations

from basketry.entry import job_main, job_parser
from basketry.forecast.score import run

parser = job_parser("forecast", __doc__, dated=True)
parser.add_argument(
    "--model", default="champion", help="champion, a version, or as-then: the champion at the end of the as-of date"
)

if __name__ == "__main__":
    job_main(parser, run)
