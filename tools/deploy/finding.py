"""One line of a check, here and in `make doctor`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of a check.

    Attributes:
        what: What was looked at.
        wrong: What is wrong; empty when nothing is.
        fix: The command that mends it.
        untried: Why it could not be looked at; empty when it was.
    """

    what: str
    wrong: str = ""
    fix: str = ""
    untried: str = ""

    def __str__(self) -> str:
        """Return the line for people."""
        if self.untried:
            return f"{self.what}: not tried, {self.untried}"
        return f"{self.what}: {self.wrong}; {self.fix}" if self.wrong else f"{self.what}: ok"


def first_line(error: Exception) -> str:
    """Return the first line of an error's words, without the dot at its end."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
