"""The forms of DAGs about whose data may be seen by whom, and about forgetting it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param

from basketry.config.settings import Settings
from basketry.jobs.privacy import APPLY_GRANTS, FORGET
from basketry_airflow.forms import NAME, argument_field, catalogs


def forget_form() -> dict[str, Param]:
    """Return the form that says on which request; whom to forget stands in the request's file alone."""
    return {
        "catalog": _catalog("The retailer whose customers they are."),
        "request_id": argument_field(FORGET, "request_id"),
        "dry_run": Param(True, "Only say what would be masked or removed.", type="boolean", title="Dry run"),
    }


def forgets(form: Mapping[str, Any]) -> bool:
    """Return whether the form asks for more than a dry run."""
    return not form["dry_run"]


def grants_form() -> dict[str, Param]:
    """Return the form that says whether to stop at the plan."""
    return {
        "catalog": _catalog("The retailer whose tables they are."),
        "apply": Param(False, "Make the changes of the plan.", type="boolean", title="Apply"),
        "revoke_by_hand": argument_field(APPLY_GRANTS, "revoke_by_hand"),
    }


def revokes_by_hand(form: Mapping[str, Any]) -> bool:
    """Return whether the form asks to take away what somebody granted by hand."""
    return bool(form["apply"] and form["revoke_by_hand"])


def _catalog(description: str) -> Param:
    names = catalogs(Settings.from_environment().include)
    choices = {"enum": names} if names else {"pattern": NAME}
    return Param(description=description, type="string", title="Catalog", **choices)
