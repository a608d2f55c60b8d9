"""The job: features of one day, of many, or of those that are missing."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import timedelta

from basketry.errors import BadInputError
from basketry.features.compute import Order, Outcome, compute, input_versions
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Features of --days days up to --as-of, or of --dates."""
    found = input_versions(lake)
    outcome = compute(lake, _order(arguments), found)
    return JobReport(
        outcome.rows_in,
        outcome.rows_out,
        tuple(_summary(outcome)),
        as_of=arguments.as_of,
        input_versions=found,
        details={"dates": [day.isoformat() for day in outcome.dates], "chosen": list(outcome.chosen)},
        dry_run=arguments.dry_run,
    )


def _order(arguments: argparse.Namespace) -> Order:
    """The arguments as an order; BadInputError for a number of days or a date that cannot be."""
    last = arguments.as_of
    if arguments.days < 1:
        raise BadInputError(f"--days is {arguments.days}; make it at least 1.")
    named, chosen = arguments.dates or (), arguments.categories_as_of
    for option, day in (("--dates has", max(named, default=last)), ("--categories-as-of is", chosen or last)):
        if day > last:
            raise BadInputError(f"{option} {day}, which is after --as-of {last}: no job looks past that day.")
    dates = named or tuple(last - timedelta(days=back) for back in range(arguments.days))
    return Order(
        dates=tuple(sorted(set(dates))),
        may_skip=arguments.training or arguments.days > 1,
        only_missing=arguments.only_missing,
        choose=arguments.choose_categories,
        chosen_as_of=chosen,
        dry_run=arguments.dry_run,
        run_id=arguments.run_id,
    )


def _summary(outcome: Outcome) -> Iterator[str]:
    if outcome.skipped:
        yield f"{len(outcome.skipped)} dates before the first sale are left out"
    if outcome.chosen:
        yield f"categories to score: {', '.join(outcome.chosen)}"
    if not outcome.dates:
        yield "the features of every date are stored: nothing to do"
    else:
        more = f", {len(outcome.dates)} dates from {outcome.dates[0]}" if len(outcome.dates) > 1 else ""
        yield f"features as of {outcome.dates[-1]}{more}"
