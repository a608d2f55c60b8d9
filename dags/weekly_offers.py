"""What offers are chosen from and by: recommendations and popular products made anew, and a policy that its gate may let decide.

Mondays at 13:00 UTC, after the week's other models. A policy goes live only where its decisions, estimated from what was
logged, are surely better than those of the one that decides now.

What to do when it fails: [runbook](docs/runbooks/weekly_offers.md).
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from basketry.jobs.offers import RECOMMEND, TRAIN_OFFER_POLICY, TRAIN_RECOMMENDATIONS
from basketry.registry.models import OFFER_POLICY_MODEL, RECOMMENDATIONS_MODEL
from basketry_airflow.as_of import AS_OF
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.forms import dated_form
from basketry_airflow.gate import gate
from basketry_airflow.script_arguments import CATALOG
from basketry_airflow.spark_job import spark_job

MONDAY_1300 = CronTriggerTimetable("0 13 * * MON", timezone="UTC")

with DAG(
    "weekly_offers",
    schedule=MONDAY_1300,
    params=dated_form(),
    **dag_defaults(
        tier=2,
        owner="marketing",
        runbook="docs/runbooks/weekly_offers.md",
        doc=__doc__,
        topics=("offers", "weekly"),
        run_limit=timedelta(days=4),  # a person may be asked
    ),
):
    recommend = spark_job(RECOMMEND)(catalog=CATALOG, as_of=AS_OF)
    train_recommendations = spark_job(TRAIN_RECOMMENDATIONS)(catalog=CATALOG, as_of=AS_OF)
    train_recommendations >> gate(RECOMMENDATIONS_MODEL, group_id="recommendations_gate") >> recommend
    train_offer_policy = spark_job(TRAIN_OFFER_POLICY)(catalog=CATALOG, as_of=AS_OF)
    train_offer_policy >> gate(OFFER_POLICY_MODEL, group_id="offer_policy_gate")
