"""What can be told to go wrong, how often, and where; one list for the Python API and the control endpoint."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    """The ways in which the workspace can fail."""

    SERVER_ERROR = "server_error"
    """The request is refused with `status` and nothing happens."""
    SERVER_ERROR_AFTER_ACCEPT = "server_error_after_accept"
    """The request is carried out, but the answer is `status`: the caller cannot know."""
    SLOW = "slow"
    """The request is carried out, but the answer comes `seconds` late, so that the caller's patience may end."""
    THROTTLE = "throttle"
    """429 with Retry-After: `seconds` (at least 1); nothing happens."""
    FORBID = "forbid"
    """403, as when a token's permission was taken away."""
    EXPIRED_TOKEN = "expired_token"
    """403 with the words that a token gets which is no longer valid."""
    LOST_OUTPUT = "lost_output"
    """get-output knows the run, but neither error nor trace: the driver died before it could say."""
    SKIP = "skip"
    """The next submitted run is SKIPPED."""
    QUEUE = "queue"
    """The next submitted run is QUEUED for `seconds`."""
    CLUSTER_FAILURE = "cluster_failure"
    """The next submitted run gets no cluster (INTERNAL_ERROR, its script never starts), or the next all-purpose one fails."""
    CANCEL = "cancel"
    """A person cancels the next submitted run `seconds` after its script has started."""


OPERATIONS = (
    "submit",
    "get",
    "get-output",
    "cancel",
    "list",
    "delete",
    "files",
    "statements",
    "workspace",
    "unity",
    "dashboards",
    "genie",
    "permissions",
    "clusters",
    "other",
)
"""What a request can be about; a request fault without an operation hits any of them."""

DEFAULT_OPERATION = {
    FaultKind.SERVER_ERROR_AFTER_ACCEPT: "submit",
    FaultKind.FORBID: "get",
    FaultKind.LOST_OUTPUT: "get-output",
}


@dataclass(kw_only=True)
class Fault:
    """One kind of failure that still happens `times` times, after `after` matching requests have passed unharmed.

    path: pattern of the `METHOD path` that it is meant for, any without.
    """

    kind: FaultKind
    operation: str | None
    times: int
    seconds: float
    status: int
    path: str = ""
    after: int = 0


class Faults:
    """The failures that are still to happen; safe to change while the server answers."""

    def __init__(self) -> None:
        """Nothing fails until told."""
        self._pending: list[Fault] = []
        self._lock = threading.Lock()

    def add(
        self,
        kind: str,
        *,
        operation: str | None = None,
        times: int = 1,
        seconds: float = 0.0,
        status: int = 500,
        path: str = "",
        after: int = 0,
    ) -> None:
        """Make the next `times` matching requests or runs fail; ValueError on an unknown kind or operation."""
        chosen = FaultKind(kind)
        if operation is not None and operation not in OPERATIONS:
            raise ValueError(f"'{operation}' is no operation; choose one of: {', '.join(OPERATIONS)}.")
        meant = operation or (None if path else DEFAULT_OPERATION.get(chosen))
        fault = Fault(kind=chosen, operation=meant, times=times, seconds=seconds, status=status, path=path, after=after)
        with self._lock:
            self._pending.append(fault)

    def take(self, kind: FaultKind, operation: str | None = None, asked: str = "") -> Fault | None:
        """The fault of this kind that happens now, or None; it counts as having happened."""
        with self._lock:
            for fault in self._pending:
                if (
                    fault.kind is not kind
                    or fault.operation not in (None, operation)
                    or not re.search(fault.path, asked)
                ):
                    continue
                if fault.after:
                    fault.after -= 1
                else:
                    fault.times -= 1
                    self._pending = [left for left in self._pending if left.times > 0]
                    return fault
        return None

    def pending(self) -> list[dict[str, Any]]:
        """What is still to happen, oldest first."""
        with self._lock:
            return [asdict(fault) for fault in self._pending]

    def clear(self) -> None:
        """Nothing fails any more."""
        with self._lock:
            self._pending.clear()
