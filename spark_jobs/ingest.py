"""Run the job `ingest`, which basketry.jobs.ingest declares."""

from __future__ import annotations

from basketry.jobs.ingest import INGEST
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(INGEST)
