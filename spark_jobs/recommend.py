"""Makes popular products and every shopper's recommendations anew, for offers to choose from."""

from __future__ import annotations

from basketry.entry import job_main, job_parser
from basketry.offers.recommend import run

parser = job_parser("recommend", __doc__, dated=True)
parser.add_argument(
    "--model", default="champion", help="what recommends: champion, a version, or as-then: the champion on --as-of"
)

if __name__ == "__main__":
    job_main(parser, run)
