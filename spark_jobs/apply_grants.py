"""Run the job `apply_grants`, which basketry.jobs.privacy declares."""

from __future__ import annotations

from basketry.jobs.privacy import APPLY_GRANTS
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(APPLY_GRANTS)
