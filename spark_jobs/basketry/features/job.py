"""The job: features of one day, of many, or of those that are missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from basketry.errors import BadInputError
from basketry.features.compute import FeatureRequest, FeatureResult, compute_features, input_versions
from basketry.jobs.features import FeaturesArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport


def run(lake: Lakehouse, arguments: FeaturesArguments) -> JobReport:
    """Compute the features of --days days up to --as-of, or of --dates."""
    versions = input_versions(lake)
    result = compute_features(lake, _request(arguments), versions)
    return JobReport(
        rows_in=result.rows_in,
        rows_out=result.rows_out,
        summary=tuple(_summary(result)),
        as_of=arguments.as_of,
        input_versions=versions,
        details={"dates": [day.isoformat() for day in result.dates], "chosen": list(result.selected)},
        dry_run=arguments.dry_run,
    )


def _request(arguments: FeaturesArguments) -> FeatureRequest:
    """Return the arguments as a request.

    Raises:
        BadInputError: A number of days or a date cannot be.
    """
    last = arguments.as_of
    if arguments.days < 1:
        raise BadInputError(f"--days is {arguments.days}; make it at least 1.")
    listed, selected_as_of = arguments.dates or (), arguments.categories_as_of
    for option, day in (("--dates has", max(listed, default=last)), ("--categories-as-of is", selected_as_of or last)):
        if day > last:
            raise BadInputError(f"{option} {day}, which is after --as-of {last}: no job looks past that day.")
    dates = listed or tuple(last - timedelta(days=back) for back in range(arguments.days))
    return FeatureRequest(
        dates=tuple(sorted(set(dates))),
        may_skip=arguments.training or arguments.days > 1,
        only_missing=arguments.only_missing,
        select_categories=arguments.choose_categories,
        selected_as_of=selected_as_of,
        dry_run=arguments.dry_run,
        run_id=arguments.run_id,
    )


def _summary(result: FeatureResult) -> Iterator[str]:
    if result.skipped:
        yield f"{len(result.skipped)} dates before the first sale are left out"
    if result.selected:
        yield f"categories to score: {', '.join(result.selected)}"
    if not result.dates:
        yield "the features of every date are stored: nothing to do"
    elif len(result.dates) == 1:
        yield f"features as of {result.dates[0]}"
    else:
        yield f"features as of {result.dates[-1]}, {len(result.dates)} dates from {result.dates[0]}"
