"""What cannot be undone waits for a second person: somebody whom include/grants lets approve, never who started the run.

`second_person` asks by Airflow's own approval. `must_be_approved` looks once more before the job starts, so that a question
whose task was only marked as done lets nothing through.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator

from basketry.config.settings import Settings
from basketry.errors import BadInputError

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

TASK = "second_person"
WAIT = timedelta(hours=24)
RUN_LIMIT = timedelta(hours=36)
"""Time limit of a run that asks: the waiting, and the job."""

Needed = Callable[[Mapping[str, Any]], bool]


def second_person(subject: str, body: str, needed: Needed) -> SecondPerson:
    """Make the task that asks; put it before the job.

    Args:
        subject: The question, a template without personal data.
        body: What the person should know, a template as well.
        needed: Whether the run's form asks for what cannot be undone; else the task ends at once.
    """
    return SecondPerson(task_id=TASK, subject=subject, body=body, response_timeout=WAIT, needed=needed)


def must_be_approved(needed: Needed) -> Callable[[Context], None]:
    """Return what a job calls before it starts: BadInputError where a second person was needed and has not approved."""

    def check(context: Context) -> None:
        """Look at who approved."""
        if needed(context["params"]):
            answer = context["ti"].xcom_pull(task_ids=TASK) or {}
            if answer.get("approved_by") not in approvers(context):
                raise BadInputError("no second person has approved this run: start a new one and have it approved.")

    return check


def approvers(context: Context) -> list[str]:
    """Return who may approve the run: whom the catalog's grants let approve, without who started it.

    Raises:
        BadInputError: It is not known who started the run, or nobody else may approve it.
    """
    from basketry.access import load_grants  # DAG files are read again and again: they must not load it

    starter = context["dag_run"].triggering_user_name
    if not starter:
        raise BadInputError("nobody knows who started this run: start it in Airflow, logged in.")
    catalog = context["params"]["catalog"]
    grants = load_grants(catalog, Settings.from_environment().include)
    others = [user for user in grants.approvers if user != starter]
    if not others:
        raise BadInputError(
            f"nobody but the starter may approve this: give a team of include/grants/{catalog}.yaml approves: true."
        )
    return others


class SecondPerson(ApprovalOperator):
    """The question. A no skips the job and so does clearing it; no answer in time fails, for somebody waits for it."""

    def __init__(self, *, needed: Needed, **named: Any) -> None:
        """Make the task.

        Args:
            needed: See `second_person`.
            named: Arguments of Airflow's operator.
        """
        super().__init__(**named)
        self.needed = needed

    def execute(self, context: Context) -> None:
        """Ask and wait, where the form needs it."""
        if not self.needed(context["params"]):
            log.info("nobody need be asked: this run changes nothing that cannot be undone")
            return
        self.assigned_users = [{"id": user, "name": user} for user in approvers(context)]
        super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, str]:
        """Return who approved.

        Raises:
            BadInputError: Nobody answered in time, or somebody who may not.
        """
        from airflow.sdk.exceptions import AirflowSkipException

        if event.get("error_type") == "timeout":
            raise BadInputError("nobody approved in time and nothing was changed: start it again.")
        response = HITLOperator.execute_complete(self, context, event)
        user = str((response["responded_by_user"] or {}).get("name"))
        if user not in approvers(context):
            raise BadInputError("who answered may not approve this run: start it again and ask somebody who may.")
        if response["chosen_options"] != [self.APPROVE]:
            # The parent leaves this task a success, and a job that is cleared later would start.
            raise AirflowSkipException(f"{user} says no: nothing is changed")
        log.info("%s says yes", user)
        return {"approved_by": user}
