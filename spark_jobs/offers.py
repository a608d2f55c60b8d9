"""Decides offers for the shoppers' events that are waiting, learns from their responses, and brings the tables up to date."""

from __future__ import annotations

from basketry.domains.offers.job import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("offers", __doc__, dated=False)
parser.add_argument(
    "--continuous", action="store_true", help="go on as events come; without it what is waiting is decided"
)

if __name__ == "__main__":
    job_main(parser, run)
