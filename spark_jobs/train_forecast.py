"""Trains, tests and registers a challenger of the model that forecasts the revenue of every product."""

from __future__ import annotations

from basketry.domains.forecast.train import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("train_forecast", __doc__, dated=True)

if __name__ == "__main__":
    job_main(parser, run)
