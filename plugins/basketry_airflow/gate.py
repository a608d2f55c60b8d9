"""The gate: reads what the training logged, decides or asks a person, and has the verdict carried out and kept.

decide -> ask -> promote. `ask` waits only when the numbers cannot decide; no answer in time means no. `promote` runs in
any case: a refusal is kept in ops.promotions as well, and only a promotion moves an alias.
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
from basketry_airflow.champions import MACHINE
from basketry_airflow.spark_job import DATABRICKS_CONNECTION, spark_job

if TYPE_CHECKING:
    from airflow.sdk import Context

    from basketry.gates import Gate, Verdict
    from basketry.registry import VersionRun

log = logging.getLogger(__name__)

COMPARED_WITH = "basketry.champion_version"
"""Tag of a training run: the champion that the challenger was compared with, empty when there was none."""

PROBLEM = "basketry.champion_problem"
"""Tag of a training run: why the champion could not be judged, in one sentence."""

WHY = "why"
UNTIL_ASKED = timedelta(days=1)
"""Replaced by the gate's own patience when the task asks."""

Answer = dict[str, Any]


def gate(name: str, *, group_id: str = "gate") -> TaskGroup:
    """The tasks that let a challenger become champion, or not, by `include/gates/<name>.yaml`.

    Put them after the training: they take the version that is the challenger when they start.
    """
    with TaskGroup(group_id, tooltip=f"include/gates/{name}.yaml") as group:
        decided = decide(name)
        asked = Ask(
            task_id="ask",
            decided=f"{group_id}.decide",
            subject=_of("decide", "subject", group_id),
            body=_of("decide", "body", group_id),
            params={WHY: Param("", "Why; kept in ops.promotions.", type="string", title="Why")},
            response_timeout=UNTIL_ASKED,
        )
        promote = spark_job(
            "promote",
            trigger_rule=TriggerRule.NONE_FAILED,  # `ask` is skipped when nobody need be asked
            model=_of("decide", "model", group_id),
            challenger=_of("decide", "challenger", group_id),
            expected_champion=_of("decide", "champion", group_id),
            verdict=_final("verdict", group_id),
            decided_by=_final("decided_by", group_id),
            reason=_final("reason", group_id),
            decided_at="{{ dag_run.start_date.isoformat() }}",
        )
        decided >> asked >> promote
        decided >> promote
    return group


@task
def decide(name: str, params: Mapping[str, Any] | None = None) -> Answer:
    """Judge the challenger; bad input when there is none. The verdict is left with the challenger's run as well."""
    from basketry import registry
    from basketry.gates import load_gate

    log_in_to_registry()
    judge = load_gate(name)
    model = registry.registered_name((params or {})["catalog"], judge.model)
    challenger = registry.alias_version(model, registry.CHALLENGER)
    if challenger is None:
        raise BadInputError(f"{model} has no challenger: run its training first.")
    champion = registry.alias_version(model, registry.CHAMPION)
    run = registry.version_run(model, challenger)
    said = judged(judge, run, champion, came_true((params or {})["catalog"], model, judge, champion))
    registry.save_verdict(model, run.run_id, {"gate": name, "champion": champion, **said.as_json()})
    answer = told(judge, model, challenger, champion, said)
    log.info("%s\n%s", answer["subject"], answer["body"])
    return answer


def log_in_to_registry() -> None:
    """On Databricks, MLflow's own settings from Airflow's connection, for this process; what is set already stays."""
    elsewhere = os.environ.get("MLFLOW_TRACKING_URI", "databricks") != "databricks"
    if elsewhere or Settings.from_environment().runtime != "databricks":
        return
    from airflow.sdk import Connection

    from basketry_airflow.workspace import host_address

    connection = Connection.get(DATABRICKS_CONNECTION)
    found = {
        "MLFLOW_TRACKING_URI": "databricks",
        "MLFLOW_REGISTRY_URI": "databricks-uc",
        "DATABRICKS_HOST": host_address(connection),
    }
    if connection.extra_dejson.get("service_principal_oauth"):
        found |= {"DATABRICKS_CLIENT_ID": str(connection.login), "DATABRICKS_CLIENT_SECRET": str(connection.password)}
    else:
        found["DATABRICKS_TOKEN"] = str(connection.extra_dejson.get("token") or connection.password)
    for key, value in found.items():
        os.environ.setdefault(key, value)


def judged(judge: Gate, run: VersionRun, champion: str | None, outcomes: Mapping[str, float]) -> Verdict:
    """The gate's verdict; a challenger that was compared with another champion than today's is refused."""
    from basketry.gates import Verdict, evaluate_gate

    compared, problem = run.tags.get(COMPARED_WITH) or None, run.tags.get(PROBLEM, "")
    unjudged = bool(problem) and compared is None and champion is not None
    if compared != champion and not unjudged:
        reason = f"it was compared with champion {compared or 'none'}, but the champion is {champion or 'none'}: train again."
        return Verdict("refuse", reason, ())
    said = evaluate_gate(judge, {**run.metrics, **outcomes}, has_champion=champion is not None)
    return replace(said, reason=f"{said.reason} {problem}") if problem else said


def came_true(catalog: str, model: str, judge: Gate, champion: str | None) -> dict[str, float]:
    """What came true of the champion's newest judged days, and what its own test promised; nothing when unknown."""
    from basketry import registry
    from basketry.tables import TABLES
    from basketry_airflow.lake import read_rows

    wanted = judge.realised
    if wanted is None or champion is None:
        return {}
    table = next(table for table in TABLES if table.full_name == wanted.table)
    found = read_rows(catalog, table, ("as_of", wanted.metric), {**wanted.where, "model_version": champion})
    days = sorted((row for row in found if row[wanted.metric] is not None), key=lambda row: str(row["as_of"]))
    values = [float(row[wanted.metric]) for row in days[-wanted.days :]]
    promised = registry.version_run(model, champion).metrics.get(wanted.metric)
    if not values or promised is None:
        return {}
    return {f"realised/{wanted.metric}": sum(values) / len(values), f"promised/{wanted.metric}": promised}


def told(judge: Gate, model: str, challenger: str, champion: str | None, said: Verdict) -> Answer:
    """The verdict as the tasks after it need it: plain texts, and the question as a person will read it."""
    from basketry.gates import markdown_table

    reason = said.reason[:1].upper() + said.reason[1:]
    return {
        "gate": judge.name,
        "model": judge.model,
        "challenger": challenger,
        "champion": champion or "",
        "verdict": said.verdict,
        "reason": said.reason,
        "subject": f"{model}: version {challenger} instead of {champion or 'none'}? The gate says {said.verdict}.",
        "body": f"{reason}\n\n{_follows(said.verdict, challenger, champion)}\n\n{markdown_table(said.checks)}",
        "answer_within_hours": judge.answer_within_hours,
        "users": list(judge.users),
    }


def _follows(verdict: str, challenger: str, champion: str | None) -> str:
    """What a verdict comes to; of a question, what either answer does."""
    from basketry.gates.model import ASK, PROVISIONAL, REFUSE

    scores, stays = f"version {challenger} scores from now on", f"{champion or 'nothing'} stays"
    return {
        ASK: f"Approve: {scores}. Reject: {stays}.",
        PROVISIONAL: f"Nobody is asked: {scores}, as provisional. It is beyond a limit, but not surely; the next training may"
        " replace it.",
        REFUSE: f"Nobody is asked: version {challenger} does not score, {stays}.",
    }.get(verdict, f"Nobody is asked: {scores}.")


class Ask(ApprovalOperator):
    """The question to a person. A rejection skips nothing and a time-out fails nothing: both are answers to be kept."""

    def __init__(self, *, decided: str, **named: Any) -> None:
        """decided: task id of the gate's decision."""
        super().__init__(**named)
        self.decided = decided

    def execute(self, context: Context) -> None:
        """Ask and wait, when the gate wants it; otherwise this task is skipped."""
        from airflow.sdk.exceptions import AirflowSkipException

        answer = self._decision(context)
        if answer["verdict"] != "ask":
            raise AirflowSkipException(f"nobody need be asked: the verdict is {answer['verdict']}")
        self.response_timeout = timedelta(hours=answer["answer_within_hours"])
        self.assigned_users = [{"id": user, "name": user} for user in answer["users"]] or None
        self._check_patience(context, answer)
        super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Answer:
        """The verdict that the answer amounts to, who gave it, and why."""
        if event.get("error_type") == "timeout":
            hours = self._decision(context)["answer_within_hours"]
            return {"verdict": "refuse", "decided_by": MACHINE, "reason": f"nobody answered within {hours} hours."}
        given = HITLOperator.execute_complete(self, context, event)  # not the parent's, which would skip `promote`
        approved = given["chosen_options"] == [self.APPROVE]
        user = given["responded_by_user"] or {"id": "unknown"}
        why = " ".join(str(given["params_input"].get(WHY) or "").split())
        log.info("%s says %s", user["id"], "yes" if approved else "no")
        return {
            "verdict": "promote" if approved else "refuse",
            "decided_by": str(user["id"]),
            "reason": why or f"{'approved' if approved else 'rejected'} without a reason.",
        }

    def _decision(self, context: Context) -> Answer:
        answer: Answer = context["ti"].xcom_pull(task_ids=self.decided)
        return answer

    def _check_patience(self, context: Context, answer: Answer) -> None:
        limit = context["dag"].dagrun_timeout
        if limit is not None and self.response_timeout is not None and limit <= self.response_timeout:
            raise BadInputError(
                f"the gate '{answer['gate']}' waits {answer['answer_within_hours']} hours for an answer but a run of"
                f" {context['dag'].dag_id} ends after {limit}: lower answer_within_hours in"
                f" include/gates/{answer['gate']}.yaml or raise run_limit in the DAG."
            )


def _of(step: str, field: str, group_id: str) -> str:
    return f"{{{{ ti.xcom_pull(task_ids='{group_id}.{step}')['{field}'] }}}}"


def _final(field: str, group_id: str) -> str:
    """The answer's field when somebody was asked, else the decision's."""
    asked, decided = (f"ti.xcom_pull(task_ids='{group_id}.{step}')" for step in ("ask", "decide"))
    machine = f"'{MACHINE}'" if field == "decided_by" else f"{decided}['{field}']"
    return f"{{{{ {asked}['{field}'] if {asked} else {machine} }}}}"
