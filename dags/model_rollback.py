"""Bring an earlier version of a model back: it scores from now on, and on request the last day is scored again.

Started by hand, with a form: which model, back to `previous` or to a version by its number, and why. The alias is moved as a
promotion moves it, so two at once cannot both win, and the reason is kept in ops.promotions.

What to do when it fails: [runbook](docs/runbooks/model_rollback.md).
"""

from __future__ import annotations

from airflow.sdk import DAG

from basketry.registry.models import MODELS
from basketry_airflow.as_of import AS_OF
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.model_forms import roll_back, rollback_form, scorer
from basketry_airflow.script_arguments import CATALOG
from basketry_airflow.spark_job import spark_job

with DAG(
    "model_rollback",
    schedule=None,
    params=rollback_form(),
    **dag_defaults(
        tier=1,
        owner="data-science",
        runbook="docs/runbooks/model_rollback.md",
        doc=__doc__,
        topics=("models", "manual"),
    ),
):
    (
        roll_back()
        >> scorer()
        >> [
            spark_job(spec.scoring)(catalog=CATALOG, as_of=AS_OF, model="champion")
            for spec in MODELS.values()
            if spec.scoring
        ]
    )
