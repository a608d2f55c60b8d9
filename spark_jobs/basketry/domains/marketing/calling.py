"""When calls may be made: include/calling.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from basketry.config.documents import Node
from basketry.config.locator import load_document
from basketry.config.model import Document, Label, Mistake, Reads, one_of

FILE = "calling.yaml"
EARLIEST, LATEST = time(8), time(21)
"""No telephone solicitation before 8:00 or after 21:00 local time of the person called: 47 CFR 64.1200(c)(1)."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])\Z")
_STATE = re.compile(r"[A-Z]{2}\Z")


@dataclass(frozen=True)
class Hours:
    """When calls may be made.

    Attributes:
        opens: First local time.
        closes: Last local time.
        days: Days of the week (0 = Monday).
    """

    opens: time
    closes: time
    days: frozenset[int]


_WIDEST = Hours(EARLIEST, LATEST, frozenset())


@dataclass(frozen=True)
class Calling:
    """The values of include/calling.yaml.

    Attributes:
        usual: The usual hours.
        states: Hours of the states that differ.
    """

    usual: Hours
    states: Mapping[str, Hours]

    def hours(self, state: str) -> Hours:
        """Return the hours of a state; '' stands for an unknown state."""
        return self.states.get(state, self.usual)


def _clock(node: Node) -> time:
    match = _CLOCK.match(node.text)
    if match is None:
        raise Mistake("{what} is '{text}'; write it as \"09:00\".", text=node.text)
    return time(int(match[1]), int(match[2]))


_Clock = Annotated[time, Reads(_clock), Label("{0} of {1}")]
_Days = Annotated[tuple[Annotated[str, one_of(_DAYS), Label("day")], ...], Label("days of {1}")]


class StateHours(Document):
    """The hours of a state; what is left out is as usual."""

    opens: _Clock | None = Field(None, alias="from")
    closes: _Clock | None = Field(None, alias="to")
    days: _Days | None = None

    def merged(self, usual: Hours) -> Hours:
        """Return the hours, with the usual ones where nothing else is said; a Mistake beyond the federal limit."""
        opens, closes = self.opens or usual.opens, self.closes or usual.closes
        if not EARLIEST <= opens < closes <= LATEST:
            hours = f"{opens:%H:%M} to {closes:%H:%M}"
            raise Mistake("{what}: {hours} is not within the federal limit of 08:00 to 21:00.", hours=hours)
        return Hours(opens, closes, usual.days if self.days is None else frozenset(map(_DAYS.index, self.days)))


class UsualHours(StateHours):
    """The hours where no state says otherwise."""

    opens: _Clock = Field(alias="from")
    closes: _Clock = Field(alias="to")
    days: _Days

    @model_validator(mode="after")
    def _check_limit(self) -> Self:
        self.merged(_WIDEST)
        return self


class CallingSettings(Document):
    """The file."""

    hours: UsualHours
    states: Mapping[str, StateHours] = {}

    @model_validator(mode="after")
    def _check_states(self) -> Self:
        usual = self.hours.merged(_WIDEST)
        for name, hours in self.states.items():
            if not _STATE.match(name):
                raise Mistake("'{0}' is no state: write its two-letter code.", "states", name)
            try:
                hours.merged(usual)
            except Mistake as mistake:
                raise mistake.below("states", name) from None
        return self


def load_calling(include: Path) -> Calling:
    """Read when calls may be made.

    Args:
        include: Folder that holds calling.yaml.

    Raises:
        ContractError: Hours are outside the federal limit, or a key or day is unknown.
    """
    settings = load_document(CallingSettings, include / FILE, FILE)
    usual = settings.hours.merged(_WIDEST)
    return Calling(usual, {name: hours.merged(usual) for name, hours in settings.states.items()})
