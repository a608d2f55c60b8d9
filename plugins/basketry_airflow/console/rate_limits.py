"""How much one user may ask and take away within an hour. Counted in the record of use, so it holds over workers and restarts."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from basketry.config.alerting import raise_alert
from basketry.errors import BasketryError
from basketry_airflow.console import audit
from basketry_airflow.console.viewer import Viewer

PER_HOUR = {audit.EXPORT: 30, audit.QUESTION: 300}
PERSONS_PER_HOUR = 50_000
"""Rows with contact data that one user may take away, in however many files."""
PERSONS_TO_TELL = 10_000
"""Rows from which on somebody is told."""
WINDOW = timedelta(hours=1)
_ONE_AT_A_TIME = threading.Lock()


class RateLimitError(BasketryError):
    """The user did it too often within the hour, or took too much."""


def check_limit(event: str, user: str) -> None:
    """Raise RateLimitError when the hour's share is used up: asked before a query, which costs something itself."""
    if audit.times_since(event, user, datetime.now(UTC) - WINDOW) >= PER_HOUR[event]:
        raise RateLimitError(f"More than {PER_HOUR[event]} {event}s within an hour: go on a little later.")


def rate_limit(event: str, viewer: Viewer, *, persons: int = 0, **facts: object) -> None:
    """Record the event, or raise RateLimitError when the hour's share is used up: what is not recorded does not happen.

    Args:
        event: One of PER_HOUR.
        viewer: Who does it.
        persons: Rows with contact data that would leave the house.
        facts: What else is recorded.
    """
    with _ONE_AT_A_TIME:
        check_limit(event, viewer.user)
        before = audit.persons_since(viewer.user, datetime.now(UTC) - WINDOW) if persons else 0
        if persons and before + persons > PERSONS_PER_HOUR:
            raise RateLimitError(
                f"More than {PERSONS_PER_HOUR:,} people with contact data within an hour: take a smaller list, or go on later."
            )
        audit.record(event, viewer.user, team=viewer.team.name, catalog=viewer.catalog.name, persons=persons, **facts)
    if before <= PERSONS_TO_TELL < before + persons:
        raise_alert(
            {
                "text": f"A user of the console took contact data of more than {PERSONS_TO_TELL:,} people within an hour.",
                "cause": "many contacts exported",
                "user": viewer.user,
                "team": viewer.team.name,
                "catalog": viewer.catalog.name,
                "persons": before + persons,
            }
        )
