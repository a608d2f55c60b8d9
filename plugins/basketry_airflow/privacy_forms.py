"""The forms of DAGs about whose data may be seen by whom, and about forgetting it."""

from __future__ import annotations

from airflow.sdk import Param

from basketry.config.settings import Settings
from basketry_airflow.forms import NAME, catalogs

CUSTOMERS = r"^[A-Za-z0-9_-]+( *, *[A-Za-z0-9_-]+)*$"
"""Ids with commas between: no blank inside one and no @, so that a name or an address is refused before it is stored."""


def forget_form() -> dict[str, Param]:
    """Return the form that says whom to forget, and on which request."""
    return {
        "catalog": _catalog("The retailer whose customers they are."),
        "customers": Param(
            description="Customer numbers, commas between. Never names, e-mail addresses or telephone numbers: the form is kept.",
            type="string",
            pattern=CUSTOMERS,
            maxLength=2000,
            title="Customers",
        ),
        "request_id": Param(
            description="The request's number at the retailer; kept in ops.forgotten.",
            type="string",
            pattern=r"^[A-Za-z0-9._-]{1,60}$",
            title="Request",
        ),
        "dry_run": Param(True, "Only say what would be masked or removed.", type="boolean", title="Dry run"),
    }


def grants_form() -> dict[str, Param]:
    """Return the form that says whether to stop at the plan."""
    return {
        "catalog": _catalog("The retailer whose tables they are."),
        "apply": Param(False, "Make the changes of the plan.", type="boolean", title="Apply"),
        "revoke_by_hand": Param(
            False, "Also revoke what somebody granted by hand.", type="boolean", title="Revoke grants by hand"
        ),
    }


def _catalog(description: str) -> Param:
    names = catalogs(Settings.from_environment().include)
    choices = {"enum": names} if names else {"pattern": NAME}
    return Param(description=description, type="string", title="Catalog", **choices)
