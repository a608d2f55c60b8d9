"""Run the job `train_propensity`, which basketry.jobs.propensity declares."""

from __future__ import annotations

from basketry.jobs.propensity import TRAIN_PROPENSITY
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(TRAIN_PROPENSITY)
