"""One statement on the target's SQL warehouse, waited for also where the warehouse sleeps."""

from __future__ import annotations

import time

from tools.deploy.workspace import Site

WAIT_SECONDS = 900.0
"""A classic or pro warehouse takes minutes to wake up; this is longer than any of them."""

FIRST_WAIT, POLL_SECONDS = "10s", 2.0
"""How long the first request waits, and the time between two looks afterwards."""


def run_statement(site: Site, sql: str, *, seconds: float = WAIT_SECONDS) -> list[list[str]]:
    """Run one statement on the target's warehouse to its end, and return its first rows as texts.

    Args:
        site: The workspace and the target.
        sql: The statement.
        seconds: How long the warehouse may take, waking up included.

    Raises:
        DatabricksError: It failed, or did not end in time.
    """
    from databricks.sdk.errors import DatabricksError

    api = site.client.statement_execution
    answer = api.execute_statement(sql, str(site.warehouse_id), wait_timeout=FIRST_WAIT)
    deadline = time.monotonic() + seconds
    while (state := answer.status.state.value if answer.status and answer.status.state else "") in (
        "PENDING",
        "RUNNING",
    ):
        if time.monotonic() > deadline:
            api.cancel_execution(str(answer.statement_id))
            raise DatabricksError(
                f"the warehouse did not answer within {seconds:g} seconds: it is still {state.lower()}"
            )
        time.sleep(POLL_SECONDS)
        answer = api.get_statement(str(answer.statement_id))
    if state != "SUCCEEDED":
        message = answer.status.error.message if answer.status and answer.status.error else state
        raise DatabricksError(f"the warehouse answered: {message}")
    return list((answer.result.data_array if answer.result else None) or [])
