"""The forms of DAGs that change by hand which model scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param, task

from basketry.config.settings import Settings
from basketry_airflow.forms import NAME, catalogs

VERSION = r"^(previous|[1-9][0-9]*)$"
MODELS = {
    "propensity": "score_propensity",
    "rfm": "rfm",
    "forecast": "forecast",
    "recommendations": "recommend",
    "offer_policy": None,
}
"""The kinds of models that a catalog has, each with a gate in `include/gates/` and the job by which it scores a day.

None: nothing is scored by the day; the stream of offers takes up its champion with the next events.
"""


def rollback_form() -> dict[str, Param]:
    """Return the form that brings an earlier version back."""
    names = catalogs(Settings.from_environment().include)
    choices = {"enum": names} if names else {"pattern": NAME}
    return {
        "catalog": Param(description="The retailer whose model it is.", type="string", title="Catalog", **choices),
        "model": Param(next(iter(MODELS)), "Which kind of model.", type="string", title="Model", enum=list(MODELS)),
        "to": Param(
            "previous",
            "The version that should score again: previous, or a version's number.",
            type="string",
            pattern=VERSION,
            title="Back to",
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


@task.branch
def scorer(params: Mapping[str, Any] | None = None) -> str | None:
    """Return the task that scores again with the form's model, if that is wished and the model scores days; else None."""
    form = params or {}
    return MODELS[form["model"]] if form["score_again"] else None


@task.short_circuit
def is_wanted(field: str, params: Mapping[str, Any] | None = None) -> bool:
    """Return whether the form's tick box of that name is ticked; if not, what comes after is skipped."""
    return bool((params or {})[field])
