"""How to reach a customer: only for teams that see personal data in clear, and only customers who may be contacted."""

from __future__ import annotations

from basketry_airflow.console.viewer import Viewer

AUDIENCE = "gold.marketing_audience"
CONTACT = ("name", "email", "phone")


def contact_columns(viewer: Viewer, alias: str) -> tuple[str, str]:
    """What to add to a SELECT over `alias.customer_id`: its columns and its join; both empty for a team without the right."""
    if not viewer.sees_people() or viewer.missing("Contacts", "weekly_marketing", AUDIENCE):
        return "", ""
    seen = viewer.columns(AUDIENCE)
    columns = "".join(f", a.{name}" for name in CONTACT if name in seen)
    newest = f"SELECT max(as_of) FROM {AUDIENCE}"  # noqa: S608 the console's own words
    return columns, f" LEFT JOIN {AUDIENCE} AS a ON a.customer_id = {alias}.customer_id AND a.as_of = ({newest})"
