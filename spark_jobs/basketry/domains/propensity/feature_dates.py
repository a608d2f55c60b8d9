"""The job of features: of one day, of many, or with --training of the days that a training of propensity reads."""

from __future__ import annotations

from dataclasses import replace

from basketry.features import job
from basketry.jobs.features import FeaturesArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport


def run(lake: Lakehouse, arguments: FeaturesArguments) -> JobReport:
    """Run the job; with --training for the dates that a training as of --as-of reads."""
    if arguments.training:
        # Only here: settings load half a second of libraries.
        from basketry.domains.propensity.dates import split_dates
        from basketry.domains.propensity.settings import load_settings

        dates = split_dates(arguments.as_of, load_settings(lake.settings.include))
        # By default the newest day that no test label knows.
        categories_as_of = arguments.categories_as_of or dates.test
        arguments = replace(arguments, dates=dates.all, categories_as_of=categories_as_of)
    return job.run(lake, arguments)
