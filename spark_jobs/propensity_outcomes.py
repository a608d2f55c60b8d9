"""Run the job `propensity_outcomes`, which basketry.jobs.propensity declares."""

from __future__ import annotations

from basketry.jobs.propensity import PROPENSITY_OUTCOMES
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(PROPENSITY_OUTCOMES)
