"""The gate: reads what the training logged, decides or asks a person, and has the verdict carried out and recorded.

decide -> ask -> promote. `ask` waits only when the numbers cannot decide; no answer in time means no. `promote` runs in
any case: a refusal is recorded in ops.promotions as well, and only a promotion moves an alias.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import Param, TaskGroup, TriggerRule, task

from basketry.config.quiet import quiet_libraries
from basketry.config.settings import Settings
from basketry.errors import BadInputError
from basketry_airflow.champions import AUTOMATIC
from basketry_airflow.spark_job import DATABRICKS_CONNECTION

if TYPE_CHECKING:
    from airflow.sdk import Context

    from basketry.registry.judging import Judgement
    from basketry.registry.models import ModelSpec

log = logging.getLogger(__name__)

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
        promotion = carry_out(decision, f"{group_id}.ask")  # type: ignore[arg-type]  # what `decide` will return
        decision >> question >> promotion
    return group


@task
def decide(name: str, params: Mapping[str, Any] | None = None) -> Payload:
    """Evaluate the challenger; bad input when there is none. The verdict is saved with the challenger's run as well."""
    from basketry.registry.judging import judge
    from basketry_airflow.ops_tables import row_store

    log_in_to_registry()
    judgement = judge(row_store((params or {})["catalog"]), name, Settings.from_environment().include)
    answer = decision_payload(judgement)
    log.info("%s\n%s", answer["subject"], answer["body"])
    return answer


@task(task_id="promote", trigger_rule=TriggerRule.NONE_FAILED)  # `ask` is skipped when nobody need be asked
def carry_out(decision: Payload, asked: str, **context: Any) -> str:
    """Carry out what the gate said, or the person who was asked; return what became of it, in a sentence."""
    answer = context["ti"].xcom_pull(task_ids=asked) or {}
    return promote_version(
        context,
        model=decision["model"],
        challenger=decision["challenger"],
        expected_champion=decision["champion"] or None,
        verdict=answer.get("verdict", decision["verdict"]),
        decided_by=answer.get("decided_by", AUTOMATIC),
        reason=answer.get("reason", decision["reason"]),
    )


def promote_version(context: Mapping[str, Any], **request: Any) -> str:
    """Do what the job promote does, in the task itself: an alias and a row need neither Spark nor a cluster.

    Args:
        context: What Airflow knows of the task.
        request: What is asked for, see `PromotionRequest`.
    """
    from basketry.registry.promotion import describe
    from basketry.registry.promotion_job import promote_and_record
    from basketry.registry.promotion_request import PromotionRequest
    from basketry_airflow.ops_tables import row_store

    log_in_to_registry()
    ti, run = context["ti"], context["dag_run"]
    run_id = f"{ti.dag_id}/{run.run_id}/{ti.task_id}/{ti.map_index}/{ti.try_number}"
    moment = run.start_date.isoformat()
    store = row_store(context["params"]["catalog"])
    return describe(promote_and_record(store, PromotionRequest(run_id=run_id, decided_at=moment, **request)))


def log_in_to_registry() -> None:
    """Set MLflow's own settings from Airflow's connection on Databricks, for this process; what is set already stays."""
    quiet_libraries()
    elsewhere = os.environ.get("MLFLOW_TRACKING_URI", "databricks") != "databricks"
    if elsewhere or Settings.from_environment().runtime != "databricks":
        return
    from airflow.sdk import Connection

    from basketry_airflow.workspace import LOGIN_VARIABLES, login_settings

    login = login_settings(Connection.get(DATABRICKS_CONNECTION))
    variables = {LOGIN_VARIABLES[name]: value for name, value in login.items()}
    variables |= {"MLFLOW_TRACKING_URI": "databricks", "MLFLOW_REGISTRY_URI": "databricks-uc"}
    for key, value in variables.items():
        os.environ.setdefault(key, value)


def decision_payload(judgement: Judgement) -> Payload:
    """Return the verdict as the tasks after it need it: plain texts, and the question as a person will read it."""
    from basketry.gates import markdown_table
    from basketry.registry.judging import consequence

    verdict, conditions = judgement.verdict, judgement.gate
    challenger, champion = judgement.challenger, judgement.champion
    reason = verdict.reason[:1].upper() + verdict.reason[1:]
    return {
        "gate": conditions.name,
        "model": conditions.model,
        "challenger": challenger,
        "champion": champion or "",
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "subject": f"{judgement.model}: version {challenger} instead of {champion or 'none'}? The gate says {verdict.verdict}.",
        "body": f"{reason}\n\n{consequence(judgement)}\n\n{markdown_table(verdict.checks)}",
        "answer_within_hours": conditions.answer_within_hours,
        "users": list(conditions.users),
    }


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
        user = str((response["responded_by_user"] or {}).get("name") or "unknown")
        reason = " ".join(str(response["params_input"].get(REASON) or "").split())
        log.info("%s says %s", user, "yes" if approved else "no")
        return {
            "verdict": "promote" if approved else "refuse",
            "decided_by": user,
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
    return "{{ " + f"ti.xcom_pull(task_ids='{group_id}.decide')['{field}']" + " }}"
