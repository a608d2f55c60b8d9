"""What an error of MLflow or of the Databricks SDK means: no answer, a login that was refused, or something that can never be.

MLflow raises one type for every cause, and calls "internal" both a server's failure and what its own client refuses without
asking anybody. Plain Python; MLflow is imported when it is asked.
"""

from __future__ import annotations

from enum import Enum

_DOWN = {
    "TEMPORARILY_UNAVAILABLE",
    "REQUEST_LIMIT_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "DEADLINE_EXCEEDED",
    "ENDPOINT_NOT_FOUND",
}
_LOGIN = {"PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED", "UNAUTHENTICATED"}
_PASSES = {"ABORTED", "CANCELLED", "RESOURCE_CONFLICT"}
"""Of two who change the same at once; another try may find it done."""

_INTERNAL = "INTERNAL_ERROR"
"""What MLflow takes for the code where none is given, and for every code that it does not know."""

_REQUEST = "API request to "
"""How MLflow's message begins for a request that got no answer, or one that is none of MLflow's."""

_TOO_MANY, _SERVER_ERRORS = 429, 500
"""HTTP statuses: too many requests; the first of those that are the server's fault."""


class Failure(Enum):
    """What became of a question."""

    UNANSWERED = "unanswered"
    REFUSED_LOGIN = "refused login"
    REFUSED = "refused"
    UNKNOWN = "unknown"


def failure_of(error: BaseException) -> Failure:
    """Return what an error means, with those that it was raised from: MLflow often wraps what it met."""
    cause: BaseException | None = error
    while cause is not None:
        if (failure := _failure_of(cause)) in (Failure.UNANSWERED, Failure.REFUSED_LOGIN):
            return failure
        cause = cause.__cause__
    return _failure_of(error)


def mlflow_code(error: BaseException) -> str:
    """Return MLflow's code for the cause; empty for an error of somebody else."""
    from mlflow.exceptions import MlflowException

    return str(error.error_code) if isinstance(error, MlflowException) else ""


def _failure_of(error: BaseException) -> Failure:
    from requests.exceptions import RequestException

    code = mlflow_code(error)
    if isinstance(error, RequestException):
        return _failure_of_request(error)
    if isinstance(error, TimeoutError) or code in _DOWN or (code == _INTERNAL and _is_of_the_server(error)):
        return Failure.UNANSWERED
    if code in _LOGIN:
        return Failure.REFUSED_LOGIN
    return Failure.REFUSED if code and code not in _PASSES else Failure.UNKNOWN


def _failure_of_request(error: BaseException) -> Failure:
    """Return what a request's error means: one with an answer by its status, one without as none."""
    response = getattr(error, "response", None)
    status = _SERVER_ERRORS if response is None else int(response.status_code)
    if status in (401, 403):
        return Failure.REFUSED_LOGIN
    return Failure.UNANSWERED if status >= _SERVER_ERRORS or status == _TOO_MANY else Failure.UNKNOWN


def _is_of_the_server(error: BaseException) -> bool:
    """Return whether an error called internal came back from a server, rather than out of MLflow's client."""
    from mlflow.exceptions import RestException

    if not isinstance(error, RestException):
        return str(error).startswith(_REQUEST)
    code = str(error.json.get("error_code") or _INTERNAL)
    return code == _INTERNAL or (code.isdecimal() and int(code) >= _SERVER_ERRORS)
