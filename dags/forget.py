"""Forget customers on request: their personal data leaves every table and every exported file, for good.

Started by hand, with the number of a request whose file says who they are (make forget writes it). Sums and scores stay;
the audit line names nobody. It cannot be undone: a dry run first says what it would touch, and anything else waits until a
second person approves, whom include/grants names.

What to do when it fails: [runbook](docs/runbooks/forget.md).
"""

from __future__ import annotations

from airflow.sdk import DAG

from basketry.jobs.privacy import FORGET
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.privacy_forms import forget_form, forgets
from basketry_airflow.script_arguments import CATALOG, form_value
from basketry_airflow.second_person import RUN_LIMIT, must_be_approved, second_person
from basketry_airflow.spark_job import spark_job

with DAG(
    "forget",
    schedule=None,
    params=forget_form(),
    **dag_defaults(
        tier=2,
        owner="data-protection",
        runbook="docs/runbooks/forget.md",
        doc=__doc__,
        topics=("privacy", "manual"),
        run_limit=RUN_LIMIT,
    ),
):
    question = second_person(
        "Forget customers of {{ params.catalog }} for good, on request {{ params.request_id }}?",
        "{{ dag_run.triggering_user_name }} started it. Nothing brings their personal data back: look at the request first.",
        forgets,
    )
    forget = spark_job(FORGET, before=must_be_approved(forgets))(
        catalog=CATALOG,
        request_id=form_value("request_id", str),
        dry_run=form_value("dry_run", bool),
        decided_by="{{ dag_run.triggering_user_name or 'unknown' }}",
        requested_at="{{ dag_run.start_date.isoformat() }}",
    )
    question >> forget
