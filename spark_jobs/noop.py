"""Run the job `noop`, which basketry.jobs.maintenance declares."""

from __future__ import annotations

from basketry.jobs.maintenance import NOOP
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(NOOP)
