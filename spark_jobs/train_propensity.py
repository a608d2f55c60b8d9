"""Trains, tests and registers a challenger of the model that says who will buy which category in the next 30 days."""

from __future__ import annotations

from basketry.domains.propensity.train import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("train_propensity", __doc__, dated=True)

if __name__ == "__main__":
    job_main(parser, run)
