"""When calls may be made: include/calling.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path

from basketry.config.documents import Node, read_document

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


def load_calling(include: Path) -> Calling:
    """Read when calls may be made.

    Args:
        include: Folder that holds calling.yaml.

    Raises:
        ContractError: Hours are outside the federal limit, or a key or day is unknown.
    """
    root = read_document(include / FILE, FILE)
    top = root.mapping("the document", ("hours", "states"), ("hours",))
    usual = _hours(top["hours"], "hours", None)
    states = top["states"].expect(dict, "states") if "states" in top else {}
    return Calling(usual, {_state(name, node): _hours(node, name, usual) for name, node in states.items()})


def _state(name: str, node: Node) -> str:
    return name if _STATE.match(name) else node.fail(f"'{name}' is no state: write its two-letter code.")


def _hours(node: Node, what: str, usual: Hours | None) -> Hours:
    entries = node.mapping(what, ("from", "to", "days"), () if usual else ("from", "to", "days"))
    hours = usual or Hours(EARLIEST, LATEST, frozenset())
    opens = _clock(entries["from"], f"from of {what}") if "from" in entries else hours.opens
    closes = _clock(entries["to"], f"to of {what}") if "to" in entries else hours.closes
    if not EARLIEST <= opens < closes <= LATEST:
        node.fail(f"{what}: {opens:%H:%M} to {closes:%H:%M} is not within the federal limit of 08:00 to 21:00.")
    return Hours(opens, closes, _days(entries["days"], what) if "days" in entries else hours.days)


def _clock(node: Node, what: str) -> time:
    match = _CLOCK.match(node.text)
    if match is None:
        return node.fail(f"{what} is '{node.text}'; write it as \"09:00\".")
    return time(int(match[1]), int(match[2]))


def _days(node: Node, what: str) -> frozenset[int]:
    return frozenset(_DAYS.index(day.choice("day", _DAYS)) for day in node.items(f"days of {what}"))
