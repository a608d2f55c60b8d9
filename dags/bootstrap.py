"""From an empty gold schema to first scores, segments and decisions: features, first models, their gates, and a day of each.

Started by hand, once for a new catalog; starting it again repeats the same days. A gate that refuses a first model is an
outcome like any other: what that model would have scored is skipped, with the reason, and the run is a success.

What to do when it fails: [runbook](docs/runbooks/bootstrap.md).
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from basketry_airflow.as_of import AS_OF
from basketry_airflow.champions import skip_if_refused
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.forms import dated_form
from basketry_airflow.gate import gate
from basketry_airflow.spark_job import spark_job

with DAG(
    "bootstrap",
    schedule=None,
    params=dated_form(),
    **dag_defaults(
        tier=3,
        owner="data-science",
        runbook="docs/runbooks/bootstrap.md",
        doc=__doc__,
        topics=("propensity", "segments", "forecast", "manual"),
        run_limit=timedelta(days=4),  # a person may be asked
    ),
):
    backlog = spark_job(
        "features", task_id="feature_backlog", as_of=AS_OF, training=True, only_missing=True, choose_categories=True
    )
    today = spark_job("features", as_of=AS_OF)
    scores = spark_job("score_propensity", as_of=AS_OF, before=skip_if_refused("propensity"))
    segments = spark_job("rfm", as_of=AS_OF, before=skip_if_refused("rfm"))
    spark_job("rfm", task_id="fit_rfm", as_of=AS_OF, fit=True) >> gate("rfm", group_id="rfm_gate") >> segments
    backlog >> today >> spark_job("train_propensity", as_of=AS_OF) >> gate("propensity") >> scores
    forecast_gate = gate("forecast", group_id="forecast_gate")
    forecasts = spark_job("forecast", as_of=AS_OF, before=skip_if_refused("forecast"))
    spark_job("train_forecast", as_of=AS_OF) >> forecast_gate >> forecasts >> spark_job("decide_products", as_of=AS_OF)
