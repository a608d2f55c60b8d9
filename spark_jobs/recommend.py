"""Makes popular products and every shopper's recommendations anew, for offers to choose from."""

from __future__ import annotations

from basketry.domains.offers.recommend import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("recommend", __doc__, dated=True)
parser.add_argument(
    "--model", default="champion", help="what recommends: champion, a version, or as-then: the champion on --as-of"
)

if __name__ == "__main__":
    job_main(parser, run)
