"""Run the job `export_audience`, which basketry.jobs.marketing declares."""

from __future__ import annotations

from basketry.jobs.marketing import EXPORT_AUDIENCE
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(EXPORT_AUDIENCE)
