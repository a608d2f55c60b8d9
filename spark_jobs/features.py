"""Run the job `features`, which basketry.jobs.features declares."""

from __future__ import annotations

from basketry.jobs.features import FEATURES
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(FEATURES)
