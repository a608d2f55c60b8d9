"""Learns a policy that chooses offers from logged decisions, judges it off-policy, and registers it as challenger."""

from __future__ import annotations

from basketry.domains.offers.train import run
from basketry.lake.runner import job_main, job_parser

parser = job_parser("train_offer_policy", __doc__, dated=True)

if __name__ == "__main__":
    job_main(parser, run)
