"""The forms of DAGs that change by hand which model scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param, task

from basketry.settings import Settings
from basketry_airflow.forms import NAME, catalogs

VERSION = r"^(previous|[1-9][0-9]*)$"
MODELS = ("propensity", "rfm")
"""The kinds of models that a catalog has; each has a gate in `include/gates/`."""


def rollback_form() -> dict[str, Param]:
    """What a person says to bring an earlier version back."""
    known = catalogs(Settings.from_environment().include)
    choices = {"enum": known} if known else {"pattern": NAME}
    return {
        "catalog": Param(description="The retailer whose model it is.", type="string", title="Catalog", **choices),
        "model": Param(MODELS[0], "Which kind of model.", type="string", title="Model", enum=list(MODELS)),
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
            False, "Score the last complete day again, by the version that was brought back.", type="boolean",
            title="Score the last day again",
        ),
    }  # fmt: skip


@task.short_circuit
def is_wanted(field: str, model: str | None = None, params: Mapping[str, Any] | None = None) -> bool:
    """Whether the form's tick box of that name is ticked, and the form is about that model; if not, the rest is skipped."""
    given = params or {}
    return bool(given[field]) and model in (None, given["model"])
