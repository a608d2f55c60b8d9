"""Keep tables quick to read: compact small files, delete files that no kept version needs, refresh statistics.

Sundays at 06:00 UTC, when nothing else is scheduled. It changes no row; readers and writers may go on meanwhile.

What to do when it fails: [runbook](docs/runbooks/maintenance.md).
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable

from basketry.jobs.maintenance import MAINTENANCE
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.forms import maintenance_form
from basketry_airflow.script_arguments import CATALOG, form_value
from basketry_airflow.spark_job import spark_job

SUNDAYS_0600 = CronTriggerTimetable("0 6 * * SUN", timezone="UTC")

with DAG(
    "maintenance",
    schedule=SUNDAYS_0600,
    params=maintenance_form(),
    **dag_defaults(
        tier=3,
        owner="data-engineering",
        runbook="docs/runbooks/maintenance.md",
        doc=__doc__,
        topics=("tables", "weekly"),
    ),
):
    spark_job(MAINTENANCE)(catalog=CATALOG, dry_run=form_value("dry_run", bool))
