"""Run the job `restate_features`, which basketry.jobs.features declares."""

from __future__ import annotations

from basketry.jobs.features import RESTATE_FEATURES
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(RESTATE_FEATURES)
