"""Jobs in this process's Spark session: starting Spark for each would prove nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from basketry.jobs import all_jobs
from basketry.jobs.command_line import parse_arguments

if TYPE_CHECKING:
    from basketry.lake.lakehouse import Lakehouse
    from basketry.lake.report import JobReport


def run_script(lake: Lakehouse, name: str, arguments: Sequence[str]) -> JobReport:
    """What spark-submit would do with this script of spark_jobs/ and these arguments, its line in ops.job_runs included."""
    from basketry.lake.runner import job_function, run_job

    job = all_jobs()[name]
    return run_job(lake, name, parse_arguments(job, arguments), job_function(job))
