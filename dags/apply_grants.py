"""Make Unity Catalog's permissions what include/grants says: first the plan, with what was granted by hand, then the change.

Started by hand. Without the tick at "apply" it ends with the plan. What the file gave and gives no longer is revoked. Grants
by hand are reported and stay, unless asked for: then a second person, whom include/grants names, must approve.

What to do when it fails: [runbook](docs/runbooks/apply_grants.md).
"""

from __future__ import annotations

from airflow.sdk import DAG

from basketry.jobs.privacy import APPLY_GRANTS
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.model_forms import is_wanted
from basketry_airflow.privacy_forms import grants_form, revokes_by_hand
from basketry_airflow.script_arguments import CATALOG, form_value
from basketry_airflow.second_person import RUN_LIMIT, must_be_approved, second_person
from basketry_airflow.spark_job import spark_job

with DAG(
    "apply_grants",
    schedule=None,
    params=grants_form(),
    **dag_defaults(
        tier=2,
        owner="data-protection",
        runbook="docs/runbooks/apply_grants.md",
        doc=__doc__,
        topics=("privacy", "manual"),
        run_limit=RUN_LIMIT,
    ),
):
    plan = spark_job(APPLY_GRANTS, task_id="plan")(catalog=CATALOG, dry_run=True)
    question = second_person(
        "Revoke what was granted by hand in {{ params.catalog }}?",
        "{{ dag_run.triggering_user_name }} started it. The log of the task plan has what would be revoked.",
        revokes_by_hand,
    )
    change = spark_job(APPLY_GRANTS, task_id="change", before=must_be_approved(revokes_by_hand))(
        catalog=CATALOG, revoke_by_hand=form_value("revoke_by_hand", bool)
    )
    plan >> is_wanted("apply") >> question >> change
