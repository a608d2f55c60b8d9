"""Run the job `restate_results`, which basketry.jobs.maintenance declares."""

from __future__ import annotations

from basketry.jobs.maintenance import RESTATE_RESULTS
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(RESTATE_RESULTS)
