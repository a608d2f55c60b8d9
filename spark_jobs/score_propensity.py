"""Scores every customer and category as of a day: how likely a purchase is in the next 30 days."""

from __future__ import annotations

from basketry.domains.propensity.score import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("score_propensity", __doc__, dated=True)
parser.add_argument("--days", type=int, default=1, help="days to score, the last of them --as-of")
parser.add_argument(
    "--model", default="champion", help="champion, a version, or as-then: the champion at the end of each as-of date"
)

if __name__ == "__main__":
    job_main(parser, run)
