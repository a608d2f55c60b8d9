"""Who may be called and mailed this week, what they buy and which cluster they are in; then the files for the dialler.

Mondays at 12:00 UTC, for the seven days that follow the last complete one. Running a date again replaces that date; a customer
is handed over once a calendar week whatever is run. No call is made here.

What to do when it fails: [runbook](docs/runbooks/weekly_marketing.md).
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable

from basketry.jobs.marketing import AUDIENCE, EXPORT_AUDIENCE
from basketry_airflow.as_of import AS_OF
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.forms import dated_form
from basketry_airflow.script_arguments import CATALOG
from basketry_airflow.spark_job import spark_job

MONDAY_1200 = CronTriggerTimetable("0 12 * * MON", timezone="UTC")

with DAG(
    "weekly_marketing",
    schedule=MONDAY_1200,
    params=dated_form(),
    **dag_defaults(
        tier=2,
        owner="marketing",
        runbook="docs/runbooks/weekly_marketing.md",
        doc=__doc__,
        topics=("marketing", "weekly"),
    ),
):
    audience = spark_job(AUDIENCE)(catalog=CATALOG, as_of=AS_OF)
    audience >> spark_job(EXPORT_AUDIENCE)(catalog=CATALOG, as_of=AS_OF)
