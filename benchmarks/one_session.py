"""Runs jobs in turn in one Spark session, where only what they leave behind matters: spares each its own start.

spark-submit one_session.py '[["features", "--catalog=demo", …], …]'
"""

from __future__ import annotations

import json
import sys
import time

from basketry.jobs import all_jobs
from basketry.lake.runner import job_main
from basketry.warehouse.plain_job import plain_job_main


def main(commands: list[list[str]]) -> None:
    """Run each; the first that fails ends it all with its exit code."""
    for name, *arguments in commands:
        sys.argv = [name, *arguments]
        start = time.monotonic()
        job = all_jobs()[name]
        (job_main if job.needs_spark else plain_job_main)(job)
        print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
