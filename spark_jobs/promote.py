"""Run the job `promote`, which basketry.jobs.promotion declares."""

from __future__ import annotations

from basketry.jobs.promotion import PROMOTE
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(PROMOTE)
