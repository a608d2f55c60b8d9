"""Run the job `train_offer_policy`, which basketry.jobs.offers declares."""

from __future__ import annotations

from basketry.jobs.offers import TRAIN_OFFER_POLICY
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(TRAIN_OFFER_POLICY)
