"""How often one user may export or ask within an hour. Counted in the audit log, so it holds over workers and restarts."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from basketry.errors import BasketryError
from basketry_airflow.console import audit

PER_HOUR = {audit.EXPORT: 30, audit.QUESTION: 300}
WINDOW = timedelta(hours=1)
_ONE_AT_A_TIME = threading.Lock()


class RateLimitError(BasketryError):
    """The user did it too often within the hour."""

    def __init__(self, event: str) -> None:
        """Say which limit was reached.

        Args:
            event: One of PER_HOUR.
        """
        what = event.rpartition(".")[2]
        super().__init__(f"More than {PER_HOUR[event]} {what}s within an hour: go on a little later.")


def rate_limit(event: str, user: str, **facts: object) -> None:
    """Record the event, or raise RateLimitError when the hour's share is used up: what is not recorded does not happen."""
    with _ONE_AT_A_TIME:
        if audit.times_since(event, user, datetime.now(UTC) - WINDOW) >= PER_HOUR[event]:
            raise RateLimitError(event)
        audit.record(event, user, **facts)
