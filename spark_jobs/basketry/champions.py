"""Who was champion when, as ops.promotions tells it: for models of every kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from pyspark.sql import Row

from basketry.errors import BadInputError
from basketry.lakehouse import Lakehouse
from basketry.tables import PROMOTIONS

_ROLLBACK = "rollback"


def moves(lake: Lakehouse, name: str) -> list[Row]:
    """Verdicts that decided who scores, oldest first. name: of the registered model."""
    if not lake.exists(PROMOTIONS):
        return []
    day_after = "CAST(decided_at AS DATE) AS decided_on"  # the session's time zone is UTC
    rows = lake.read(PROMOTIONS).selectExpr("*", day_after).where("verdict <> 'refuse' AND champion_after IS NOT NULL")
    return [row for row in rows.orderBy("number").collect() if row.model == name]


def former_champions(moves: Sequence[Row]) -> list[str]:
    """Champions, the newest first, without those that were rolled back and never promoted again."""
    found: dict[str, None] = {}
    withdrawn: set[str] = set()
    for move in reversed(moves):
        if move.champion_after not in withdrawn:
            found.setdefault(move.champion_after)
        if move.verdict == _ROLLBACK and move.champion_before is not None and move.champion_before not in found:
            withdrawn.add(move.champion_before)
    return list(found)


def champions_until(lake: Lakehouse, name: str, dates: Sequence[date]) -> Mapping[date, str]:
    """The champion at the end of each as-of date (UTC); the first there ever was for dates before it."""
    told = moves(lake, name)
    if not told:
        raise BadInputError(f"ops.promotions has no champion of {name} on any day: score with --model champion.")
    found = {}
    for day in dates:
        past = [move for move in told if move.decided_on < day + timedelta(days=1)]
        found[day] = str((past[-1] if past else told[0]).champion_after)
    return found
