"""Who will buy what in the next 30 days, and what every product will earn: scores, forecasts, decisions, segments.

First the features, beside the scores their outcomes, and beside each customer's segment who moved.

Daily at 10:15 UTC. A backfill of any range, in any order, gives what daily runs would have given; it scores with the
champion of today, or with the one that was champion on each day. While the gate has refused every version of a model there
is none to score with: the task is skipped, with the reason.

What to do when it fails: [runbook](docs/runbooks/daily_scoring.md).
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable

from basketry.jobs.features import FEATURES
from basketry.jobs.forecast import DECIDE_PRODUCTS, FORECAST, FORECAST_ACCURACY
from basketry.jobs.propensity import PROPENSITY_OUTCOMES, SCORE_PROPENSITY
from basketry.jobs.rfm import RFM
from basketry.registry.models import FORECAST_MODEL, PROPENSITY_MODEL, RFM_MODEL
from basketry_airflow.as_of import AS_OF
from basketry_airflow.champions import skip_if_refused
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.forms import scoring_form
from basketry_airflow.script_arguments import CATALOG, form_value
from basketry_airflow.spark_job import spark_job

# A version is of propensity.
CHAMPION_OR_AS_THEN = "{{ params.model if params.model == 'as-then' else 'champion' }}"
DAILY_1015 = CronTriggerTimetable("15 10 * * *", timezone="UTC")

with DAG(
    "daily_scoring",
    schedule=DAILY_1015,
    params=scoring_form(),
    **dag_defaults(
        tier=1,
        owner="data-science",
        runbook="docs/runbooks/daily_scoring.md",
        doc=__doc__,
        topics=("propensity", "segments", "forecast", "daily"),
        runs_at_once=3,  # every table of it is written a day at a time
    ),
):
    features = spark_job(FEATURES)(catalog=CATALOG, as_of=AS_OF)
    features >> spark_job(SCORE_PROPENSITY, before=skip_if_refused(PROPENSITY_MODEL, named_by="model"))(
        catalog=CATALOG, as_of=AS_OF, model=form_value("model", str)
    )
    spark_job(PROPENSITY_OUTCOMES)(catalog=CATALOG, as_of=AS_OF)
    spark_job(RFM, before=skip_if_refused(RFM_MODEL))(catalog=CATALOG, as_of=AS_OF, model=CHAMPION_OR_AS_THEN)
    forecasts = spark_job(FORECAST, before=skip_if_refused(FORECAST_MODEL))(
        catalog=CATALOG, as_of=AS_OF, model=CHAMPION_OR_AS_THEN
    )
    forecasts >> spark_job(DECIDE_PRODUCTS)(catalog=CATALOG, as_of=AS_OF)
    spark_job(FORECAST_ACCURACY)(catalog=CATALOG, as_of=AS_OF)
