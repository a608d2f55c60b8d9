"""Run the job `forecast_accuracy`, which basketry.jobs.forecast declares."""

from __future__ import annotations

from basketry.jobs.forecast import FORECAST_ACCURACY
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(FORECAST_ACCURACY)
