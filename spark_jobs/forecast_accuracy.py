"""Judges the forecasts of 7, 28 and 91 days before the as-of date by what was sold since."""

from __future__ import annotations

from basketry.domains.forecast.accuracy import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("forecast_accuracy", __doc__, dated=True)

if __name__ == "__main__":
    job_main(parser, run)
