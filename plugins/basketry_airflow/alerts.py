"""The one alert: who must look at what, and where to begin. Never an error's text: it could carry a delivered value."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

from basketry.config.alerting import post_alert, webhook_from_fields
from basketry_airflow.retry import cause_of

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

ALERT_CONNECTION = "basketry_alerts"
"""An http connection: schema, host, port, password (bearer token), extra {"path": "/…"}. Without it: only the log."""


class FailureAlert(BaseNotifier):
    """Says that a task (or a whole run) has failed for good: in the log always, to the webhook where there is one."""

    def __init__(self, *, tier: int, owner: str, runbook: str, only_reason: str | None = None) -> None:
        """Describe who answers for the DAG.

        Args:
            tier: The impact tier, one of `dag_defaults.TIERS`.
            owner: The team that answers for the DAG.
            runbook: The path of its page in the repository.
            only_reason: For a DAG's own callback, the one reason of a failed run that no task's alert covers.
        """
        super().__init__()
        self.tier = tier
        self.owner = owner
        self.runbook = runbook
        self.only_reason = only_reason

    def notify(self, context: Context) -> None:
        """Log the alert and post it; a webhook that fails costs a warning, nothing else."""
        facts: Mapping[str, Any] = dict(context)
        if self.only_reason is not None and facts.get("reason") != self.only_reason:
            return
        alert = self.alert(facts)
        log.error("basketry alert: %s", json.dumps(alert, sort_keys=True))
        try:
            self._post(alert)
        except Exception as error:  # whatever goes wrong here must not hide the failure that it reports
            # The error's text would show the webhook's address, which is a secret.
            log.warning("the alert did not reach the webhook of %s: %s", ALERT_CONNECTION, type(error).__name__)

    def alert(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the alert says, as values that JSON can hold."""
        dag = context.get("dag")
        task_instance = context.get("ti")
        dag_id = str(getattr(dag, "dag_id", None) or getattr(task_instance, "dag_id", "unknown"))
        run_id = str(context.get("run_id") or getattr(task_instance, "run_id", "unknown"))
        task_id = None if self.only_reason else getattr(task_instance, "task_id", None)
        what = f"task {task_id}" if task_id else f"run ({context.get('reason', 'failed')})"
        return {
            "text": f"{dag_id}: {what} failed; tier {self.tier}, owner {self.owner}.",
            "cause": cause_of(context.get("exception")),
            "dag": dag_id,
            "task": task_id,
            "run_id": run_id,
            "try_number": getattr(task_instance, "try_number", None),
            "owner": self.owner,
            "tier": self.tier,
            "run_page": run_page(dag_id, run_id),
            "runbook": runbook_address(self.runbook),
            "last_good_run": last_good_run(context),
        }

    def _post(self, alert: Mapping[str, Any]) -> None:
        from airflow.sdk import Connection
        from airflow.sdk.exceptions import AirflowNotFoundException

        try:
            connection = Connection.get(ALERT_CONNECTION)
        except AirflowNotFoundException:
            return
        fields = {name: getattr(connection, name) for name in ("schema", "host", "port", "password")}
        post_alert(webhook_from_fields({**fields, "extra": connection.extra_dejson}), alert)


def run_page(dag_id: str, run_id: str) -> str:
    """Return the address of the run in Airflow's UI."""
    from urllib.parse import quote

    from airflow.sdk.configuration import conf

    base = conf.get("api", "base_url", fallback="http://localhost:8080/")
    return f"{base.rstrip('/')}/dags/{quote(dag_id)}/runs/{quote(run_id)}"


def runbook_address(runbook: str) -> str:
    """Return the runbook's path, or its address when BASKETRY_DOCS_URL says where the repository is read."""
    base = os.environ.get("BASKETRY_DOCS_URL")
    return f"{base.rstrip('/')}/{runbook}" if base else runbook


def last_good_run(context: Mapping[str, Any]) -> str | None:
    """Return the id of the newest earlier run that succeeded; None without one, or where it cannot be found out."""
    task_instance, dag_run = context.get("ti"), context.get("dag_run")
    if task_instance is None or dag_run is None:
        return None
    try:
        if dag_run.logical_date:
            good = task_instance.get_previous_dagrun(state="success")
        else:  # a run without a logical date has no previous run, but its task has one
            good = task_instance.get_previous_ti(state="success", logical_date=dag_run.run_after)
    except Exception:  # a process that runs callbacks need not be able to ask
        return None
    return None if good is None else str(good.run_id)
