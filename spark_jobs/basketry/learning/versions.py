"""Which version scores: the champion now, the one of a day, or one that is named; and what to do when it is gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from pyspark.sql import Row

from basketry import registry
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.registry.promotion_history import champions_until, former_champions
from basketry.tables import PROMOTIONS

Loaded = TypeVar("Loaded")


@dataclass(frozen=True)
class Kind(Generic[Loaded]):
    """A kind of model. load: a version from its registered name and number, ModelGoneError when it is gone.

    training: the job that makes versions, as people run it.
    """

    model: str
    load: Callable[[str, str], Loaded]
    training: str


@dataclass(frozen=True)
class Choice(Generic[Loaded]):
    """A loaded version, the as-of dates that it scores, and why it is not the one that was asked for, if so."""

    version: Loaded
    dates: tuple[date, ...]
    note: str = ""


def choose(lake: Lakehouse, kind: Kind[Loaded], wanted: str, dates: Sequence[date]) -> tuple[Choice[Loaded], ...]:
    """The version for each of the dates, each resolved and loaded once.

    wanted: champion, as-then or a version. Only a champion that is gone is replaced, by the last one that still loads;
    a version that was asked for by name or by date is not: ModelGoneError.
    """
    name = registry.registered_name(lake.catalog, kind.model)
    if wanted == registry.CHAMPION:
        return (_champion(lake, kind, name, tuple(dates)),)
    numbers = (
        champions_until(promotion_history(lake, name), name, dates)
        if wanted == registry.AS_THEN
        else dict.fromkeys(dates, wanted)
    )
    return tuple(
        Choice(kind.load(name, number), tuple(day for day in dates if numbers[day] == number))
        for number in dict.fromkeys(numbers.values())
    )


def _champion(lake: Lakehouse, kind: Kind[Loaded], name: str, dates: tuple[date, ...]) -> Choice[Loaded]:
    number = registry.alias_version(name, registry.CHAMPION)
    problem = f"the alias champion of {name} is gone"
    if number is not None:
        try:
            return Choice(kind.load(name, number), dates)
        except registry.ModelGoneError as error:
            problem = error.message.partition(":")[0]
    earlier = [other for other in former_champions(promotion_history(lake, name)) if other != number]
    for other in earlier:
        try:
            found = kind.load(name, other)
        except registry.ModelGoneError:
            continue
        return Choice(found, dates, f"{problem}: scored with version {other}, the last good champion")
    if number is None and not earlier:
        raise BadInputError(f"{name} has no champion: run {kind.training} and let its gate promote a version.")
    raise BadInputError(f"{problem}, and so are its predecessors: run {kind.training} and promote a version.")


def promotion_history(lake: Lakehouse, name: str) -> list[Row]:
    """Verdicts that decided who scores, oldest first. name: of the registered model."""
    if not lake.exists(PROMOTIONS):
        return []
    day_after = "CAST(decided_at AS DATE) AS decided_on"  # the session's time zone is UTC
    rows = lake.read(PROMOTIONS).selectExpr("*", day_after).where("verdict <> 'refuse' AND champion_after IS NOT NULL")
    return [row for row in rows.orderBy("number").collect() if row.model == name]
