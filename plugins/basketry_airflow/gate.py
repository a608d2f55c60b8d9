"""The gate: reads what the training logged, decides or asks a person, and has the verdict carried out and recorded.

decide -> ask -> promote. `ask` waits only when the numbers cannot decide; no answer in time means no. `promote` runs in
any case: a refusal is recorded in ops.promotions as well, and only a promotion moves an alias.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import Param, TaskGroup, TriggerRule, task

from basketry.config.settings import Settings
from basketry.errors import BadInputError
from basketry.jobs.promotion import PROMOTE
from basketry_airflow.champions import AUTOMATIC
from basketry_airflow.script_arguments import CATALOG
from basketry_airflow.spark_job import DATABRICKS_CONNECTION, spark_job

if TYPE_CHECKING:
    from airflow.sdk import Context

    from basketry.gates import Gate, Verdict
    from basketry.registry import VersionRun
    from basketry.registry.models import ModelSpec

log = logging.getLogger(__name__)

COMPARED_WITH = "basketry.champion_version"
"""Tag of a training run: the champion that the challenger was compared with, empty when there was none."""

PROBLEM = "basketry.champion_problem"
"""Tag of a training run: why the champion could not be judged, in one sentence."""

REASON = "why"
"""The field of the question's form in which a person gives a reason."""
INITIAL_TIMEOUT = timedelta(days=1)
"""Time limit of the task until it asks; the gate's own replaces it then."""

Payload = dict[str, Any]


def gate(model: ModelSpec, *, group_id: str = "gate") -> TaskGroup:
    """Make the tasks that let a challenger become champion, or not, by `include/gates/<model>.yaml`.

    Put them after the training: they take the version that is the challenger when they start.
    """
    with TaskGroup(group_id, tooltip=f"include/gates/{model.name}.yaml") as group:
        decision = decide(model.name)
        question = Ask(
            task_id="ask",
            decided=f"{group_id}.decide",
            subject=_decided("subject", group_id),
            body=_decided("body", group_id),
            params={REASON: Param("", "Why; kept in ops.promotions.", type="string", title="Why")},
            response_timeout=INITIAL_TIMEOUT,
        )
        # `ask` is skipped when nobody need be asked.
        promote = spark_job(PROMOTE, trigger_rule=TriggerRule.NONE_FAILED)(
            catalog=CATALOG,
            model=_decided("model", group_id),
            challenger=_decided("challenger", group_id),
            expected_champion=_decided("champion", group_id),
            verdict=_final("verdict", group_id),
            decided_by=_final("decided_by", group_id),
            reason=_final("reason", group_id),
            decided_at="{{ dag_run.start_date.isoformat() }}",
        )
        decision >> question >> promote
        decision >> promote
    return group


@task
def decide(name: str, params: Mapping[str, Any] | None = None) -> Payload:
    """Evaluate the challenger; bad input when there is none. The verdict is saved with the challenger's run as well."""
    from basketry import registry
    from basketry.gates import load_gate

    log_in_to_registry()
    conditions = load_gate(name)
    model = registry.registered_name((params or {})["catalog"], conditions.model)
    challenger = registry.alias_version(model, registry.CHALLENGER)
    if challenger is None:
        raise BadInputError(f"{model} has no challenger: run its training first.")
    champion = registry.alias_version(model, registry.CHAMPION)
    run = registry.version_run(model, challenger)
    verdict = evaluate_challenger(
        conditions, run, champion, realised_metric((params or {})["catalog"], model, conditions, champion)
    )
    registry.save_verdict(model, run.run_id, {"gate": name, "champion": champion, **verdict.as_json()})
    answer = decision_payload(conditions, model, challenger=challenger, champion=champion, verdict=verdict)
    log.info("%s\n%s", answer["subject"], answer["body"])
    return answer


def log_in_to_registry() -> None:
    """Set MLflow's own settings from Airflow's connection on Databricks, for this process; what is set already stays."""
    elsewhere = os.environ.get("MLFLOW_TRACKING_URI", "databricks") != "databricks"
    if elsewhere or Settings.from_environment().runtime != "databricks":
        return
    from airflow.sdk import Connection

    from basketry_airflow.workspace import host_address

    connection = Connection.get(DATABRICKS_CONNECTION)
    variables = {
        "MLFLOW_TRACKING_URI": "databricks",
        "MLFLOW_REGISTRY_URI": "databricks-uc",
        "DATABRICKS_HOST": host_address(connection),
    }
    if connection.extra_dejson.get("service_principal_oauth"):
        variables |= {
            "DATABRICKS_CLIENT_ID": str(connection.login),
            "DATABRICKS_CLIENT_SECRET": str(connection.password),
        }
    else:
        variables["DATABRICKS_TOKEN"] = str(connection.extra_dejson.get("token") or connection.password)
    for key, value in variables.items():
        os.environ.setdefault(key, value)


def evaluate_challenger(
    conditions: Gate, run: VersionRun, champion: str | None, outcomes: Mapping[str, float]
) -> Verdict:
    """Return the gate's verdict; a challenger that was compared with another champion than today's is refused."""
    from basketry.gates import Verdict, evaluate_gate

    compared_with, problem = run.tags.get(COMPARED_WITH) or None, run.tags.get(PROBLEM, "")
    champion_unjudged = bool(problem) and compared_with is None and champion is not None
    if compared_with != champion and not champion_unjudged:
        reason = f"it was compared with champion {compared_with or 'none'}, but the champion is {champion or 'none'}: train again."
        return Verdict("refuse", reason, ())
    result = evaluate_gate(conditions, {**run.metrics, **outcomes}, has_champion=champion is not None)
    return replace(result, reason=f"{result.reason} {problem}") if problem else result


def realised_metric(catalog: str, model: str, conditions: Gate, champion: str | None) -> dict[str, float]:
    """Return the mean metric of the champion's newest realised days and what its own test promised; empty when unknown."""
    from basketry import registry
    from basketry.tables import TABLES
    from basketry_airflow.ops_tables import read_rows

    realised = conditions.realised
    if realised is None or champion is None:
        return {}
    table = next(table for table in TABLES if table.full_name == realised.table)
    rows = read_rows(catalog, table, ("as_of", realised.metric), {**realised.where, "model_version": champion})
    days = sorted((row for row in rows if row[realised.metric] is not None), key=lambda row: str(row["as_of"]))
    values = [float(row[realised.metric]) for row in days[-realised.days :]]
    promised = registry.version_run(model, champion).metrics.get(realised.metric)
    if not values or promised is None:
        return {}
    return {f"realised/{realised.metric}": sum(values) / len(values), f"promised/{realised.metric}": promised}


def decision_payload(conditions: Gate, model: str, challenger: str, champion: str | None, verdict: Verdict) -> Payload:
    """Return the verdict as the tasks after it need it: plain texts, and the question as a person will read it."""
    from basketry.gates import markdown_table

    reason = verdict.reason[:1].upper() + verdict.reason[1:]
    return {
        "gate": conditions.name,
        "model": conditions.model,
        "challenger": challenger,
        "champion": champion or "",
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "subject": f"{model}: version {challenger} instead of {champion or 'none'}? The gate says {verdict.verdict}.",
        "body": f"{reason}\n\n{_consequence(verdict.verdict, challenger, champion)}\n\n{markdown_table(verdict.checks)}",
        "answer_within_hours": conditions.answer_within_hours,
        "users": list(conditions.users),
    }


def _consequence(verdict: str, challenger: str, champion: str | None) -> str:
    """Say what a verdict comes to; of a question, what either answer does."""
    from basketry.gates.model import ASK, PROVISIONAL, REFUSE

    scores, champion_stays = f"version {challenger} scores from now on", f"{champion or 'nothing'} stays"
    return {
        ASK: f"Approve: {scores}. Reject: {champion_stays}.",
        PROVISIONAL: f"Nobody is asked: {scores}, as provisional. It is beyond a limit, but not surely; the next training may"
        " replace it.",
        REFUSE: f"Nobody is asked: version {challenger} does not score, {champion_stays}.",
    }.get(verdict, f"Nobody is asked: {scores}.")


class Ask(ApprovalOperator):
    """The question to a person. A rejection skips nothing and a time-out fails nothing: both are answers to be recorded."""

    def __init__(self, *, decided: str, **named: Any) -> None:
        """Make the task.

        Args:
            decided: The task id of the gate's decision.
            named: Arguments of Airflow's operator.
        """
        super().__init__(**named)
        self.decided = decided

    def execute(self, context: Context) -> None:
        """Ask and wait, when the gate wants it; otherwise this task is skipped."""
        from airflow.sdk.exceptions import AirflowSkipException

        decision = self._decision(context)
        if decision["verdict"] != "ask":
            raise AirflowSkipException(f"nobody need be asked: the verdict is {decision['verdict']}")
        self.response_timeout = timedelta(hours=decision["answer_within_hours"])
        self.assigned_users = [{"id": user, "name": user} for user in decision["users"]] or None
        self._check_run_limit(context, decision)
        super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Payload:
        """Return the verdict that the answer amounts to, who gave it, and why."""
        if event.get("error_type") == "timeout":
            hours = self._decision(context)["answer_within_hours"]
            return {"verdict": "refuse", "decided_by": AUTOMATIC, "reason": f"nobody answered within {hours} hours."}
        response = HITLOperator.execute_complete(self, context, event)  # not the parent's, which would skip `promote`
        approved = response["chosen_options"] == [self.APPROVE]
        user = response["responded_by_user"] or {"id": "unknown"}
        reason = " ".join(str(response["params_input"].get(REASON) or "").split())
        log.info("%s says %s", user["id"], "yes" if approved else "no")
        return {
            "verdict": "promote" if approved else "refuse",
            "decided_by": str(user["id"]),
            "reason": reason or f"{'approved' if approved else 'rejected'} without a reason.",
        }

    def _decision(self, context: Context) -> Payload:
        payload: Payload = context["ti"].xcom_pull(task_ids=self.decided)
        return payload

    def _check_run_limit(self, context: Context, decision: Payload) -> None:
        limit = context["dag"].dagrun_timeout
        if limit is not None and self.response_timeout is not None and limit <= self.response_timeout:
            raise BadInputError(
                f"the gate '{decision['gate']}' waits {decision['answer_within_hours']} hours for an answer but a run of"
                f" {context['dag'].dag_id} ends after {limit}: lower answer_within_hours in"
                f" include/gates/{decision['gate']}.yaml or raise run_limit in the DAG."
            )


def _decided(field: str, group_id: str) -> str:
    """Return the template of a field of the gate's own decision."""
    return _template(_returned_by(f"{group_id}.decide", field))


def _final(field: str, group_id: str) -> str:
    """Return the template of a field of the final verdict: the person's where somebody was asked, else the gate's own."""
    automatic = repr(AUTOMATIC) if field == "decided_by" else _returned_by(f"{group_id}.decide", field)
    answer = f"{group_id}.ask"
    return _template(f"{_returned_by(answer, field)} if {_returned_by(answer)} else {automatic}")


def _returned_by(task_id: str, field: str | None = None) -> str:
    """Return the Jinja expression of what a task has returned, or of one field of it."""
    value = f"ti.xcom_pull(task_ids='{task_id}')"
    return value if field is None else f"{value}['{field}']"


def _template(expression: str) -> str:
    """Return the expression as a Jinja template."""
    return "{{ " + expression + " }}"
