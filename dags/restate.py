"""Order lines that came late or were corrected: exactly the days that saw them otherwise are made again.

Daily at 09:45 UTC, before the day's scores. First features, whose scores are stale from then on; then segments, forecasts,
decisions, scores and what came true of them, each by the version of the model that made it. Sales heal by themselves.

What to do when it fails: [runbook](docs/runbooks/restate.md).
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable

from basketry.jobs.features import RESTATE_FEATURES
from basketry.jobs.maintenance import RESTATE_RESULTS
from basketry_airflow.as_of import AS_OF
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.forms import dated_form
from basketry_airflow.script_arguments import CATALOG
from basketry_airflow.spark_job import spark_job

DAILY_0945 = CronTriggerTimetable("45 9 * * *", timezone="UTC")

with DAG(
    "restate",
    schedule=DAILY_0945,
    params=dated_form(),
    **dag_defaults(
        tier=2, owner="data-science", runbook="docs/runbooks/restate.md", doc=__doc__, topics=("propensity", "daily")
    ),
):
    features = spark_job(RESTATE_FEATURES)(catalog=CATALOG, as_of=AS_OF)
    features >> spark_job(RESTATE_RESULTS)(catalog=CATALOG, as_of=AS_OF)
