"""Computes the features of customers, categories and pairs of both, as of one day or many."""

from __future__ import annotations

import argparse
from datetime import date

from basketry.errors import BadInputError
from basketry.features import job
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.runner import job_main, job_parser


def parse_days(text: str) -> tuple[date, ...]:
    """Parse days separated by commas; anything else is a BadInputError."""
    try:
        return tuple(date.fromisoformat(part.strip()) for part in text.split(","))
    except ValueError:
        raise BadInputError(f"'{text}' are no days; write them as YYYY-MM-DD, with commas between.") from None


def parse_day(text: str) -> date:
    """Parse one day; anything else is a BadInputError."""
    return parse_days(text)[0]


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Run the job; with --training for the dates that a training as of --as-of reads."""
    if arguments.training:
        # Only here: settings load half a second of libraries.
        from basketry.domains.propensity.dates import split_dates
        from basketry.domains.propensity.settings import load_settings

        dates = split_dates(arguments.as_of, load_settings(lake.settings.include))
        arguments.dates = dates.all
        arguments.categories_as_of = arguments.categories_as_of or dates.test  # the newest day that no test label knows
    return job.run(lake, arguments)


parser = job_parser("features", __doc__, dated=True, locks=("features",))
dates = parser.add_mutually_exclusive_group()
dates.add_argument("--days", type=int, default=1, help="so many days, the last of them --as-of")
dates.add_argument("--dates", type=parse_days, help="these days instead, YYYY-MM-DD with commas between")
dates.add_argument(
    "--training", action="store_true", help="the days that a training as of --as-of reads, if known by then"
)
parser.add_argument("--only-missing", action="store_true", help="leave out days whose features are stored")
parser.add_argument("--choose-categories", action="store_true", help="choose anew which categories are scored")
parser.add_argument(
    "--categories-as-of",
    type=parse_day,
    help="last day that the choice looks at; default: the first of the days, or the test date of --training",
)

if __name__ == "__main__":
    job_main(parser, run)
