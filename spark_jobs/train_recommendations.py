"""Learns which products to recommend to whom, tests that on the newest purchases, and registers it as challenger."""

from __future__ import annotations

from basketry.domains.offers.train_recommender import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("train_recommendations", __doc__, dated=True)

if __name__ == "__main__":
    job_main(parser, run)
