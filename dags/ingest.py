"""Load delivered files of one feed, or of every feed at once: find them, check them, load them, report what became of every row.

Started by hand, with a form. A file is known by its content: what was loaded before is skipped, whatever its name,
unless the name says a later day: then the retailer tells again what was true before.
Bad rows are set aside with all their reasons. A bad file stops no other: the rest is loaded and reported, the bad one gets its
line in ops.files, and the run fails.

What to do when it fails: [runbook](docs/runbooks/ingest.md).
"""

from __future__ import annotations

from airflow.sdk import DAG, TriggerRule

from basketry.jobs.ingest import INGEST
from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.forms import ingest_form
from basketry_airflow.ingest_steps import check_files, confirm, find_files, report
from basketry_airflow.script_arguments import CATALOG, form_value
from basketry_airflow.spark_job import spark_job

# Two feeds may be loaded at once (two runs of one feed wait, a run of every feed waits for all): commits to a table that they
# share wait for one another, and each file's lines of ops.files and ops.quarantine are replaced on their own. More would
# only contend for the same machine.
RUNS_AT_ONCE = 2

with DAG(
    "ingest",
    schedule=None,
    params=ingest_form(),
    **dag_defaults(
        tier=1,
        owner="data-engineering",
        runbook="docs/runbooks/ingest.md",
        doc=__doc__,
        topics=("ingest", "manual"),
        runs_at_once=RUNS_AT_ONCE,
    ),
):
    checked = check_files(find_files())  # type: ignore[arg-type]  # what the task will return
    load = spark_job(INGEST, task_id="load")(
        catalog=CATALOG,
        force=form_value("load_again", bool),
        feed=form_value("feed", str),
        files=form_value("files", str),
        dry_run=form_value("dry_run", bool),
        delivered_by=form_value("delivered_by", str),
    )
    checked >> load >> report(checked)  # type: ignore[arg-type]
    load >> confirm()  # the report succeeds also after a load that refused a file
    checked >> spark_job(INGEST, task_id="record_refusals", trigger_rule=TriggerRule.ONE_FAILED)(
        catalog=CATALOG,
        refusals_only=True,
        feed=form_value("feed", str),
        files=form_value("files", str),
        dry_run=form_value("dry_run", bool),
        delivered_by=form_value("delivered_by", str),
    )
