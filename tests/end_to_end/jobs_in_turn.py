"""Runs jobs of the library one after another in this process, as a job of a workspace: starting each would prove nothing more.

The only argument is a JSON list of command lines, each a list of the job's name and its arguments.
"""

from __future__ import annotations

import json
import sys

from basketry.jobs import all_jobs
from basketry.lake.runner import job_main
from basketry.warehouse.plain_job import plain_job_main

for name, *arguments in json.loads(sys.argv[1]):
    sys.argv = [f"{name}.py", *arguments]
    job = all_jobs()[name]
    (job_main if job.needs_spark else plain_job_main)(job)
