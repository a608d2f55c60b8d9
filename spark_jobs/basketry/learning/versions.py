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
from basketry.registry.models import ModelSpec
from basketry.registry.promotion_history import champions_until, former_champions
from basketry.tables import PROMOTIONS

Loaded = TypeVar("Loaded")


@dataclass(frozen=True)
class ModelLoader(Generic[Loaded]):
    """How versions of a kind of model are loaded.

    Attributes:
        spec: The kind of model.
        load: Loads a version from its registered name and number; raises ModelGoneError when it is gone.
    """

    spec: ModelSpec
    load: Callable[[str, str], Loaded]


@dataclass(frozen=True)
class ResolvedVersion(Generic[Loaded]):
    """A loaded version with the dates that it scores.

    Attributes:
        version: What `ModelLoader.load` returned.
        dates: The as-of dates that it scores.
        note: Why it is not the version that was asked for; empty when it is.
    """

    version: Loaded
    dates: tuple[date, ...]
    note: str = ""


def resolve(
    lake: Lakehouse, loader: ModelLoader[Loaded], wanted: str, dates: Sequence[date]
) -> tuple[ResolvedVersion[Loaded], ...]:
    """Find the version for each of the dates, each loaded once.

    Only a champion that is gone is replaced, by the last one that still loads; a version that was asked for by name or by
    date is not.

    Args:
        lake: The lakehouse with ops.promotions.
        loader: Loads versions of the kind of model.
        wanted: champion, as-then or a version.
        dates: As-of dates to score.

    Raises:
        ModelGoneError: A version that was asked for is gone.
        BadInputError: There is no champion, or none that loads.
    """
    name = registry.registered_name(lake.catalog, loader.spec.name)
    if wanted == registry.CHAMPION:
        return (_champion(lake, loader, name, tuple(dates)),)
    if wanted == registry.AS_THEN:
        numbers = champions_until(champion_promotions(lake, name), name, dates)
    else:
        numbers = dict.fromkeys(dates, wanted)
    return tuple(
        ResolvedVersion(loader.load(name, number), tuple(day for day in dates if numbers[day] == number))
        for number in dict.fromkeys(numbers.values())
    )


def _champion(
    lake: Lakehouse, loader: ModelLoader[Loaded], name: str, dates: tuple[date, ...]
) -> ResolvedVersion[Loaded]:
    number = registry.alias_version(name, registry.CHAMPION)
    problem = f"the alias champion of {name} is gone"
    if number is not None:
        try:
            return ResolvedVersion(loader.load(name, number), dates)
        except registry.ModelGoneError as error:
            problem = error.message.partition(":")[0]
    earlier = [other for other in former_champions(champion_promotions(lake, name)) if other != number]
    for other in earlier:
        try:
            version = loader.load(name, other)
        except registry.ModelGoneError:
            continue
        return ResolvedVersion(version, dates, f"{problem}: scored with version {other}, the last good champion")
    if number is None and not earlier:
        raise BadInputError(
            f"{name} has no champion: run {loader.spec.training_command} and let its gate promote a version."
        )
    raise BadInputError(
        f"{problem}, and so are its predecessors: run {loader.spec.training_command} and promote a version."
    )


def champion_promotions(lake: Lakehouse, name: str) -> list[Row]:
    """Read the verdicts that decided which version scores, oldest first.

    Args:
        lake: The lakehouse with ops.promotions.
        name: The registered model.
    """
    if not lake.exists(PROMOTIONS):
        return []
    decided_on = "CAST(decided_at AS DATE) AS decided_on"  # the session's time zone is UTC
    rows = lake.read(PROMOTIONS).selectExpr("*", decided_on).where("verdict <> 'refuse' AND champion_after IS NOT NULL")
    return [row for row in rows.orderBy("number").collect() if row.model == name]
