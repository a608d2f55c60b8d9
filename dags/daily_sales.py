"""Sales by product, category and department per day, week, month and year, up to the last complete business day.

Daily at 09:30 UTC, when New York's day is over. Only the periods touched since the last run are
rewritten; running a date again, or a backfill of any range, ends in the same tables.

What to do when it fails: [runbook](docs/runbooks/daily_sales.md).
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable

from basketry.jobs.sales import SALES
from basketry_airflow.as_of import AS_OF
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.forms import dated_form
from basketry_airflow.script_arguments import CATALOG
from basketry_airflow.spark_job import spark_job

DAILY_0930 = CronTriggerTimetable("30 9 * * *", timezone="UTC")

with DAG(
    "daily_sales",
    schedule=DAILY_0930,
    params=dated_form(),
    **dag_defaults(
        tier=2, owner="sales-analytics", runbook="docs/runbooks/daily_sales.md", doc=__doc__, topics=("sales", "daily")
    ),
):
    spark_job(SALES)(catalog=CATALOG, as_of=AS_OF)
