"""The states of a run, in both vocabularies that the Jobs API answers with: `state` (old) and `status` (new)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

TERMINAL_LIFE_CYCLES = frozenset({"TERMINATED", "SKIPPED", "INTERNAL_ERROR"})
"""Life cycle states that a run never leaves; the new vocabulary calls all three TERMINATED, with different codes."""

QUEUE_REASON = "Queued due to reaching the workspace limit of active task runs."


@dataclass(frozen=True, kw_only=True)
class State:
    """One state of a run or of a task; code and blame are Databricks' termination code and type, empty while active."""

    life_cycle: str
    result: str = ""
    message: str = ""
    code: str = ""
    blame: str = ""

    @property
    def terminal(self) -> bool:
        """Whether the run stays as it is for ever."""
        return self.life_cycle in TERMINAL_LIFE_CYCLES

    @property
    def stopped(self) -> bool:
        """Whether a person or a time limit ended it."""
        return self.result in {"CANCELED", "TIMEDOUT"}

    def saying(self, message: str) -> State:
        """The same state with another message."""
        return replace(self, message=message)

    def as_state(self) -> dict[str, Any]:
        """The `state` object; result_state is left out while the run is active, as the service does."""
        body = {
            "life_cycle_state": self.life_cycle,
            "state_message": self.message,
            "user_cancelled_or_timedout": self.stopped,
        }
        if self.result:
            body["result_state"] = self.result
        if self.life_cycle == "QUEUED":
            body["queue_reason"] = QUEUE_REASON
        return body

    def as_status(self) -> dict[str, Any]:
        """The `status` object of Jobs API 2.2."""
        if not self.terminal:
            body: dict[str, Any] = {"state": self.life_cycle}
            if self.life_cycle == "QUEUED":
                body["queue_details"] = {"code": "ACTIVE_RUNS_LIMIT_REACHED", "message": QUEUE_REASON}
            return body
        details = {"code": self.code, "type": self.blame, "message": self.message}
        return {"state": "TERMINATED", "termination_details": details}


QUEUED = State(life_cycle="QUEUED")
PENDING = State(life_cycle="PENDING", message="Waiting for cluster")
RUNNING = State(life_cycle="RUNNING", message="In run")
TERMINATING = State(life_cycle="TERMINATING", message="Terminating the run")
SUCCEEDED = State(life_cycle="TERMINATED", result="SUCCESS", message="", code="SUCCESS", blame="SUCCESS")
FAILED = State(
    life_cycle="TERMINATED",
    result="FAILED",
    message="Workload failed, see run output for details",
    code="RUN_EXECUTION_ERROR",
    blame="CLIENT_ERROR",
)
CANCELED = State(
    life_cycle="TERMINATED", result="CANCELED", message="Run cancelled.", code="USER_CANCELED", blame="CLIENT_ERROR"
)
TIMED_OUT = State(
    life_cycle="TERMINATED", result="TIMEDOUT", message="Run timed out.", code="CANCELED", blame="CLIENT_ERROR"
)
UPSTREAM_FAILED = State(
    life_cycle="SKIPPED",
    result="UPSTREAM_FAILED",
    message="An upstream task failed.",
    code="SKIPPED",
    blame="CLIENT_ERROR",
)
SKIPPED = State(
    life_cycle="SKIPPED",
    result="MAXIMUM_CONCURRENT_RUNS_REACHED",
    message="Run was skipped: the workspace has reached its limit of concurrent runs.",
    code="MAX_CONCURRENT_RUNS_EXCEEDED",
    blame="CLIENT_ERROR",
)
CLUSTER_FAILED = State(
    life_cycle="INTERNAL_ERROR",
    result="FAILED",
    message="Unexpected failure while waiting for the cluster to be ready. Cause: CLOUD_PROVIDER_LAUNCH_FAILURE",
    code="CLUSTER_ERROR",
    blame="CLOUD_FAILURE",
)


def cluster_lost(cluster_id: str, reason: str) -> State:
    """The end of a task whose cluster did not outlive it. reason: a TerminationReasonCode."""
    message = f"Cluster '{cluster_id}' was terminated. Reason: {reason} (CLOUD_FAILURE)."
    return State(
        life_cycle="INTERNAL_ERROR", result="FAILED", message=message, code="CLUSTER_ERROR", blame="CLOUD_FAILURE"
    )


def run_state(tasks: dict[str, State]) -> State:
    """The state of a finished run from those of its tasks, by task key.

    A run with a failed task is INTERNAL_ERROR and FAILED even where the task itself is TERMINATED and FAILED: that is
    what the service answers, and why a client that looks at TERMINATED alone waits for ever.
    """
    for key, state in tasks.items():
        if state.stopped:
            return state
        if state.result == "FAILED":
            message = f"Task {key} failed with message: {state.message}."
            return State(
                life_cycle="INTERNAL_ERROR", result="FAILED", message=message, code=state.code, blame=state.blame
            )
    return SUCCEEDED
