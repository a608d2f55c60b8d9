"""Judges the propensity scores of 30 days before the as-of date by what customers bought since."""

from __future__ import annotations

from basketry.domains.propensity.outcomes import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("propensity_outcomes", __doc__, dated=True)

if __name__ == "__main__":
    job_main(parser, run)
