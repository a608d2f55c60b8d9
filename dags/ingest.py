"""Load delivered files of one feed, or of every feed at once: find them, check them, load them, report what became of every row.

Started by hand, with a form. A file is known by its content: what was loaded before is skipped, whatever its name,
unless the name says a later day: then the retailer tells again what was true before.
Bad rows are set aside with all their reasons; a bad file stops the run before anything is loaded, and gets its line in
ops.files.

What to do when it fails: [runbook](docs/runbooks/ingest.md).
"""

from __future__ import annotations

from airflow.sdk import DAG, TriggerRule

from basketry_airflow.dag_defaults import dag_defaults
from basketry_airflow.forms import ingest_form
from basketry_airflow.ingest_steps import check_files, find_files, report
from basketry_airflow.script_arguments import form_value
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
    checked = check_files(find_files())
    delivery = {name: form_value(name) for name in ("feed", "files", "dry_run", "delivered_by")}
    load = spark_job("ingest", task_id="load", force=form_value("load_again"), **delivery)
    checked >> load >> report(checked)
    refused = TriggerRule.ONE_FAILED
    checked >> spark_job("ingest", task_id="record_refusals", trigger_rule=refused, refusals_only=True, **delivery)
