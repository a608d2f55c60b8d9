"""Which version scores: the champion now, the one of a day, or one that is named; and what to do when it is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from basketry import registry
from basketry.champions import champions_until, former_champions, moves
from basketry.errors import BadInputError
from basketry.lakehouse import Lakehouse
from basketry.propensity import tracking

AS_THEN = "as-then"


@dataclass(frozen=True)
class Choice:
    """A loaded version, the as-of dates that it scores, and why it is not the one that was asked for, if so."""

    version: tracking.Version
    dates: tuple[date, ...]
    note: str = ""


def choose(lake: Lakehouse, wanted: str, dates: Sequence[date]) -> tuple[Choice, ...]:
    """The version for each of the dates, each resolved and loaded once.

    wanted: champion, as-then or a version. Only a champion that is gone is replaced, by the last one that still loads;
    a version that was asked for by name or by date is not: ModelGoneError.
    """
    name = tracking.registered(lake)
    if wanted == registry.CHAMPION:
        return (_champion(lake, name, tuple(dates)),)
    numbers = champions_until(lake, name, dates) if wanted == AS_THEN else dict.fromkeys(dates, wanted)
    return tuple(
        Choice(tracking.load(name, number), tuple(day for day in dates if numbers[day] == number))
        for number in dict.fromkeys(numbers.values())
    )


def _champion(lake: Lakehouse, name: str, dates: tuple[date, ...]) -> Choice:
    number = registry.alias_version(name, registry.CHAMPION)
    problem = f"the alias champion of {name} is gone"
    if number is not None:
        try:
            return Choice(tracking.load(name, number), dates)
        except tracking.ModelGoneError as error:
            problem = error.message.partition(":")[0]
    earlier = [other for other in former_champions(moves(lake, name)) if other != number]
    for other in earlier:
        try:
            found = tracking.load(name, other)
        except tracking.ModelGoneError:
            continue
        return Choice(found, dates, f"{problem}: scored with version {other}, the last good champion")
    if number is None and not earlier:
        raise BadInputError(f"{name} has no champion: run train_propensity and let its gate promote a version.")
    raise BadInputError(f"{problem}, and so are its predecessors: run train_propensity and promote a version.")
