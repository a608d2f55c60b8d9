"""The jobs that compute features of customers and categories."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from basketry.errors import BadInputError
from basketry.jobs.declare import Argument, DatedArguments, Job


def parse_days(text: str) -> tuple[date, ...]:
    """Parse days separated by commas; anything else is a BadInputError."""
    try:
        return tuple(date.fromisoformat(part.strip()) for part in text.split(","))
    except ValueError:
        raise BadInputError(f"'{text}' are no days; write them as YYYY-MM-DD, with commas between.") from None


def parse_day(text: str) -> date:
    """Parse one day; anything else is a BadInputError."""
    return parse_days(text)[0]


@dataclass(frozen=True, kw_only=True)
class FeaturesArguments(DatedArguments):
    """The arguments of the job that computes features."""

    days: Annotated[int, Argument(help="so many days, the last of them --as-of", one_of="dates")] = 1
    dates: Annotated[
        tuple[date, ...] | None,
        Argument(help="these days instead, YYYY-MM-DD with commas between", parse=parse_days, one_of="dates"),
    ] = None
    training: Annotated[
        bool, Argument(help="the days that a training as of --as-of reads, if known by then", one_of="dates")
    ] = False
    only_missing: Annotated[bool, Argument(help="leave out days whose features are stored")] = False
    choose_categories: Annotated[bool, Argument(help="choose anew which categories are scored")] = False
    categories_as_of: Annotated[
        date | None,
        Argument(
            help="last day that the choice looks at; default: the first of the days, or the test date of --training",
            parse=parse_day,
        ),
    ] = None


FEATURES = Job(
    name="features",
    description="Computes the features of customers, categories and pairs of both, as of one day or many.",
    arguments=FeaturesArguments,
    entry="basketry.domains.propensity.feature_dates:run",
    locks=("features",),
)

RESTATE_FEATURES = Job(
    name="restate_features",
    description="Computes the features again of exactly those stored days that late or corrected order lines touch.",
    arguments=DatedArguments,
    entry="basketry.features.restate:run",
    locks=("features",),
)
