"""Decides what to do about every product that is forecast as of a day, by the rules of include/decisions.yaml."""

from __future__ import annotations

from basketry.domains.decisions.job import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("decide_products", __doc__, dated=True)

if __name__ == "__main__":
    job_main(parser, run)
