"""From an empty gold schema to first scores, segments and decisions: features, first models, their gates, and a day of each.

Started by hand, once for a new catalog; starting it again repeats the same days. A gate that refuses a first model is an
outcome like any other: what that model would have scored is skipped, with the reason, and the run is a success.

What to do when it fails: [runbook](docs/runbooks/bootstrap.md).
"""

from __future__ import annotations

from datetime import date, timedelta

from airflow.sdk import DAG

from basketry.jobs.features import FEATURES
from basketry.jobs.forecast import DECIDE_PRODUCTS, FORECAST, TRAIN_FORECAST
from basketry.jobs.propensity import SCORE_PROPENSITY, TRAIN_PROPENSITY
from basketry.jobs.rfm import RFM
from basketry.registry.models import FORECAST_MODEL, PROPENSITY_MODEL, RFM_MODEL
from basketry_airflow.as_of import AS_OF
from basketry_airflow.champions import skip_if_refused
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.forms import dated_form
from basketry_airflow.gate import gate
from basketry_airflow.script_arguments import CATALOG, template
from basketry_airflow.spark_job import spark_job

FOUR_WEEKS_BEFORE = template("{{ macros.ds_add(as_of(params, dag_run), -28) }}", date)
"""An earlier day of segments, so that the first day can tell already who moved."""

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
    backlog = spark_job(FEATURES, task_id="feature_backlog")(
        catalog=CATALOG, as_of=AS_OF, training=True, only_missing=True, choose_categories=True
    )
    today = spark_job(FEATURES)(catalog=CATALOG, as_of=AS_OF)
    scores = spark_job(SCORE_PROPENSITY, before=skip_if_refused(PROPENSITY_MODEL))(catalog=CATALOG, as_of=AS_OF)
    segments = spark_job(RFM, before=skip_if_refused(RFM_MODEL))(catalog=CATALOG, as_of=AS_OF)
    fit_rfm = spark_job(RFM, task_id="fit_rfm")(catalog=CATALOG, as_of=AS_OF, fit=True)
    segments_before = spark_job(RFM, task_id="rfm_four_weeks_before", before=skip_if_refused(RFM_MODEL))(
        catalog=CATALOG, as_of=FOUR_WEEKS_BEFORE
    )
    fit_rfm >> gate(RFM_MODEL, group_id="rfm_gate") >> segments_before >> segments
    train_propensity = spark_job(TRAIN_PROPENSITY)(catalog=CATALOG, as_of=AS_OF)
    backlog >> today >> train_propensity >> gate(PROPENSITY_MODEL) >> scores
    forecast_gate = gate(FORECAST_MODEL, group_id="forecast_gate")
    forecasts = spark_job(FORECAST, before=skip_if_refused(FORECAST_MODEL))(catalog=CATALOG, as_of=AS_OF)
    train_forecast = spark_job(TRAIN_FORECAST)(catalog=CATALOG, as_of=AS_OF)
    train_forecast >> forecast_gate >> forecasts >> spark_job(DECIDE_PRODUCTS)(catalog=CATALOG, as_of=AS_OF)
