"""Computes the features again of exactly those stored days that late or corrected order lines touch."""

from __future__ import annotations

from basketry.features.restate import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("restate_features", __doc__, dated=True, locks=("features",))

if __name__ == "__main__":
    job_main(parser, run)
