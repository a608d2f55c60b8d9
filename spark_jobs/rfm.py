"""Values every customer as of a day by recency, frequency and spend, and gives segments; with --fit learns them first."""

from __future__ import annotations

import argparse

from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.runner import job_main, job_parser


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Assign segments, or with --fit register a challenger that its gate may let assign them."""
    # Only here: what fits loads a second of libraries that assigning can do without.
    if arguments.fit:
        from basketry.domains.rfm.train import run as fit

        return fit(lake, arguments)
    from basketry.domains.rfm.score import run as assign

    return assign(lake, arguments)


parser = job_parser("rfm", __doc__, dated=True, locks=("rfm {fit}",))
parser.add_argument("--fit", action="store_true", help="learn scores, clusters and expectations; assigns nothing")
parser.add_argument(
    "--model", default="champion", help="what assigns: champion, a version, or as-then: the champion on --as-of"
)

if __name__ == "__main__":
    job_main(parser, run)
