"""How to reach a customer: only for teams that see personal data in clear, and only who may be contacted at this moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa
from starlette.responses import StreamingResponse

from basketry.access.withdrawals import DELIVERED, Withdrawals, withdrawals_of
from basketry.errors import BadInputError
from basketry.tables import CHANNELS
from basketry.warehouse import TableState, Warehouse
from basketry_airflow.console import audit, rate_limits
from basketry_airflow.console.exports import MOST_ROWS, export
from basketry_airflow.console.viewer import Viewer

AUDIENCE, OPT_OUTS, CUSTOMERS = "gold.marketing_audience", "silver.opt_outs", "silver.customers"
CONTACT = ("name", "email", "phone")
MOST_WITHDRAWALS, SECONDS = 2_000_000, 60.0
"""Withdrawals that are held in memory to check a list; how long reading them may take."""


def contact_columns(viewer: Viewer, alias: str) -> tuple[str, str]:
    """Return what to add to a SELECT over `alias.customer_id`: columns and a join, both empty for a team without the right.

    The audience is as old as its last run: what comes of it goes through `export_customers`.
    """
    if not viewer.sees_people() or viewer.missing("Contacts", "weekly_marketing", AUDIENCE):
        return "", ""
    visible = viewer.columns(AUDIENCE)
    columns = "".join(f", a.{name}" for name in CONTACT if name in visible)
    newest = f"SELECT max(as_of) FROM {AUDIENCE}"  # noqa: S608 the console's own words
    return columns, f" LEFT JOIN {AUDIENCE} AS a ON a.customer_id = {alias}.customer_id AND a.as_of = ({newest})"


def export_customers(viewer: Viewer, name: str, sql: str, **values: Any) -> StreamingResponse:
    """Return the answer to a query over customers as a file, without contact data that a withdrawal now forbids to use."""
    rate_limits.check_limit(audit.EXPORT, viewer.user)
    answer = viewer.warehouse.query(sql, values, team=viewer.team.name, limit=MOST_ROWS)
    rows = answer.rows
    if any(channel in answer.columns for channel in CHANNELS):
        withdrawn = withdrawals(viewer)
        rows = tuple(_permitted(answer.columns, row, withdrawn) for row in rows)
    return export(viewer, name, answer.columns, rows)


def withdrawals(viewer: Viewer) -> Withdrawals:
    """Return all withdrawals of the catalog as they stand in silver; BadInputError where they are too many to look at."""
    return _withdrawals(viewer.warehouse, viewer.catalog.country, viewer.warehouse.states([OPT_OUTS, CUSTOMERS]))


@lru_cache(maxsize=4)
def _withdrawals(warehouse: Warehouse, country: str, states: tuple[TableState, ...]) -> Withdrawals:
    """Read the withdrawals.

    Args:
        warehouse: Where the tables are.
        country: The country of who names none.
        states: States of those of the two tables that exist; with other versions the answer is another.
    """
    names = {state.name for state in states}
    if OPT_OUTS not in names:
        return withdrawals_of(_as_table([]), country)
    customer = f"LEFT JOIN {CUSTOMERS} AS c ON c.customer_id = o.customer_id" if CUSTOMERS in names else ""
    alias = "c." if customer else "CAST(NULL AS STRING) AS "
    contact = ", ".join(f"{alias}{name}" for name in DELIVERED[2:])
    sql = f"SELECT o.customer_id, o.channel, {contact} FROM {OPT_OUTS} AS o {customer}"  # noqa: S608
    answer = warehouse.own(sql, limit=MOST_WITHDRAWALS, seconds=SECONDS)
    if answer.truncated:
        raise BadInputError(
            f"More than {MOST_WITHDRAWALS:,} withdrawals are known, too many to check a list: take the files of export_audience."
        )
    return withdrawals_of(_as_table(answer.rows), country)


def _as_table(rows: Sequence[Sequence[Any]]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else ((),) * len(DELIVERED)
    return pa.table([pa.array(column, pa.string()) for column in columns], names=list(DELIVERED))


def _permitted(columns: Sequence[str], row: Sequence[Any], withdrawn: Withdrawals) -> tuple[Any, ...]:
    """Return the row without what may not be used; a customer who can no longer be reached loses the name, too."""
    values: dict[str, Any] = dict(zip(columns, row, strict=True))
    for channel in CHANNELS:
        if values.get(channel) is not None and withdrawn.closes(channel, values["customer_id"], values[channel]):
            values[channel] = None
    if not _is_reachable(values) and "name" in values:
        values["name"] = None
    return tuple(values.values())


def _is_reachable(values: Mapping[str, Any]) -> bool:
    return any(values.get(channel) is not None for channel in CHANNELS)
