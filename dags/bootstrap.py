"""From an empty gold schema to first scores and segments: features for the training dates, first models, their gates.

Started by hand, once for a new catalog; starting it again repeats the same days.

What to do when it fails: [runbook](docs/runbooks/bootstrap.md).
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from basketry_airflow.as_of import AS_OF
from basketry_airflow.forms import dated_form
from basketry_airflow.gate import gate
from basketry_airflow.manners import on_call
from basketry_airflow.spark_job import spark_job

with DAG(
    "bootstrap",
    schedule=None,
    params=dated_form(),
    **on_call(
        tier=3,
        owner="data-science",
        runbook="docs/runbooks/bootstrap.md",
        doc=__doc__,
        topics=("propensity", "segments", "manual"),
        run_limit=timedelta(days=4),  # a person may be asked
    ),
):
    backlog = spark_job(
        "features", task_id="feature_backlog", as_of=AS_OF, training=True, only_missing=True, choose_categories=True
    )
    today = spark_job("features", as_of=AS_OF)
    scores = spark_job("score_propensity", as_of=AS_OF)
    segments = spark_job("rfm", as_of=AS_OF)
    spark_job("rfm", task_id="fit_rfm", as_of=AS_OF, fit=True) >> gate("rfm", group_id="rfm_gate") >> segments
    backlog >> today >> spark_job("train_propensity", as_of=AS_OF) >> gate("propensity") >> scores
