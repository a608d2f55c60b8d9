"""Run the job `offers`, which basketry.jobs.offers declares."""

from __future__ import annotations

from basketry.jobs.offers import OFFERS
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(OFFERS)
