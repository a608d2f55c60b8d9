"""Run the job `forget`, which basketry.jobs.privacy declares."""

from __future__ import annotations

from basketry.jobs.privacy import FORGET
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(FORGET)
