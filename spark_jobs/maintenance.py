"""Run the job `maintenance`, which basketry.jobs.maintenance declares."""

from __future__ import annotations

from basketry.jobs.maintenance import MAINTENANCE
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(MAINTENANCE)
