"""Run the job `train_recommendations`, which basketry.jobs.offers declares."""

from __future__ import annotations

from basketry.jobs.offers import TRAIN_RECOMMENDATIONS
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(TRAIN_RECOMMENDATIONS)
