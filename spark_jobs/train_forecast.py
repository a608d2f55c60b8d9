"""Run the job `train_forecast`, which basketry.jobs.forecast declares."""

from __future__ import annotations

from basketry.jobs.forecast import TRAIN_FORECAST
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(TRAIN_FORECAST)
