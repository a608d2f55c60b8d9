"""Retries by cause: what may pass by itself is tried again with back-off, what a person must fix is not."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import RetryDecision, RetryPolicy

from basketry.errors import (
    BAD_INPUT_EXIT,
    LOGIN_EXIT,
    TRY_AGAIN_EXIT,
    UNTRUSTED_EXIT,
    BadInputError,
    UntrustedModelError,
)

if TYPE_CHECKING:
    from airflow.sdk import Context

FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=15)

BAD_INPUT = re.compile(r"^[\w.]*Error: BAD_INPUT: ", re.MULTILINE)
"""A job's own words, at the start of a line: a traceback also echoes source lines that may contain the marker."""

REMOTE_ERRORS = re.compile(r"failed with terminal state: \{.*?\} and with the errors (?P<errors>\[.*)", re.DOTALL)
REMOTE_BAD_INPUT = re.compile(rf"'error': ['\"](?:[\w.]*Error: BAD_INPUT: |SystemExit: {BAD_INPUT_EXIT}\b)")
REMOTE_UNTRUSTED = re.compile(rf"'error': ['\"](?:[\w.]*UntrustedModelError: |SystemExit: {UNTRUSTED_EXIT}\b)")
CANCELED = re.compile(r"failed with terminal state: \{[^}]*'result_state': 'CANCELED'")
EXIT_CODE = re.compile(r"^(?:Cannot execute: .*\. )?Error code is: (?P<code>-?\d+)\.\s*$", re.MULTILINE)

UNANSWERED = "InternalError: |TemporarilyUnavailable: |DeadlineExceeded: |TimeoutError: Timed out after "
"""How errors of databricks-sdk begin, recognised by their names: importing it takes seconds."""

CAUSES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (
            r"Invalid access token|Status Code: 401\b|^Unauthenticated: ",
            "the login was refused: renew the connection's token",
        ),
        (
            r"Status Code: 403\b|^PermissionDenied: ",
            "the workspace refused: make deploy-check names the missing permission",
        ),
        (
            r"(?:Status Code|last error): 429\b|REQUEST_LIMIT_EXCEEDED|^TooManyRequests: ",
            "the workspace had too many requests",
        ),
        (rf"requests to Databricks failed|Status Code: 5\d\d\b|^(?:{UNANSWERED})", "the workspace did not answer"),
        (r"'life_cycle_state': 'SKIPPED'", "the run was skipped: too many runs at once"),
        (
            r"waiting for the cluster to be ready|CLOUD_PROVIDER_LAUNCH_FAILURE|^ClusterError: ",
            "no cluster could be started",
        ),
        (
            r"[Cc]luster '?[\w-]+'? was terminated|Could not reach driver of cluster",
            "the cluster was lost while the job ran",
        ),
        (r"'result_state': 'TIMEDOUT'", "the run took longer than its compute profile allows"),
        (
            rf"^RegistryLoginError: |Error code is: {LOGIN_EXIT}\.|'error': ['\"][\w.]*RegistryLoginError: ",
            "the model registry refused the login: the task's log says how to mend it",
        ),
        (
            rf"^RegistryDownError: |Error code is: {TRY_AGAIN_EXIT}\.|'error': ['\"][\w.]*RegistryDownError: ",
            "the model registry did not answer",
        ),
        (r"^OffersBehindError: ", "offers wait for longer than they should: the workspace's job does not keep up"),
    )
)
"""What was done to a run, in words for an alert; a closed list, because an error's own text may hold a delivered value."""

UNKNOWN_CAUSE = "see the task's log"


class JobRetryPolicy(RetryPolicy):
    """Decides from the error alone, because both operators raise one and the same type for every cause."""

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Fail what can never pass; otherwise wait twice as long after every try, from 30 s to 15 min."""
        if reason := never_passes(exception):
            return RetryDecision.fail(reason)
        return RetryDecision.retry(delay=back_off(try_number), reason="may pass by itself")

    def serialize(self) -> dict[str, Any]:
        """Return nothing to store: the policy has no settings."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> JobRetryPolicy:
        """Return the policy, from nothing."""
        return cls()


def never_passes(exception: BaseException) -> str | None:
    """Return why another try cannot help, or None when it may."""
    text = str(exception)
    if isinstance(exception, UntrustedModelError) or _ends_with(text, UNTRUSTED_EXIT, REMOTE_UNTRUSTED):
        return UntrustedModelError.cause
    if isinstance(exception, BadInputError) or _is_bad_input(text):
        return "bad input: a person must correct what was given"
    if CANCELED.search(text):
        return "cancelled by a person"
    return None


def cause_of(exception: BaseException | None) -> str:
    """Return why a task failed, in words of ours alone."""
    if exception is None:
        return UNKNOWN_CAUSE
    if reason := never_passes(exception):
        return reason
    text = f"{type(exception).__name__}: {exception}"
    return next((words for pattern, words in CAUSES if pattern.search(text)), UNKNOWN_CAUSE)


def _is_bad_input(text: str) -> bool:
    if EXIT_CODE.search(text) or REMOTE_ERRORS.search(text):
        return _ends_with(text, BAD_INPUT_EXIT, REMOTE_BAD_INPUT)
    return BAD_INPUT.search(text) is not None


def _ends_with(text: str, code: int, remote_error: re.Pattern[str]) -> bool:
    """Return whether a job's script ended with the exit code, or a Databricks run with such an error."""
    exit_code = EXIT_CODE.search(text)
    if exit_code:
        return int(exit_code["code"]) == code
    remote = REMOTE_ERRORS.search(text)
    return remote is not None and remote_error.search(remote["errors"]) is not None


def back_off(try_number: int) -> timedelta:
    """Return how long to wait after the try of that number (1 is the first)."""
    doublings = min(max(try_number - 1, 0), 10)
    delay: timedelta = min(FIRST_DELAY * 2**doublings, LONGEST_DELAY)
    return delay
