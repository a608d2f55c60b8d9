"""Run the job `audience`, which basketry.jobs.marketing declares."""

from __future__ import annotations

from basketry.jobs.marketing import AUDIENCE
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(AUDIENCE)
