"""Which version scores: the champion now, the one of a day, or one that is named; and what to do when it is gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from pyspark.sql import Row
from pyspark.sql import functions as F

from basketry import registry
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.registry.artifacts import untrusted
from basketry.registry.judging import COMPARED_WITH, PROBLEM
from basketry.registry.ledger import CONVERSION, REFUSE
from basketry.registry.models import ModelSpec
from basketry.registry.promotion_history import champions_until, former_champions
from basketry.tables import PROMOTIONS

Loaded = TypeVar("Loaded")

_LOOKS, _PAUSE = 10, 2.0
"""How often it is looked, and seconds in between, whether a promotion that is noted has moved its alias."""


@dataclass(frozen=True)
class ModelLoader(Generic[Loaded]):
    """How versions of a kind of model are made of their plain values.

    Attributes:
        spec: The kind of model.
        restore: Makes a version from its number and its plain values; fails in any way when they are another model's.
    """

    spec: ModelSpec
    restore: Callable[[str, Mapping[str, Any]], Loaded]

    def load(self, lake: Lakehouse, number: str) -> Loaded:
        """Load a version, if a promotion let it in and its files are still the same; of an earlier release's the converted one.

        Args:
            lake: The lakehouse with ops.promotions.
            number: The version.

        Raises:
            ModelGoneError: The version cannot be loaded.
            BadInputError: It was never promoted, or refused since.
            UntrustedModelError: Its files are not those that were promoted.
        """
        name = registry.registered_name(lake.catalog, self.spec.name)
        promotions = read_promotions(lake, name)
        number = _converted(promotions, number)
        digest = _promoted_digest(promotions, name, number)
        state = registry.load_plain_values(name, number, self.spec.name, digest)
        with registry.loading_version(name, number):
            return self.restore(number, state)


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
        BadInputError: There is no champion, none that loads, or the version that was asked for was never promoted.
        UntrustedModelError: The alias was moved by hand, or files are not those that were promoted.
    """
    name = registry.registered_name(lake.catalog, loader.spec.name)
    if wanted == registry.CHAMPION:
        return (_champion(lake, loader, name, tuple(dates)),)
    if wanted == registry.AS_THEN:
        numbers = champions_until(champion_promotions(lake, name), name, dates)
    else:
        numbers = dict.fromkeys(dates, wanted)
    return tuple(
        ResolvedVersion(loader.load(lake, number), tuple(day for day in dates if numbers[day] == number))
        for number in dict.fromkeys(numbers.values())
    )


def _champion(
    lake: Lakehouse, loader: ModelLoader[Loaded], name: str, dates: tuple[date, ...]
) -> ResolvedVersion[Loaded]:
    number = champion_version(lake, loader.spec)
    problem = f"the alias champion of {name} is gone"
    if number is not None:
        try:
            return ResolvedVersion(loader.load(lake, number), dates)
        except registry.OldModelError:
            raise
        except registry.ModelGoneError as error:
            problem = error.message.partition(":")[0]
    earlier = [other for other in former_champions(champion_promotions(lake, name)) if other != number]
    for other in earlier:
        try:
            version = loader.load(lake, other)
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


def champion_version(lake: Lakehouse, spec: ModelSpec) -> str | None:
    """Return the version that the alias champion names; None when it names none.

    Args:
        lake: The lakehouse with ops.promotions.
        spec: The kind of model.

    Raises:
        UntrustedModelError: No promotion moved the alias there.
    """
    name = registry.registered_name(lake.catalog, spec.name)
    for _ in range(_LOOKS):
        number = registry.alias_version(name, registry.CHAMPION)
        newest = next(iter(reversed(champion_promotions(lake, name))), None)
        if number is None or (newest is not None and number == newest.champion_after):
            return number
        if newest is None or number != newest.champion_before:
            break
        time.sleep(_PAUSE)  # a promotion notes first what it does, and moves the alias a moment later
    says = f"ops.promotions says {newest.champion_after if newest else 'none'}"
    raise untrusted(name, str(number), f"the alias champion of {name} names version {number}, but {says}")


def champion_to_compare(lake: Lakehouse, loader: ModelLoader[Loaded]) -> tuple[Loaded | None, dict[str, str]]:
    """Load the champion with which a training compares, and return it with the tags by which the gate knows of it.

    Args:
        lake: The lakehouse with ops.promotions.
        loader: Loads versions of the kind of model.

    Raises:
        UntrustedModelError: The champion is not what was promoted.
    """
    number = champion_version(lake, loader.spec)
    if number is None:
        return None, {COMPARED_WITH: ""}
    try:
        return loader.load(lake, number), {COMPARED_WITH: number}
    except registry.ModelGoneError as error:
        return None, {COMPARED_WITH: "", PROBLEM: f"The champion was not compared: {error.message}"}


def read_promotions(lake: Lakehouse, name: str) -> list[Row]:
    """Read the verdicts about a model, the oldest first.

    Args:
        lake: The lakehouse with ops.promotions.
        name: The registered model.
    """
    if not lake.exists(PROMOTIONS):
        return []
    rows = lake.read(PROMOTIONS)
    if "artifacts" not in rows.columns:  # as an earlier release wrote it
        rows = rows.withColumn("artifacts", F.lit(None).cast("string"))
    decided_on = "CAST(decided_at AS DATE) AS decided_on"  # the session's time zone is UTC
    return [row for row in rows.selectExpr("*", decided_on).orderBy("number").collect() if row.model == name]


def champion_promotions(lake: Lakehouse, name: str) -> list[Row]:
    """Read the verdicts that decided which version scores, oldest first.

    Args:
        lake: The lakehouse with ops.promotions.
        name: The registered model.
    """
    return [row for row in read_promotions(lake, name) if row.verdict != REFUSE and row.champion_after is not None]


def _converted(promotions: Sequence[Row], number: str) -> str:
    """Return the version of plain values that an upgrade made of a version; the version itself where there is none."""
    conversions = {row.champion_before: str(row.champion_after) for row in promotions if row.run_id == CONVERSION}
    return conversions.get(number, number)


def _promoted_digest(promotions: Sequence[Row], name: str, number: str) -> str:
    """Return the digest of the files with which a version became champion.

    Raises:
        BadInputError: It never did, or its newest verdict is a refusal.
        OldModelError: An earlier release promoted it and noted no digest.
    """
    verdicts = [row for row in promotions if row.version == number]
    if not verdicts or verdicts[-1].verdict == REFUSE:
        raise BadInputError(
            f"version {number} of {name} was not promoted: only what ops.promotions let in is loaded, so name another one or"
            " have its gate judge it."
        )
    digest = verdicts[-1].artifacts
    if digest is None:
        raise registry.OldModelError(
            f"version {number} of {name} was promoted by an earlier release that noted no digest of its files: run make upgrade."
        )
    return str(digest)
