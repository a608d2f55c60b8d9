"""Run the job `rfm`, which basketry.jobs.rfm declares."""

from __future__ import annotations

from basketry.jobs.rfm import RFM
from basketry.lake.runner import job_main

if __name__ == "__main__":
    job_main(RFM)
