"""How a job starts and ends that needs no Spark: the same command line and exit codes as one that does."""

from __future__ import annotations

import os
from pkgutil import resolve_name

from basketry.config.exit_codes import exits_by_code
from basketry.config.quiet import quiet_libraries
from basketry.jobs import Job
from basketry.jobs.command_line import check_edition, job_settings, parse_arguments
from basketry.jobs.declare import A, P
from basketry.warehouse import open_rows
from basketry.warehouse.job_runs import send_failure

WAREHOUSE_ID = "BASKETRY_WAREHOUSE_ID"
"""The environment variable that holds the id of the SQL warehouse, on Databricks."""


def plain_job_main(job: Job[P, A]) -> None:
    """Run a job from the command line; on Databricks with the login of the SDK's own settings."""
    quiet_libraries()
    with exits_by_code():
        arguments = parse_arguments(job)
        check_edition(arguments.edition)
        settings = job_settings(arguments)
        rows = open_rows(arguments.catalog, settings, warehouse_id=os.environ.get(WAREHOUSE_ID))
        try:
            resolve_name(job.entry)(rows, arguments)
        except Exception as error:
            send_failure(settings, job.name, arguments, error)
            raise
