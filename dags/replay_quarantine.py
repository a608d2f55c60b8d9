"""Judge a feed's quarantined rows again by today's contract; those that now pass reach silver and leave quarantine.

Started by hand, after a contract was corrected. Rows that still break a rule stay, with today's reasons.

What to do when it fails: [runbook](docs/runbooks/replay_quarantine.md).
"""

from __future__ import annotations

from airflow.sdk import DAG

from basketry.jobs.ingest import REPLAY_QUARANTINE
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.forms import replay_form
from basketry_airflow.script_arguments import CATALOG, form_value
from basketry_airflow.spark_job import spark_job

with DAG(
    "replay_quarantine",
    schedule=None,
    params=replay_form(),
    **dag_defaults(
        tier=3,
        owner="data-engineering",
        runbook="docs/runbooks/replay_quarantine.md",
        doc=__doc__,
        topics=("ingest", "manual"),
    ),
):
    spark_job(REPLAY_QUARANTINE)(
        catalog=CATALOG,
        feed=form_value("feed", str),
        release=form_value("release", bool),
        dry_run=form_value("dry_run", bool),
    )
