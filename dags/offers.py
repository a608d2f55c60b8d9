"""The shoppers' events of the last minutes: offers decided, responses learned from, how offers perform brought up to date.

Every five minutes: what is waiting is decided and the run ends. Nothing waits, nothing is written. A run that was killed
leaves nothing half done that shows: the next one goes on where it stood, and no event is decided twice. On Databricks a job
of the bundle decides without a pause, and this DAG starts nothing: it tells how far behind that job is.

What to do when it fails: [runbook](docs/runbooks/offers.md).
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.forms import catalog_form
from basketry_airflow.offers_stream import offers_stream

EVERY_FIVE_MINUTES = CronTriggerTimetable("*/5 * * * *", timezone="UTC")

with DAG(
    "offers",
    schedule=EVERY_FIVE_MINUTES,
    params=catalog_form(),
    **dag_defaults(
        tier=1,
        owner="marketing",
        runbook="docs/runbooks/offers.md",
        doc=__doc__,
        topics=("offers", "stream"),
        task_limit=timedelta(hours=1),  # a backlog of a million events is drained in less
        run_limit=timedelta(hours=2),
    ),
):
    offers_stream()
