"""A challenger every week; it replaces the champion only when it passes the gate.

Mondays at 11:30 UTC, after Sunday's scores. Trains on features of earlier days, compares challenger and champion on the
same later days, and asks a person where the numbers alone do not decide.

What to do when it fails: [runbook](docs/runbooks/weekly_retraining.md).
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from basketry.jobs.features import FEATURES
from basketry.jobs.forecast import TRAIN_FORECAST
from basketry.jobs.propensity import TRAIN_PROPENSITY
from basketry.jobs.rfm import RFM
from basketry.registry.models import FORECAST_MODEL, PROPENSITY_MODEL, RFM_MODEL
from basketry_airflow.as_of import AS_OF
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.forms import dated_form
from basketry_airflow.gate import gate
from basketry_airflow.script_arguments import CATALOG
from basketry_airflow.spark_job import spark_job

MONDAY_1130 = CronTriggerTimetable("30 11 * * MON", timezone="UTC")

with DAG(
    "weekly_retraining",
    schedule=MONDAY_1130,
    params=dated_form(),
    **dag_defaults(
        tier=2,
        owner="data-science",
        runbook="docs/runbooks/weekly_retraining.md",
        doc=__doc__,
        topics=("propensity", "segments", "forecast", "weekly"),
        run_limit=timedelta(days=4),  # a person may be asked
    ),
):
    features = spark_job(FEATURES)(
        catalog=CATALOG, as_of=AS_OF, training=True, only_missing=True, choose_categories=True
    )
    features >> spark_job(TRAIN_PROPENSITY)(catalog=CATALOG, as_of=AS_OF) >> gate(PROPENSITY_MODEL)
    fit_rfm = spark_job(RFM, task_id="fit_rfm")(catalog=CATALOG, as_of=AS_OF, fit=True)
    fit_rfm >> gate(RFM_MODEL, group_id="rfm_gate")
    train_forecast = spark_job(TRAIN_FORECAST)(catalog=CATALOG, as_of=AS_OF)
    train_forecast >> gate(FORECAST_MODEL, group_id="forecast_gate")
