"""The errors that a person can meet, each with a sentence that names the cause and the fix."""

from __future__ import annotations

BAD_INPUT_EXIT = 65
"""Exit code of a job that was given what it can never accept (EX_DATAERR of sysexits.h): Airflow does not retry it."""

TRY_AGAIN_EXIT = 75
"""Exit code of a job that needs a service which does not answer (EX_TEMPFAIL of sysexits.h): Airflow retries it."""

LOGIN_EXIT = 78
"""Exit code of a job whose login a service refuses (EX_CONFIG): Airflow retries it, since a person may mend it meanwhile."""

UNTRUSTED_EXIT = 77
"""Exit code of a job that found another model than the one that was promoted (EX_NOPERM): never retried, and an alarm."""


class BasketryError(Exception):
    """The base of every error that Basketry raises on purpose."""


class BadInputError(BasketryError):
    """An argument, a file or a contract can never work. Retrying is pointless, a person must act."""

    def __init__(self, message: str) -> None:
        """Store the sentence; the prefix is what the retry policy recognises in the error text of Databricks."""
        super().__init__(f"BAD_INPUT: {message}")
        self.message = message


class UntrustedModelError(BadInputError):
    """A model is not the one that was promoted: somebody changed the registry.

    Attributes:
        cause: The cause that alerts name.
    """

    cause = "the model is not the one that was promoted: nothing scores until a person has looked"


class TryAgainError(BasketryError):
    """A service that is needed does not answer now. This is not bad input: it may pass by itself.

    Attributes:
        exit_code: With which a job ends.
    """

    exit_code = TRY_AGAIN_EXIT


class NothingDeliveredError(BadInputError):
    """There is no file to be loaded; the sentence names the landing folder and what it holds."""


class NotDeliveredError(BadInputError):
    """A day was asked for that no delivery of order lines reaches yet; the sentence names the last day delivered."""


class ContractError(BadInputError):
    """A contract says something impossible; the sentence names the file, the line and the nearest right word."""


class RefusedFileError(BadInputError):
    """A delivered file cannot be loaded as a whole; the sentence names the file, the line if known, and the fix."""


class TableError(BasketryError):
    """A table and its declaration disagree: a defect of the code or of a change by hand, never of a delivery."""
