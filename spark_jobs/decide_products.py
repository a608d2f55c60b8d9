"""Run the job `decide_products`, which basketry.jobs.forecast declares."""

from __future__ import annotations

from basketry.jobs.forecast import DECIDE_PRODUCTS
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(DECIDE_PRODUCTS)
