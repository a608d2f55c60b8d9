"""The errors that a person can meet, each with one sentence that names the thing and the fix."""

from __future__ import annotations

BAD_INPUT_EXIT = 65
"""Exit code of a job that was given what it can never accept (EX_DATAERR of sysexits.h): Airflow does not retry it."""

TRY_AGAIN_EXIT = 75
"""Exit code of a job that needs something which does not answer (EX_TEMPFAIL of sysexits.h): Airflow retries it."""


class BasketryError(Exception):
    """Base of every error that Basketry raises on purpose."""


class BadInputError(BasketryError):
    """What was given can never work: an argument, a file, a contract. Retrying is pointless, a person must act."""

    def __init__(self, message: str) -> None:
        """Keep one sentence; the prefix is what the retry policy recognises through Databricks' error text."""
        super().__init__(f"BAD_INPUT: {message}")
        self.message = message


class TryAgainError(BasketryError):
    """Something that is needed does not answer now. Not bad input: it may pass by itself."""


class NothingDeliveredError(BadInputError):
    """No file is there to be loaded; names the landing folder and what it holds."""


class NotDeliveredError(BadInputError):
    """A day is asked for that no delivery of order lines tells of yet; names the last one that is told of."""


class ContractError(BadInputError):
    """A contract says something impossible; names the file, the line and the nearest right word."""


class RefusedFileError(BadInputError):
    """A delivered file cannot be loaded as a whole; names the file, the line where known, and the fix."""


class TableError(BasketryError):
    """A table and its declaration disagree; a defect of the code or of a hand-made change, never of a delivery."""
