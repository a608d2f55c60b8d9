"""The forms of DAGs that change by hand which model scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param, task

from basketry import registry
from basketry.config.settings import Settings
from basketry.jobs import argument_fields
from basketry.jobs.promotion import PROMOTE
from basketry.registry.models import MODELS
from basketry_airflow.forms import NAME, catalogs


def rollback_form() -> dict[str, Param]:
    """Return the form that brings an earlier version back."""
    limits: dict[str, Any] = dict(argument_fields(PROMOTE)["rollback_to"].about.limits)
    names = catalogs(Settings.from_environment().include)
    choices = {"enum": names} if names else {"pattern": NAME}
    return {
        "catalog": Param(description="The retailer whose model it is.", type="string", title="Catalog", **choices),
        "model": Param(next(iter(MODELS)), "Which kind of model.", type="string", title="Model", enum=list(MODELS)),
        "to": Param(
            registry.PREVIOUS,
            "The version that should score again: previous, or a version's number.",
            type="string",
            title="Back to",
            **limits,
        ),
        "reason": Param(
            description="Why; kept in ops.promotions.", type="string", minLength=3, maxLength=500, title="Reason"
        ),
        "score_again": Param(
            False,
            "Score the last complete day again, by the version that was brought back.",
            type="boolean",
            title="Score the last day again",
        ),
    }


@task
def roll_back(**context: Any) -> str:
    """Make the form's version the champion again; return what became of it, in a sentence."""
    from basketry_airflow.gate import promote_version

    form = context["params"]
    return promote_version(
        context,
        model=form["model"],
        rollback_to=form["to"],
        reason=form["reason"],
        decided_by=context["dag_run"].triggering_user_name or "unknown",
    )


@task.branch
def scorer(params: Mapping[str, Any] | None = None) -> str | None:
    """Return the task that scores again with the form's model, if that is wished and the model scores days; else None."""
    form = params or {}
    job = MODELS[form["model"]].scoring if form["score_again"] else None
    return job.name if job else None


@task.short_circuit
def is_wanted(field: str, params: Mapping[str, Any] | None = None) -> bool:
    """Return whether the form's tick box of that name is ticked; if not, what comes after is skipped."""
    return bool((params or {})[field])
