"""Run the job `replay_quarantine`, which basketry.jobs.ingest declares."""

from __future__ import annotations

from basketry.jobs.ingest import REPLAY_QUARANTINE
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(REPLAY_QUARANTINE)
