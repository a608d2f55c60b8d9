"""Run the job `score_propensity`, which basketry.jobs.propensity declares."""

from __future__ import annotations

from basketry.jobs.propensity import SCORE_PROPENSITY
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(SCORE_PROPENSITY)
