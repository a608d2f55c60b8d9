"""Run the job `sales`, which basketry.jobs.sales declares."""

from __future__ import annotations

from basketry.jobs.sales import SALES
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(SALES)
