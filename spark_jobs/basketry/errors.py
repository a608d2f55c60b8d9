"""The errors that a person can meet, each with a sentence that names the cause and the fix."""

from __future__ import annotations

BAD_INPUT_EXIT = 65
"""Exit code of a job that was given what it can never accept (EX_DATAERR of sysexits.h): Airflow does not retry it."""

TRY_AGAIN_EXIT = 75
"""Exit code of a job that needs a service which does not answer (EX_TEMPFAIL of sysexits.h): Airflow retries it."""


class BasketryError(Exception):
    """The base of every error that Basketry raises on purpose."""


class BadInputError(BasketryError):
    """An argument, a file or a contract can never work. Retrying is pointless, a person must act."""

    def __init__(self, message: str) -> None:
        """Store the sentence; the prefix is what the retry policy recognises in the error text of Databricks."""
        super().__init__(f"BAD_INPUT: {message}")
        self.message = message


class TryAgainError(BasketryError):
    """A service that is needed does not answer now. This is not bad input: it may pass by itself."""


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
