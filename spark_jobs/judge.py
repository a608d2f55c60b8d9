"""Run the job `judge`, which basketry.jobs.promotion declares."""

from __future__ import annotations

from basketry.jobs.promotion import JUDGE
from basketry.warehouse.plain_job import plain_job_main

if __name__ == "__main__":
    plain_job_main(JUDGE)
